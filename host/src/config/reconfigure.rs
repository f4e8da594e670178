//! The configuration of a running cluster that is changed: the one that the cluster keeps, with the
//! documents of a file in the place of its own. Each document of the file is a whole one: what it
//! leaves out has kubeadm's default. Only fields that cannot be changed may be left out, and stay.
mod flags;
mod wanted;

pub use flags::ReconfigureFlags;

use super::{
    Config, ConfigFile, Document, JoinConfiguration, LoadedConfig, LoadedUpgrade,
    PhaseConfiguration, Problem, Problems, UpgradeConfiguration, UpgradeTarget, document_kinds,
    file::documents_of,
    load::Documents,
    phases, phases_of_cluster,
    read::{Diagnostics, Strictness},
    upgrade,
};
use anyhow::Result;
use wanted::{NodeSettings, RunOfCommand, WantedDocuments};

/// The configuration before and after a change.
pub struct LoadedReconfiguration {
    /// the configuration that the cluster keeps, on this node
    pub stored: Config,
    /// the configuration that the run brings about
    pub wanted: LoadedConfig,
    /// the documents of the operator's file
    pub documents: Vec<Document>,
}

/// Loads the configuration of a running cluster, and what the file changes in it.
///
/// # Errors
/// The file has problems (all are reported); or the cluster cannot be read, or keeps no valid
/// configuration.
pub fn load_reconfiguration(
    file: Option<&ConfigFile>,
    target: UpgradeTarget<'_>,
) -> Result<LoadedReconfiguration> {
    // A field that is not known could be a misspelt one, whose setting would be removed.
    let mut diagnostics = Diagnostics::new(Strictness::Strict);
    let all = documents_of(file, &mut diagnostics)?;
    let documents: Vec<Document> = all.iter().filter(|it| !it.is_of_machine).cloned().collect();
    check_kinds(file, &documents)?;
    let (node, workflow, kubeconfig) = (target.node, target.workflow, target.kubeconfig.clone());
    let flag_patches = target.options.patches.clone();
    let common = phases_of_file(all, &mut diagnostics)?;
    let stored = upgrade::upgrade_from_cluster(common, target)?;
    diagnostics.release = stored.config.cluster.release();
    let mut read = read_documents(&documents, &mut diagnostics);
    if diagnostics.broken {
        return Err(Problems(diagnostics.problems).into());
    }
    if flag_patches.is_some() {
        read.node.patches = flag_patches;
    }
    let run = RunOfCommand {
        node,
        workflow,
        kubeconfig,
    };
    let config = read.complete(&stored.config, &run, &mut diagnostics);
    let warnings = diagnostics.finish(&documents)?;
    Ok(LoadedReconfiguration {
        stored: stored.config,
        wanted: LoadedConfig {
            config,
            warnings: [stored.warnings, warnings].concat(),
            phases: stored.phases,
            token_given: stored.token_given,
            dry_run: stored.dry_run,
        },
        documents,
    })
}

/// The kinds of a file that this command reads.
const KINDS: [&str; 6] = [
    "ClusterConfiguration",
    "KubeletConfiguration",
    "KubeProxyConfiguration",
    "InitConfiguration",
    "JoinConfiguration",
    phases::KIND,
];

/// Checks that the file has a document that this command reads.
fn check_kinds(file: Option<&ConfigFile>, documents: &[Document]) -> Result<(), Problems> {
    let Some(file) = file.and_then(ConfigFile::operator_file) else {
        return Ok(());
    };
    let is_read = |document: &Document| KINDS.contains(&document.kind.as_str());
    if documents.iter().any(is_read) {
        return Ok(());
    }
    let message = format!(
        "the file has no document that is applied: {}",
        KINDS.join(", ")
    );
    Err(Problem::new("", message).with_file(file).into())
}

/// Returns what both configurations have: the plugins, and the time limits.
pub(super) fn phases_of_file(
    documents: &[Document],
    diagnostics: &mut Diagnostics,
) -> Result<LoadedUpgrade> {
    let mut upgrade = UpgradeConfiguration::default();
    upgrade::complete(&mut upgrade, diagnostics);
    let found = documents
        .iter()
        .find(|document| document.kind == phases::KIND);
    let phases = found.map(phases::read).transpose()?;
    Ok(LoadedUpgrade {
        upgrade,
        phases: phases.unwrap_or_else(PhaseConfiguration::default),
        machine_phases: phases_of_cluster::of_machine(documents),
        warnings: Vec::new(),
    })
}

/// Reads the documents of the operator.
fn read_documents(documents: &[Document], diagnostics: &mut Diagnostics) -> WantedDocuments {
    let is_join = |document: &&Document| document.is_kubeadm("JoinConfiguration");
    let others: Vec<Document> = documents
        .iter()
        .filter(|it| !is_join(it))
        .cloned()
        .collect();
    let find = |kind| documents.iter().find(|document| document.is_kubeadm(kind));
    let read = Documents::read(&others, diagnostics);
    let joined = documents.iter().find(is_join).and_then(|document| {
        let decoded: Option<(JoinConfiguration, _)> =
            diagnostics.decode(document, &document_kinds::JOIN);
        Some(decoded?.0.as_init())
    });
    let init = find("InitConfiguration").map(|_| read.config.init);
    WantedDocuments {
        cluster: find("ClusterConfiguration")
            .map(|document| (read.config.cluster, document.tree.value())),
        kubelet: read.kubelet,
        kube_proxy: read.kube_proxy,
        node: NodeSettings::of(init.or(joined)),
    }
}
