//! `config validate`: checks every document of a file, kubeadm's kinds and PhaseConfiguration,
//! strictly.
use super::{
    ConfigFile, Document, InitFlags, LoadedConfig, Problem, Problems,
    document_kinds::is_known,
    documents::GROUP,
    file::documents_of,
    join,
    load::from_documents,
    read::{Diagnostics, IGNORED, Strictness},
    reset, upgrade,
};
use crate::world::node::facts::NodeFacts;
use std::path::Path;

/// The options of `config validate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValidateOptions {
    /// do not warn about a deprecated version of the API
    pub allow_deprecated_api: bool,
}

/// A file without problems.
#[derive(Debug)]
pub struct ValidFile {
    pub warnings: Vec<Problem>,
    /// the configuration of `init`, if the file describes a cluster
    pub init: Option<LoadedConfig>,
}

/// Checks a file, merged with the machine's own files.
///
/// # Errors
/// There are problems; all are reported.
pub fn validate(
    file: Option<&ConfigFile>,
    options: ValidateOptions,
    node: &NodeFacts,
) -> Result<ValidFile, Problems> {
    let named = file.and_then(ConfigFile::operator_file);
    let named = named.ok_or_else(|| Problem::new("", "the --config flag is mandatory"))?;
    let mut diagnostics = Diagnostics::new(Strictness::Strict);
    let documents = documents_of(file, &mut diagnostics)?;
    let unknown: Vec<&Document> = documents
        .iter()
        .filter(|document| !is_known(document))
        .collect();
    for document in &unknown {
        diagnostics.problems.push(document.problem(
            "apiVersion",
            format!("unknown configuration APIs: [{}]", document.gvk()),
        ));
    }
    let of_operator = || documents.iter().filter(|document| !document.is_of_machine);
    for document in of_operator() {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "JoinConfiguration") => check_join(document, node, &mut diagnostics),
            (GROUP, "ResetConfiguration") => check_reset(document, node, &mut diagnostics),
            (GROUP, "UpgradeConfiguration") => check_upgrade(document, &mut diagnostics),
            _ => {}
        }
    }
    let describes_cluster = of_operator().any(is_init_or_cluster);
    // A file with neither describes no cluster: nothing else of it is checked (kubeadm behaviour).
    let init = (describes_cluster && unknown.is_empty())
        .then(|| load_as_init(named, documents, node, &mut diagnostics))
        .flatten();
    if options.allow_deprecated_api {
        diagnostics.forget_deprecations();
    }
    let warnings = diagnostics.finish(documents)?;
    Ok(ValidFile { warnings, init })
}

/// Loads the documents as `init` does; `None` if they have problems. Leaves out the warnings about
/// documents of other commands, which [`validate`] checks.
fn load_as_init(
    file: &Path,
    documents: &[Document],
    node: &NodeFacts,
    diagnostics: &mut Diagnostics,
) -> Option<LoadedConfig> {
    match from_documents(
        Some(file),
        documents,
        &InitFlags::default(),
        node,
        Diagnostics::new(Strictness::Strict),
    ) {
        Ok(mut loaded) => {
            let warnings = std::mem::take(&mut loaded.warnings).into_iter();
            let of_init = warnings.filter(|warning| !warning.message.starts_with(IGNORED));
            diagnostics.warnings.extend(of_init);
            Some(loaded)
        }
        Err(Problems(problems)) => {
            diagnostics.problems.extend(problems);
            None
        }
    }
}

fn is_init_or_cluster(document: &Document) -> bool {
    document.is_kubeadm("InitConfiguration") || document.is_kubeadm("ClusterConfiguration")
}

fn check_join(document: &Document, node: &NodeFacts, diagnostics: &mut Diagnostics) {
    if let Some(mut decoded) = join::decode(document, diagnostics) {
        join::complete(&mut decoded, node, diagnostics);
    }
}

fn check_reset(document: &Document, node: &NodeFacts, diagnostics: &mut Diagnostics) {
    if let Some(mut decoded) = reset::decode(document, diagnostics) {
        reset::complete(&mut decoded, node, diagnostics);
    }
}

fn check_upgrade(document: &Document, diagnostics: &mut Diagnostics) {
    if let Some(mut decoded) = upgrade::decode(document, diagnostics) {
        upgrade::complete(&mut decoded, diagnostics);
    }
}
