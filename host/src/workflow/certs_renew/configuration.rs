//! The configuration of the commands about existing certificates: the place that it comes from.
use super::static_pods::add_files_of_static_pods;
use crate::{
    config::{self, CertificateFlags, ConfigFile, LoadedConfig, Problem},
    effect::pki::{AuthorityFile, kubeconfig_facts},
    render::messages,
    run::workflow::{LabelledLine, WorldBefore},
    world::{World, node::facts::NodeFacts},
};
use anyhow::Result;
use kubephase_sdk::kubeadm::ClusterConfiguration;
use std::path::absolute;

/// The places of a configuration: a file, or the cluster.
pub struct Source<'a> {
    pub file: Option<&'a ConfigFile>,
    pub flags: &'a CertificateFlags,
    pub node: &'a NodeFacts,
    pub world: &'a dyn WorldBefore,
}

impl Source<'_> {
    /// Loads the configuration. `say` gets kubeadm's lines about reading it from the cluster, with
    /// this label.
    ///
    /// # Errors
    /// The configuration has problems; all are reported. If the cluster cannot be read, that is not
    /// an error: the defaults are used (kubeadm behaviour).
    pub fn load(&self, label: &str, say: &dyn Fn(Vec<LabelledLine>)) -> Result<LoadedConfig> {
        let has_file = self.file.and_then(ConfigFile::operator_file).is_some();
        let stored = if has_file {
            None
        } else {
            self.read_cluster(label, say)?
        };
        let is_known = has_file || stored.is_some();
        let mut loaded = config::load_for_certificates(self.file, self.flags, stored, self.node)?;
        if !is_known {
            add_files_of_static_pods(&mut loaded.config, self.world.open()?.files());
        }
        Ok(loaded)
    }

    /// Reads the configuration that the cluster keeps; `None` if it cannot be read. Without a
    /// kubeconfig for the cluster, prints nothing (kubeadm behaviour).
    fn read_cluster(
        &self,
        label: &str,
        say: &dyn Fn(Vec<LabelledLine>),
    ) -> Result<Option<(ClusterConfiguration, Vec<Problem>)>> {
        let Ok(path) = absolute(&self.flags.kubeconfig) else {
            // The operator gave an empty path, which means no kubeconfig.
            return Ok(None);
        };
        let path = path.to_string_lossy();
        let world = self.world.open()?;
        let Some(stored) = read_with(world, &path, || {
            let lines = messages::READING_CONFIGURATION.map(|line| LabelledLine::new(label, line));
            say(lines.into());
        }) else {
            return Ok(None);
        };
        // An empty line separates these lines from the others.
        let blank = LabelledLine::new("", "");
        say(match &stored {
            Ok(_) => vec![blank],
            Err(_) => vec![
                LabelledLine::new(
                    label,
                    "Error reading configuration from the Cluster. Falling back to default \
                     configuration",
                ),
                blank,
            ],
        });
        Ok(stored.ok())
    }
}

/// Reads the configuration of the cluster by a kubeconfig, after `announce`; `None` if there is no
/// kubeconfig that can be used.
fn read_with(
    world: &dyn World,
    kubeconfig: &str,
    announce: impl FnOnce(),
) -> Option<Result<(ClusterConfiguration, Vec<Problem>)>> {
    let facts = kubeconfig_facts(world.files(), kubeconfig, AuthorityFile::Any);
    let is_usable = facts
        .ok()
        .flatten()
        .is_some_and(|facts| !facts.server.is_empty());
    if !is_usable {
        return None;
    }
    let cluster = world.cluster().with_kubeconfig(kubeconfig).ok()?;
    announce();
    Some(config::stored_cluster_configuration(cluster.as_ref()))
}
