//! `upgrade node`: upgrades another member of the control plane, or a worker, to the version that
//! the cluster has.
use super::{
    exchange::refuse_during_exchange,
    load::{NodeUpgrade, disabled_addons, load_options, set_snapshot},
    phases,
};
use crate::{
    config::{self, Config, UpgradeNodeFlags},
    plan::spec::{PhaseSpec, WorkflowId},
    render::messages,
    run::workflow::{LoadInput, LoadedRun, Workflow},
};
use anyhow::Result;
use clap::{Arg, FromArgMatches};
use std::collections::BTreeMap;

/// The workflow `upgrade node`.
pub struct UpgradeNode;

const ID: &str = "upgrade-node";

impl Workflow for UpgradeNode {
    fn id(&self) -> WorkflowId {
        WorkflowId::new(ID)
    }

    fn command(&self) -> &'static [&'static str] {
        &["upgrade", "node"]
    }

    fn about(&self) -> &'static str {
        "Upgrade commands for a node in the cluster"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<UpgradeNodeFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::node_phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = UpgradeNodeFlags::from_arg_matches(input.arguments)?;
        refuse_during_exchange(input.world.open()?.files())?;
        let loaded = load_options(input, &flags.flags_instead_of_config())?;
        let mut options = loaded.upgrade.node.clone();
        flags.merge_into(&mut options)?;
        let command = NodeUpgrade {
            workflow: ID,
            label: "upgrade",
            options,
            kubeconfig: flags.kubeconfig.as_deref(),
            // The cluster has its version already.
            kept: None,
            checks_versions: false,
        };
        let mut loaded = command.load(input, loaded)?;
        set_snapshot(&mut loaded.config, flags.snapshot)?;
        Ok(LoadedRun::new(loaded, &flags.skip_phases))
    }

    fn disabled_phases(&self, config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        disabled_addons(config)
    }

    fn closing(&self, _config: &Config, is_dry_run: bool) -> Option<String> {
        is_dry_run.then(|| messages::UPGRADE_REHEARSED.to_owned())
    }
}
