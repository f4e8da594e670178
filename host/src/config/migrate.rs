//! `config migrate`: writes a file of older API versions as documents of the newest versions,
//! completed where the commands complete them.
use super::{
    ConfigFile, Document, InitFlags, Problem, Problems,
    component::kubeadm_schema as schema,
    defaults,
    document_kinds::is_known,
    join,
    load::from_documents,
    phases,
    read::{Diagnostics, Strictness, accepts_version},
    reset, write,
};
use crate::{program::Program, world::node::facts::NodeFacts};
use serde_json::{Value, json};
use std::path::Path;

/// A migrated file.
#[derive(Debug)]
pub struct MigratedFile {
    /// the documents, with the secrets of the file
    pub text: String,
    pub warnings: Vec<Problem>,
}

/// Reads a file strictly and writes its documents anew: InitConfiguration and ClusterConfiguration,
/// JoinConfiguration, ResetConfiguration, UpgradeConfiguration, PhaseConfiguration, in this order.
/// Documents of the kubelet and of kube-proxy have a version of their own and are left out (kubeadm
/// behaviour). `program` is the name under which the file is migrated: under the name `kubeadm`, it
/// refuses what kubeadm refuses, and writes 0 for `controlPlaneComponentHealthCheck` where kubeadm
/// does.
///
/// # Errors
/// The file has problems; all are reported.
pub fn migrate(file: &Path, node: &NodeFacts, program: Program) -> Result<MigratedFile, Problems> {
    // The files in /etc/kubephase are not read: they must not become part of the new file.
    let content = ConfigFile::at(file);
    let documents = content.documents()?;
    let unknown = documents.iter().filter(|document| !is_known(document));
    let unknown: Vec<String> = unknown.map(Document::gvk).collect();
    if !unknown.is_empty() {
        let message = format!("unknown configuration APIs: [{}]", unknown.join(", "));
        return Err(Problem::new("", message).into());
    }
    let mut migration = Migration {
        documents,
        node,
        program,
        diagnostics: Diagnostics::new(Strictness::Strict),
        written: Vec::new(),
    };
    migration.add_init_and_cluster(file);
    migration.add_join();
    migration.add_reset();
    migration.add_upgrade();
    migration.add_phases();
    // No warnings about deprecated versions: the user runs this command because of them.
    migration.diagnostics.forget_deprecations();
    Ok(MigratedFile {
        text: write::join_documents(&migration.written),
        warnings: migration.diagnostics.finish(documents)?,
    })
}

struct Migration<'a> {
    documents: &'a [Document],
    node: &'a NodeFacts,
    program: Program,
    diagnostics: Diagnostics,
    written: Vec<Value>,
}

impl<'a> Migration<'a> {
    fn find(&self, kind: &str) -> Option<&'a Document> {
        self.documents
            .iter()
            .find(|document| document.is_kubeadm(kind))
    }

    fn add_init_and_cluster(&mut self, path: &Path) {
        let kinds = ["InitConfiguration", "ClusterConfiguration"];
        if !kinds.iter().any(|kind| self.find(kind).is_some()) {
            return;
        }
        let loaded = from_documents(
            Some(path),
            self.documents,
            &InitFlags::default(),
            self.node,
            Diagnostics::new(Strictness::Strict),
        );
        match loaded {
            Ok(mut loaded) => {
                loaded.config.init.dry_run = loaded.dry_run;
                self.diagnostics.warnings.extend(loaded.warnings);
                let cluster = json!(loaded.config.cluster);
                let mut init = write::init(&loaded.config.init);
                if self.loses_timeout() {
                    init["timeouts"]["controlPlaneComponentHealthCheck"] = "0s".into();
                }
                self.written.push(init);
                self.written
                    .push(write::with_type(cluster, "ClusterConfiguration"));
            }
            Err(Problems(problems)) => self.diagnostics.problems.extend(problems),
        }
    }

    /// Whether kubeadm writes 0 for `controlPlaneComponentHealthCheck`: it takes the time only from
    /// a ClusterConfiguration of v1beta3.
    fn loses_timeout(&self) -> bool {
        let cluster = self.find("ClusterConfiguration");
        let is_old = cluster.is_some_and(|found| found.api_version.ends_with("/v1beta3"));
        self.program == Program::Kubeadm && !is_old
    }

    fn add_join(&mut self) {
        let document = self.find("JoinConfiguration");
        let decoded = document.and_then(|found| join::decode(found, &mut self.diagnostics));
        if let Some(mut decoded) = decoded {
            join::complete(&mut decoded, self.node, &mut self.diagnostics);
            if decoded.control_plane.is_some() {
                // Adds the default taints of a control-plane node.
                let mut init = decoded.as_init();
                defaults::taint_control_plane(&mut init);
                decoded.node_registration = init.node_registration;
            }
            self.written.push(write::join(&decoded));
        }
    }

    fn add_reset(&mut self) {
        let document = self.find("ResetConfiguration");
        let decoded = document.and_then(|found| reset::decode(found, &mut self.diagnostics));
        if let Some(mut decoded) = decoded {
            reset::complete(&mut decoded, self.node, &mut self.diagnostics);
            self.written.push(write::reset(&decoded));
        }
    }

    fn add_upgrade(&mut self) {
        let Some(document) = self.find("UpgradeConfiguration") else {
            return;
        };
        if !accepts_version(document, &mut self.diagnostics) {
            return;
        }
        if self.program == Program::Kubeadm {
            let message = "could not find a mutator for input: kubeadm does not migrate an \
                UpgradeConfiguration; put it into a file of its own";
            self.diagnostics
                .problems
                .push(document.problem("kind", message));
            return;
        }
        if let Some(fields) = self.diagnostics.check_types(document, &schema::UPGRADE) {
            self.written.push(write::upgrade(&fields));
        }
    }

    /// Adds the PhaseConfiguration as it is.
    fn add_phases(&mut self) {
        let mut documents = self.documents.iter();
        let Some(document) = documents.find(|document| document.kind == phases::KIND) else {
            return;
        };
        match phases::read(document) {
            Ok(_) => self.written.push(document.tree.value()),
            Err(Problems(problems)) => self.diagnostics.problems.extend(problems),
        }
    }
}

#[cfg(test)]
mod tests;
