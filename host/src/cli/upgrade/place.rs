//! The place that the commands read: this machine, or a machine of a rehearsal.
use crate::{
    cli::{RunPlace, local_node},
    config::{self, LoadedConfig, LoadedUpgrade, UpgradeOptions, UpgradeTarget},
    world::{Cluster, World, node::facts::NodeFacts},
};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// The flags for the place, which kubeadm does not have.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct UpgradePlaceFlags {
    /// Description of the node that stands for this machine, YAML or JSON
    #[arg(long, value_name = "FILE")]
    node: Option<PathBuf>,
    /// Scratch root of a rehearsal, whose cluster is read
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl UpgradePlaceFlags {
    /// Returns the place, and the facts of its node.
    ///
    /// # Errors
    /// The description of the node cannot be read.
    pub fn open(&self) -> Result<(RunPlace, NodeFacts)> {
        let place = RunPlace {
            node: self.node.clone(),
            root: self.root.clone(),
            ..RunPlace::default()
        };
        let mut facts = local_node::facts_of(self.node.as_deref())?;
        if self.root.is_some() {
            facts = local_node::rehearsed_facts(facts, &place);
        }
        Ok((place, facts))
    }
}

/// A reader of the configuration that the cluster keeps, and everything it needs.
pub struct ConfigurationReader<'a> {
    pub command: &'a str,
    pub world: &'a dyn World,
    pub cluster: &'a dyn Cluster,
    /// path of the kubeconfig
    pub kubeconfig: String,
    pub node: &'a NodeFacts,
}

impl ConfigurationReader<'_> {
    /// Reads the configuration that the cluster keeps, completed by what this node says. With a
    /// version, returns the configuration after an upgrade to that version.
    ///
    /// # Errors
    /// A ConfigMap is missing, or its configuration is not valid.
    pub fn read(self, loaded: LoadedUpgrade, version: &str) -> Result<LoadedConfig> {
        let options = UpgradeOptions {
            kubernetes_version: version.to_owned(),
            ..UpgradeOptions::default()
        };
        config::upgrade_from_cluster(
            loaded,
            UpgradeTarget {
                workflow: self.command,
                options,
                kubeconfig: self.kubeconfig,
                cluster: self.cluster,
                files: self.world.files(),
                node: self.node,
                stamp: String::new(),
            },
        )
    }
}
