//! `upgrade apply`: upgrades the first member of the control plane, and what all nodes share.
use super::{
    chain::ChainPart,
    exchange::refuse_during_exchange,
    load::{NodeUpgrade, connect, disabled_addons, load_options, set_snapshot},
    phases,
};
use crate::{
    config::{self, ApplyFlags, Config},
    phase::preflight::GROUP,
    plan::spec::{PhaseSpec, WorkflowId},
    program,
    render::{messages, objects::cluster_document},
    run::workflow::{LabelledLine, LoadInput, LoadedRun, Question, Workflow},
    world::World,
};
use anyhow::{Result, anyhow};
use clap::{Arg, FromArgMatches};
use kubephase_sdk::yaml;
use kubephase_wit::Failure;
use std::{collections::BTreeMap, path::absolute};

/// The workflow `upgrade apply`.
pub struct UpgradeApply;

const ID: &str = "upgrade-apply";

/// kubeadm's question before an upgrade.
static QUESTION: Question = Question {
    warning: "",
    prompt: "[upgrade] Are you sure you want to proceed? [y/N]: ",
    group: GROUP,
    flag: "--force",
};

impl Workflow for UpgradeApply {
    fn id(&self) -> WorkflowId {
        WorkflowId::new(ID)
    }

    fn command(&self) -> &'static [&'static str] {
        &["upgrade", "apply"]
    }

    fn about(&self) -> &'static str {
        "Upgrade your Kubernetes cluster to the specified version"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<ApplyFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::apply_phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = ApplyFlags::from_arg_matches(input.arguments)?;
        refuse_during_exchange(input.world.open()?.files())?;
        let loaded = load_options(input, &flags.flags_instead_of_config())?;
        let mut options = loaded.upgrade.apply.clone();
        flags.merge_into(&mut options)?;
        let prints_configuration = options.print_config.unwrap_or(false);
        let is_forced = options.force_upgrade.unwrap_or(false);
        if options.dry_run == Some(true) {
            let version = flags.to.as_deref().unwrap_or(&options.kubernetes_version);
            require_cluster(&flags.kubeconfig, version, input.world.open()?)?;
        }
        let mut continues = false;
        if let Some(to) = &flags.to {
            let (cluster, _) = connect(input.world.open()?, &flags.kubeconfig)?;
            let part = ChainPart::next(to, cluster.as_ref())?;
            input.say([part.line()]);
            // After a dry run the next part cannot begin, because the cluster still has the old
            // version.
            continues = !part.later.is_empty() && !options.dry_run.unwrap_or(false);
            options.kubernetes_version = part.version;
        }
        // The versions are checked only if the run has the group of the checks.
        let checks_versions = input.runs_group(GROUP, &options.skip_phases);
        let command = NodeUpgrade {
            workflow: ID,
            label: "upgrade",
            options,
            kubeconfig: Some(&flags.kubeconfig),
            kept: None,
            checks_versions,
        };
        let mut loaded = command.load(input, loaded)?;
        set_snapshot(&mut loaded.config, flags.snapshot)?;
        if prints_configuration {
            input.say(configuration_lines(&loaded.config));
        }
        let is_asked = !(flags.yes || is_forced || loaded.dry_run);
        Ok(LoadedRun {
            question: is_asked.then_some(&QUESTION),
            continues,
            ..LoadedRun::new(loaded, &flags.skip_phases)
        })
    }

    fn disabled_phases(&self, config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        disabled_addons(config)
    }

    fn closing(&self, config: &Config, is_dry_run: bool) -> Option<String> {
        Some(if is_dry_run {
            messages::UPGRADE_REHEARSED.to_owned()
        } else {
            messages::upgrade_message(&config.cluster.kubernetes_version)
        })
    }

    fn closing_of_part(&self, config: &Config) -> Option<String> {
        Some(messages::upgraded_message(
            &config.cluster.kubernetes_version,
        ))
    }
}

/// Refuses a dry run on a machine without a kubeconfig, where kubeadm makes a cluster up. A
/// rehearsal does that, with every component.
///
/// # Errors
/// There is no kubeconfig at this path.
fn require_cluster(kubeconfig: &str, version: &str, world: &dyn World) -> Result<()> {
    let path = absolute(kubeconfig)?;
    let found = world.files().stat(&path.to_string_lossy());
    if found.map_err(Failure::into_error)?.is_some() {
        return Ok(());
    }
    let Err(error) = connect(world, kubeconfig) else {
        return Ok(());
    };
    let version = if version.is_empty() {
        "VERSION"
    } else {
        version
    };
    Err(anyhow!(
        "{error:#}\na dry run shows what would change in a cluster, which it reads; to see the \
         upgrade of a cluster that this machine does not have, let `{} --upgrade-to {version}` \
         make one of the version in FILE and upgrade it, without any change of this machine",
        program::command("rehearse --config FILE")
    ))
}

/// Returns kubeadm's lines with the configuration of the cluster.
pub fn configuration_lines(config: &Config) -> Vec<LabelledLine> {
    let text = yaml::to_string(&cluster_document(config));
    let lines = text
        .lines()
        .map(|line| LabelledLine::new("", format!("\t{line}")));
    let title = LabelledLine::new("upgrade/config", "Configuration used:");
    std::iter::once(title).chain(lines).collect()
}
