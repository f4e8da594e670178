//! Loads the configuration of `upgrade apply` and `upgrade node`: that of the cluster, as it is
//! after the upgrade.
use super::versions;
use crate::{
    backoff::{Backoff, NextTry},
    cancel::Cancel,
    config::{
        self, ADMIN_KUBECONFIG, Config, LoadedConfig, LoadedUpgrade, UpgradeOptions, UpgradeTarget,
    },
    effect::pki::require_usable_kubeconfig,
    phase::upgrade::backups::BackupKind,
    render::messages,
    run::workflow::{LabelledLine, LoadInput},
    world::{Cluster, Files, World, fixed_objects::FixedObjects},
};
use anyhow::{Context, Result, anyhow};
use kubephase_wit::Failure;
use std::{collections::BTreeMap, path::absolute, time::Duration};

/// Loads the options of the command. `instead_of_config` are the given flags that exclude a
/// configuration file.
///
/// # Errors
/// The configuration is not valid, or is given together with flags that exclude it.
pub fn load_options(input: &LoadInput<'_>, instead_of_config: &[&str]) -> Result<LoadedUpgrade> {
    // For single phases, kubeadm does not check whether flags and a configuration are mixed.
    let excluding = match input.selected {
        Some(_) => &[],
        None => instead_of_config,
    };
    Ok(config::load_upgrade(input.file, excluding)?)
}

/// A command that upgrades this node.
pub struct NodeUpgrade<'a> {
    /// name of the workflow
    pub workflow: &'a str,
    /// the label of its lines
    pub label: &'a str,
    pub options: UpgradeOptions,
    /// the kubeconfig that the operator names
    pub kubeconfig: Option<&'a str>,
    /// whether the upgrade is refused if the versions in the cluster do not allow it
    pub checks_versions: bool,
    /// objects that are read in place of the cluster if no API server answers: the backups of an
    /// upgrade
    pub kept: Option<FixedObjects>,
}

impl NodeUpgrade<'_> {
    /// Loads the configuration of the cluster and of this node.
    ///
    /// # Errors
    /// The cluster cannot be read, or keeps no valid configuration.
    pub fn load(self, input: &LoadInput<'_>, loaded: LoadedUpgrade) -> Result<LoadedConfig> {
        let world = input.world.open()?;
        let (cluster, kubeconfig) = connect(world, &kubeconfig_of(self.kubeconfig, world)?)?;
        let cluster = match self.kept {
            Some(kept) if !answers(cluster.as_ref(), &kubeconfig) => {
                let line = "No API server answers; the configuration of the cluster is the one \
                            that the upgrade kept";
                input.say([LabelledLine::new("upgrade/rollback", line)]);
                Box::new(kept)
            }
            _ => cluster,
        };
        input.say(messages::READING_CONFIGURATION.map(|line| LabelledLine::new(self.label, line)));
        let (checks_versions, label) = (self.checks_versions, self.label);
        let loaded = config::upgrade_from_cluster(
            loaded,
            UpgradeTarget {
                workflow: self.workflow,
                options: self.options,
                kubeconfig,
                cluster: cluster.as_ref(),
                files: world.files(),
                node: input.node,
                stamp: stamp(world.files())?,
            },
        )
        .with_context(|| format!("[{label}] FATAL"))?;
        if checks_versions {
            let say = |line| input.say([line]);
            versions::check(&loaded.config, cluster.as_ref(), &say)?;
        }
        Ok(loaded)
    }
}

/// The wait for an API server that may be starting.
const RESTART: Backoff = Backoff::constant(Duration::from_millis(250), Duration::from_secs(5));

/// Returns the path of the kubeconfig: the one that the operator names; otherwise the
/// administrator's, or, on a worker, the kubelet's.
///
/// # Errors
/// The node's files cannot be read.
pub fn kubeconfig_of(given: Option<&str>, world: &dyn World) -> Result<String> {
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return Ok(given.to_owned());
    }
    let is_control_plane = config::is_control_plane(world.files()).map_err(Failure::into_error)?;
    Ok(if is_control_plane {
        ADMIN_KUBECONFIG.to_owned()
    } else {
        "/etc/kubernetes/kubelet.conf".to_owned()
    })
}

/// Returns the API with the credentials of a kubeconfig.
///
/// # Errors
/// The kubeconfig is missing or cannot be used. The words are kubeadm's.
pub fn connect(world: &dyn World, kubeconfig: &str) -> Result<(Box<dyn Cluster>, String)> {
    let path = absolute(kubeconfig).map(|path| path.to_string_lossy().into_owned());
    let client = || format!("couldn't create a Kubernetes client from file {kubeconfig:?}");
    let path = path.with_context(client)?;
    let loading = "failed to load admin kubeconfig";
    require_usable_kubeconfig(world.files(), &path, loading).with_context(client)?;
    let cluster = world.cluster().with_kubeconfig(&path);
    let cluster = cluster.map_err(Failure::into_error).with_context(client)?;
    wait_for_restart(cluster.as_ref(), &path);
    Ok((cluster, path))
}

/// Waits a short time for an API server that does not answer: a run that was killed may have
/// restarted it just now. If it still does not answer, the next request to it reports that.
fn wait_for_restart(cluster: &dyn Cluster, kubeconfig: &str) {
    let mut tries = RESTART.start();
    while !answers(cluster, kubeconfig) {
        if tries.wait(&Cancel::never()) != NextTry::Due {
            return;
        }
    }
}

/// Sets in the configuration whether a snapshot of etcd is saved before anything changes.
///
/// # Errors
/// This machine has no member of etcd.
pub fn set_snapshot(config: &mut Config, is_wanted: bool) -> Result<()> {
    let upgrade = config.upgrade.get_or_insert_default();
    upgrade.snapshot = is_wanted;
    if !is_wanted {
        return Ok(());
    }
    if !upgrade.control_plane {
        return Err(anyhow!(
            "--snapshot: this machine is a worker and has no etcd; save the snapshot on a machine \
             of the control plane"
        ));
    }
    if config.cluster.etcd.local.is_none() {
        return Err(anyhow!(
            "--snapshot: the cluster uses an external etcd; save a snapshot on one of its \
             machines, with `etcdctl snapshot save`"
        ));
    }
    Ok(())
}

/// Whether an API server answers.
pub fn answers(cluster: &dyn Cluster, kubeconfig: &str) -> bool {
    let probed = cluster.probe(kubeconfig, "/version");
    !probed.is_err_and(|failure| failure.retryable)
}

/// Returns the time in names of backups, as kubeadm writes it. A run that begins in the second of
/// an earlier run gets a later time, so that it does not replace the earlier backups.
///
/// # Errors
/// The node's files cannot be read.
pub fn stamp(files: &dyn Files) -> Result<String> {
    let mut time = jiff::Zoned::now();
    loop {
        let stamp = time.strftime("%Y-%m-%d-%H-%M-%S").to_string();
        let is_taken = BackupKind::are_made_at(&stamp, files).map_err(Failure::into_error)?;
        if !is_taken {
            return Ok(stamp);
        }
        time = time.checked_add(Duration::from_secs(1))?;
    }
}

/// Returns the addons that this run leaves as they are, each with the reason.
pub fn disabled_addons(config: &Config) -> BTreeMap<String, String> {
    let upgrade = config.upgrade.clone().unwrap_or_default();
    let older = upgrade.older_control_planes.join(", ");
    let of_all = if !upgrade.control_plane {
        Some("this node being a worker".to_owned())
    } else if !older.is_empty() {
        Some(format!("control planes that are older: {older}"))
    } else {
        None
    };
    let addons = [
        ("addon/coredns", config.cluster.dns.disabled, "dns.disabled"),
        (
            "addon/kube-proxy",
            config.cluster.proxy.disabled,
            "proxy.disabled",
        ),
    ];
    let own = addons
        .into_iter()
        .filter(|(_, is_disabled, _)| *is_disabled)
        .map(|(phase, _, field)| (phase.to_owned(), field.to_owned()));
    // Addons of plugins wait for all API servers, too.
    let of_group = of_all.map(|reason| ("addon".to_owned(), reason));
    own.chain(of_group).collect()
}
