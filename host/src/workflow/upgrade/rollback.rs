//! `upgrade rollback`: puts this node, and what it shares with the others, back to the state before
//! its last upgrade.
use super::{
    exchange::refuse_during_exchange,
    last_upgrade::{self, ROLLBACK},
    load::{NodeUpgrade, answers, connect, load_options},
    phases, rollback_etcd,
};
use crate::{
    config::{self, Config, RollbackFlags, UpgradeOptions},
    plan::spec::{PhaseSpec, WorkflowId},
    program,
    render::messages,
    run::workflow::{LabelledLine, LoadInput, LoadedRun, Question, Workflow},
    world::Cluster,
};
use anyhow::{Result, anyhow};
use clap::{Arg, FromArgMatches};
use kubephase_sdk::release::upgrade;
use kubephase_wit::Failure;
use serde_json::Value;

/// The workflow `upgrade rollback`.
pub struct UpgradeRollback;

static QUESTION: Question = Question {
    warning: "[upgrade/rollback] WARNING: What the last upgrade of this machine replaced is put \
              back. Later changes of the same manifests, of the kubelet's configuration, and of \
              the ConfigMaps and workloads of the upgrade are lost. etcd keeps its data, and its \
              version if that is newer.",
    prompt: "[upgrade/rollback] Are you sure you want to proceed? [y/N]: ",
    flag: "--yes",
    group: "control-plane",
};

static QUESTION_WITH_ETCD: Question = Question {
    warning: "[upgrade/rollback] WARNING: All of the cluster goes back to the time at which the \
              last upgrade of this machine copied the data of etcd. EVERY WRITE SINCE THEN IS \
              LOST: objects that were created, changed or deleted are as they were, while Pods, \
              volumes and load balancers that exist meanwhile stay, unknown to the cluster.",
    prompt: QUESTION.prompt,
    flag: QUESTION.flag,
    group: QUESTION.group,
};

impl Workflow for UpgradeRollback {
    fn id(&self) -> WorkflowId {
        WorkflowId::new(ROLLBACK)
    }

    fn command(&self) -> &'static [&'static str] {
        &["upgrade", "rollback"]
    }

    fn about(&self) -> &'static str {
        "Return this machine to its state before its last upgrade"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<RollbackFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::rollback_phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = RollbackFlags::from_arg_matches(input.arguments)?;
        let loaded = load_options(input, &[])?;
        let world = input.world.open()?;
        refuse_during_exchange(world.files())?;
        let mut rollback = last_upgrade::find(world.files())?;
        let mut kept = None;
        if flags.etcd {
            rollback_etcd::choose(&mut rollback)?;
            rollback_etcd::refuse_kept_members(&rollback, world.files())?;
            kept = Some(rollback_etcd::kept_objects(&rollback, world.files())?);
        }
        let version = last_upgrade::version_before(&rollback, world.files());
        let command = NodeUpgrade {
            workflow: ROLLBACK,
            label: "upgrade",
            options: UpgradeOptions {
                kubernetes_version: version.map_err(Failure::into_error)?,
                dry_run: Some(flags.dry_run),
                ..UpgradeOptions::default()
            },
            kubeconfig: flags.kubeconfig.as_deref(),
            checks_versions: false,
            kept,
        };
        let mut loaded = command.load(input, loaded)?;
        let config = &mut loaded.config;
        let version = &config.cluster.kubernetes_version;
        let line = format!("This machine goes back to where its last upgrade began: {version:?}");
        input.say([LabelledLine::new("upgrade/rollback", line)]);
        if rollback.restores_etcd {
            input.say([rollback_etcd::line(&rollback)]);
            let (cluster, kubeconfig) = connect(world, &config.run.kubeconfig)?;
            if answers(cluster.as_ref(), &kubeconfig) {
                rollback_etcd::refuse_shown_members(cluster.as_ref())?;
            }
        }
        let question = if rollback.restores_etcd {
            &QUESTION_WITH_ETCD
        } else {
            &QUESTION
        };
        if let Some(upgrade) = &mut config.upgrade {
            upgrade.rollback = Some(rollback);
        }
        if !flags.force {
            let (cluster, kubeconfig) = connect(world, &config.run.kubeconfig)?;
            // Only a rollback of etcd begins without an API server.
            if !flags.etcd || answers(cluster.as_ref(), &kubeconfig) {
                refuse_newer(config, cluster.as_ref())?;
            }
        }
        let is_asked = !(flags.yes || flags.force || loaded.dry_run);
        Ok(LoadedRun {
            question: is_asked.then_some(question),
            ..LoadedRun::new(loaded, &flags.skip_phases)
        })
    }

    fn closing(&self, config: &Config, is_dry_run: bool) -> Option<String> {
        Some(if is_dry_run {
            messages::UPGRADE_REHEARSED.to_owned()
        } else {
            messages::rollback_message(&config.cluster.kubernetes_version)
        })
    }
}

/// Refuses a rollback after which kubelets would be newer than an API server, or the configuration
/// of the cluster older than machines of its control plane.
///
/// # Errors
/// The message names the nodes that are too new, and says what to do there.
fn refuse_newer(config: &Config, cluster: &dyn Cluster) -> Result<()> {
    let version = &config.cluster.kubernetes_version;
    let upgrade = config.upgrade.clone().unwrap_or_default();
    let rollback = upgrade.rollback.unwrap_or_default();
    if !rollback.configuration.is_empty() && !upgrade.newer_control_planes.is_empty() {
        return Err(anyhow!(
            "other machines of the control plane are newer than {version}, and go back first: {}; \
             run {} on each, or add --force",
            upgrade.newer_control_planes.join(", "),
            program::command("upgrade rollback")
        ));
    }
    let newer = newer_kubelets(version, cluster)?;
    if rollback.manifests.is_empty() || newer.is_empty() {
        return Ok(());
    }
    Err(anyhow!(
        "the kubelets of these nodes are newer than the API server would be after this: {}; \
         install the kubelet of {version} on each and restart it, or add --force",
        newer.join(", ")
    ))
}

/// Returns the nodes whose kubelets are of a later minor than a version.
fn newer_kubelets(version: &str, cluster: &dyn Cluster) -> Result<Vec<String>> {
    let minor = |version: &str| {
        let version = upgrade::parse(version).ok()?;
        Some((version.major, version.minor))
    };
    let nodes = cluster
        .list("v1", "Node", None, None)
        .map_err(Failure::into_error)?;
    let newer = |node: &&Value| {
        let kubelet = node["status"]["nodeInfo"]["kubeletVersion"].as_str();
        kubelet.and_then(minor) > minor(version)
    };
    let names = nodes.iter().filter(newer);
    let names = names.filter_map(|node| node["metadata"]["name"].as_str());
    Ok(names.map(str::to_owned).collect())
}
