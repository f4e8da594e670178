//! `init`: sets up the first control plane of a cluster on this machine.
mod phases;

use crate::{
    config::{self, Config, ConfigFile, InitFlags},
    effect::pki,
    plan::spec::{PhaseSpec, WorkflowId},
    run::workflow::{Line, LoadInput, LoadedRun, PlaceFlags, RehearsedCluster, Workflow},
    world::{Files, node::facts::NodeFacts},
};
use anyhow::Result;
use clap::{Arg, FromArgMatches};
use kubephase_wit::Failure;
use std::collections::BTreeMap;

/// The workflow `init`.
pub struct Init;

impl Workflow for Init {
    fn id(&self) -> WorkflowId {
        WorkflowId::new("init")
    }

    fn command(&self) -> &'static [&'static str] {
        &["init"]
    }

    fn about(&self) -> &'static str {
        "Set up a Kubernetes control plane on this machine"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<InitFlags>()
    }

    fn place_flags(&self) -> PlaceFlags {
        PlaceFlags::PlaceAndResult
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let mut flags = InitFlags::from_arg_matches(input.arguments)?;
        flags.phase.clone_from(input.phase_flags);
        load(input.file, &flags, input.node)
    }

    /// Returns the addons that the ClusterConfiguration disables. A single phase runs even if its
    /// addon is disabled (kubeadm behaviour).
    fn disabled_phases(&self, config: &Config, is_whole: bool) -> BTreeMap<String, String> {
        let addons = [
            (config.cluster.dns.disabled, "addon/coredns", "dns.disabled"),
            (
                config.cluster.proxy.disabled,
                "addon/kube-proxy",
                "proxy.disabled",
            ),
        ];
        addons
            .into_iter()
            .filter(|(is_disabled, ..)| *is_disabled && is_whole)
            .map(|(_, phase, field)| (phase.to_owned(), field.to_owned()))
            .collect()
    }

    /// Finds the authorities whose keys the operator keeps elsewhere.
    fn complete(&self, config: &mut Config, files: &dyn Files) -> Result<Vec<String>> {
        let external = pki::external_authorities(files, config).map_err(Failure::into_error)?;
        config.run.external_ca = external.ca;
        config.run.external_front_proxy_ca = external.front_proxy;
        Ok(external.warnings)
    }

    fn opening(&self, config: &Config) -> Vec<Line> {
        let version = &config.cluster.kubernetes_version;
        vec![Line::new(
            "init",
            format!("Using Kubernetes version: {version}"),
        )]
    }

    fn rehearsed_cluster(&self) -> RehearsedCluster {
        RehearsedCluster::New
    }
}

/// Reads the configuration of `init`.
///
/// # Errors
/// Every problem of the configuration.
pub fn load(file: Option<&ConfigFile>, flags: &InitFlags, node: &NodeFacts) -> Result<LoadedRun> {
    let loaded = config::load_init(file, flags, node)?;
    Ok(LoadedRun::new(loaded, &flags.skip_phases))
}
