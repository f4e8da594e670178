//! `config migrate`: writes a file of older API versions as documents of the newest versions,
//! completed as the commands would complete them.
use super::{
    ConfigFile, Document, InitFlags, Problem, Problems,
    component::kubeadm_schema as schema,
    defaults, join,
    load::from_documents,
    read::{Diagnostics, Strictness, accepts_version},
    reset, write,
};
use crate::world::node::facts::NodeFacts;
use serde_json::{Value, json};
use std::path::Path;

/// A migrated file.
#[derive(Debug)]
pub struct Migrated {
    /// the documents, with the secrets of the file
    pub text: String,
    pub warnings: Vec<Problem>,
}

/// Reads a file strictly and writes its documents anew: InitConfiguration and ClusterConfiguration,
/// JoinConfiguration, ResetConfiguration, UpgradeConfiguration, in this order. Documents of the
/// kubelet and of kube-proxy have a version of their own and are left out (kubeadm behaviour).
///
/// # Errors
/// Every problem of the file.
pub fn migrate(file: &Path, node: &NodeFacts) -> Result<Migrated, Problems> {
    // The machine's own files do not become part of the new file.
    let content = ConfigFile::at(file);
    let documents = content.documents()?;
    let mut migration = Migration {
        documents,
        node,
        diagnostics: Diagnostics::new(Strictness::Strict),
        written: Vec::new(),
    };
    migration.add_init_and_cluster(file);
    migration.add_join();
    migration.add_reset();
    migration.add_upgrade();
    Ok(Migrated {
        text: write::join_documents(&migration.written),
        warnings: migration.diagnostics.finish(documents)?,
    })
}

struct Migration<'a> {
    documents: &'a [Document],
    node: &'a NodeFacts,
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
            Ok(loaded) => {
                self.diagnostics.warnings.extend(loaded.warnings);
                let cluster = json!(loaded.config.cluster);
                self.written.push(write::init(&loaded.config.init));
                self.written
                    .push(write::with_type(cluster, "ClusterConfiguration"));
            }
            Err(Problems(problems)) => self.diagnostics.problems.extend(problems),
        }
    }

    fn add_join(&mut self) {
        let document = self.find("JoinConfiguration");
        let decoded = document.and_then(|found| join::decode(found, &mut self.diagnostics));
        if let Some(mut decoded) = decoded {
            join::complete(&mut decoded, self.node, &mut self.diagnostics);
            if decoded.control_plane.is_some() {
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
        if let Some(fields) = self.diagnostics.check_types(document, &schema::UPGRADE) {
            self.written.push(write::upgrade(&fields));
        }
    }
}

#[cfg(test)]
mod tests;
