//! `init`: sets up the first control plane of a cluster on this machine.
mod phases;

use crate::{
    config::{self, Config, ConfigFile, InitFlags},
    effect::pki,
    plan::spec::{PhaseSpec, WorkflowId},
    program::Program,
    run::workflow::{ClusterOfRehearsal, LabelledLine, LoadInput, LoadedRun, PlaceFlags, Workflow},
    world::{Files, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
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

    fn has_phase_flags(&self) -> bool {
        true
    }

    fn takes_bundle(&self) -> bool {
        true
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
        let run = load(input.file, &flags, input.node)?;
        let is_whole = input.selected.is_none();
        if is_whole && lacks_kubelet_files(&run, Program::current()) {
            return Err(anyhow!("{LACKS_KUBELET_FILES}"));
        }
        Ok(run)
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

    fn opening(&self, config: &Config) -> Vec<LabelledLine> {
        let version = &config.cluster.kubernetes_version;
        vec![LabelledLine::new(
            "init",
            format!("Using Kubernetes version: {version}"),
        )]
    }

    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::New
    }
}

/// kubeadm's message about a dry run that waits for a control plane without `kubelet-start`.
const LACKS_KUBELET_FILES: &str = "error execution phase wait-control-plane: error printing files \
    on dryrun: config.yaml and kubeadm-flags.env are not in the folder of this dry run, since \
    kubelet-start is skipped; skip wait-control-plane as well";

/// Whether kubeadm would fail: its dry run shows files of the kubelet that a skipped phase would
/// write. Under the name `kubephase` the program goes on.
fn lacks_kubelet_files(run: &LoadedRun, program: Program) -> bool {
    let skip = match run.skip.as_slice() {
        [] => &run.loaded.config.init.skip_phases,
        skip => skip,
    };
    let skips = |phase: &str| skip.iter().any(|skipped| skipped == phase);
    program == Program::Kubeadm
        && run.loaded.dry_run
        && skips("kubelet-start")
        && !skips("wait-control-plane")
}

/// Reads the configuration of `init`.
///
/// # Errors
/// The configuration has problems; all are reported.
pub fn load(file: Option<&ConfigFile>, flags: &InitFlags, node: &NodeFacts) -> Result<LoadedRun> {
    let loaded = config::load_init(file, flags, node)?;
    Ok(LoadedRun::new(loaded, &flags.skip_phases))
}
