//! `config validate`: every kind of document that kubeadm knows, strictly, and ours.
use super::{
    ConfigFile, Document, InitFlags, Problem, Problems,
    component::{ComponentKind, kubeadm_schema as schema},
    join,
    load::{GROUP, from_documents},
    phases,
    read::{Diagnostics, IGNORED, Strictness, known_version},
    reset, validate as rules,
};
use crate::world::node::facts::NodeFacts;
use serde_json::Value;
use std::path::Path;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValidateOptions {
    /// a deprecated version of the API is no reason for a warning
    pub allow_deprecated_api: bool,
}

/// Checks a file; the warnings where nothing is wrong.
///
/// # Errors
/// Everything that is wrong.
pub fn validate(
    file: Option<&Path>,
    options: ValidateOptions,
    node: &NodeFacts,
) -> Result<Vec<Problem>, Problems> {
    let file = file.ok_or_else(|| Problem::new("", "the --config flag is mandatory"))?;
    let file = ConfigFile::at(file);
    let documents = file.documents()?;
    let mut diagnostics = Diagnostics::new(Strictness::Strict);
    let mut rest = Vec::new();
    let unknown: Vec<&Document> = documents
        .iter()
        .filter(|document| !known(document))
        .collect();
    for document in &unknown {
        diagnostics.problems.push(document.problem(
            "apiVersion",
            format!("unknown configuration APIs: [{}]", document.gvk()),
        ));
    }
    for document in documents {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "JoinConfiguration") => join(document, node, &mut diagnostics),
            (GROUP, "ResetConfiguration") => reset(document, node, &mut diagnostics),
            (GROUP, "UpgradeConfiguration") => upgrade(document, &mut diagnostics),
            _ => rest.push(document),
        }
    }
    let nothing_to_run = !rest.iter().any(|document| {
        document.group() == GROUP
            && matches!(
                document.kind.as_str(),
                "InitConfiguration" | "ClusterConfiguration"
            )
    });
    let others = documents.len() > rest.len();
    if !documents.is_empty() && unknown.is_empty() && !(nothing_to_run && others) {
        // Kinds of other commands are nothing to `init`, and were looked at above.
        match from_documents(
            Some(file.path()),
            documents,
            &InitFlags::default(),
            node,
            Diagnostics::new(Strictness::Strict),
        ) {
            Ok(loaded) => diagnostics.warnings.extend(
                loaded
                    .warnings
                    .into_iter()
                    .filter(|warning| !warning.message.starts_with(IGNORED)),
            ),
            Err(Problems(problems)) => diagnostics.problems.extend(problems),
        }
    }
    diagnostics.warnings.retain(|warning| {
        !(options.allow_deprecated_api && warning.message.contains("deprecated API spec"))
    });
    diagnostics.settled(documents)
}

fn known(document: &Document) -> bool {
    const KUBEADM: &[&str] = &[
        "InitConfiguration",
        "ClusterConfiguration",
        "JoinConfiguration",
        "ResetConfiguration",
        "UpgradeConfiguration",
    ];
    match document.group() {
        // Old versions have a message of their own.
        GROUP => KUBEADM.contains(&document.kind.as_str()),
        _ if document.kind == phases::KIND => true,
        _ => [ComponentKind::Kubelet, ComponentKind::KubeProxy]
            .iter()
            .any(|kind| document.api_version == kind.api_version() && document.kind == kind.kind()),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn join(document: &Document, node: &NodeFacts, diagnostics: &mut Diagnostics) {
    if let Some(mut decoded) = join::decode(document, diagnostics) {
        join::complete(&mut decoded, node, diagnostics);
    }
}

fn reset(document: &Document, node: &NodeFacts, diagnostics: &mut Diagnostics) {
    if let Some(mut decoded) = reset::decode(document, diagnostics) {
        reset::complete(&mut decoded, node, diagnostics);
    }
}

fn upgrade(document: &Document, diagnostics: &mut Diagnostics) {
    if !known_version(document, diagnostics) {
        return;
    }
    let Some(value) = diagnostics.checked(document, &schema::UPGRADE) else {
        return;
    };
    for command in ["apply", "node"] {
        let directory = text(&value, &format!("/{command}/patches/directory"));
        if !directory.is_empty() {
            rules::absolute(
                &mut diagnostics.problems,
                &format!("{command}.patches.directory"),
                directory,
            );
        }
        diagnostics.problems.extend(rules::pull_policy(
            &format!("{command}.imagePullPolicy"),
            text(&value, &format!("/{command}/imagePullPolicy")),
        ));
    }
}
