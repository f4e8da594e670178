//! `reset`: undoes what `init` and `join` did to this machine, as far as possible. A step that
//! fails is reported, and the other steps continue.
mod undo;

pub use undo::{parse_round_pointer, plan_undo_rounds};

use super::etcd_join;
use crate::{
    render::{BACKUPS, KUBELET_DIR, MANIFESTS, static_pod},
    text::{sanitise, yaml},
};
use kubephase_sdk::{
    Effect, Failure, Outcome, config, effects, effects_core, effects_files, effects_node, input,
    json,
    kubeadm::{Config, Reset},
    observe_files,
    release::gate,
    say,
    spec::ClearSpec,
    warn,
};
use serde_json::Value;

fn clear(spec: &ClearSpec) -> Result<Effect, Failure> {
    effects_core::clear(&json(spec))
}

/// Proposes to delete the contents of a directory.
fn empty_directory(path: &str) -> Result<Effect, Failure> {
    let effect = clear(&ClearSpec::Directory {
        path: path.to_owned(),
    })?;
    effects_core::attempt(
        effect,
        &format!(
            "[reset] Failed to delete contents of the {} directory: {{}}",
            sanitise::quote(path)
        ),
    )?;
    Ok(effect)
}

/// The etcd that a static Pod of this node runs. Any other etcd is left alone, while kubeadm
/// empties /var/lib/etcd of any machine. The path of the data comes from the configuration in the
/// cluster, or, if the cluster does not answer, from the Pod.
struct Etcd {
    data: Option<String>,
    peer_url: Option<String>,
}

impl Etcd {
    fn of_this_node(config: &Config) -> Result<Option<Etcd>, Failure> {
        let path = format!("{MANIFESTS}/etcd.yaml");
        if observe_files::stat(&path)?.is_none() {
            return Ok(None);
        }
        let manifest = observe_files::read_file(&path)?;
        let pod = yaml::value(&String::from_utf8_lossy(&manifest)).unwrap_or_default();
        let volumes = pod
            .pointer("/spec/volumes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let mounted = volumes
            .into_iter()
            .find(|volume| volume["name"] == "etcd-data")
            .and_then(|volume| volume["hostPath"]["path"].as_str());
        let data = config
            .cluster
            .etcd
            .local
            .as_ref()
            .map(|local| local.data_dir.as_str())
            .or(mounted);
        let peer_url = Some(static_pod::flag(&pod, "initial-advertise-peer-urls"))
            .filter(|url| !url.is_empty());
        Ok(Some(Etcd {
            data: data.map(str::to_owned),
            peer_url: peer_url.map(str::to_owned),
        }))
    }
}

/// The phase `remove-etcd-member`: proposes to remove this node's member of etcd, and its data.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn remove_etcd_member() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let etcd = &config.cluster.etcd;
    let Some(Etcd { data, peer_url }) = Etcd::of_this_node(&config)? else {
        let why = if etcd.external.is_some() {
            "etcd is external"
        } else {
            "no etcd of the cluster runs on this node"
        };
        return Ok(Outcome::Skipped(why.into()));
    };
    match (peer_url, etcd.local.is_some()) {
        (Some(peer_url), true) => {
            let member = clear(&ClearSpec::EtcdMember {
                peer_url,
                timeout_seconds: etcd_join::timeout(&config),
            })?;
            effects_core::attempt(member, &member_warning("{}"))?;
            effects::announce(
                member,
                "[dryrun] Would remove the etcd member on this node from the etcd cluster",
            )?;
        }
        _ if etcd.external.is_some() => {}
        (None, _) => warn(member_warning("its static Pod does not say which it is")),
        (_, false) => warn(member_warning(
            "the configuration of the cluster is not known",
        )),
    }
    if let Some(data) = data {
        let what = format!(
            "contents of the etcd data directory: {}",
            sanitise::list_item(&data)
        );
        announce(
            empty_directory(&data)?,
            &format!("[reset] Deleted {what}"),
            &format!("Would delete {what}"),
        )?;
    } else {
        say("[reset] No etcd config found. Assuming external etcd");
        say("[reset] Please, manually reset etcd to prevent further issues");
    }
    Ok(Outcome::Settled)
}

/// Returns kubeadm's warning that the etcd member of this node is still there.
fn member_warning(why: &str) -> String {
    format!(
        "[reset] Failed to remove etcd member: {why}, please manually remove this etcd member \
         using etcdctl"
    )
}

const DEFAULT_PKI: &str = "/etc/kubernetes/pki";

/// The phase `cleanup-node`: stops the kubelet and the containers, and proposes to remove what
/// `init`, `join` and earlier runs left on this machine.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn cleanup_node() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let reset = config.reset.clone().unwrap_or_default();
    let emptied = directories_to_empty(&reset)?;
    let round = usize::try_from(input::round()).unwrap_or_default();
    let steps = if round < reset.undo_rounds {
        undo::steps_of_round(round)?
    } else {
        Vec::new()
    };
    if round == 0 {
        stop_node(&reset)?;
    }
    undo::propose_services(&steps)?;
    undo::propose_files(&steps)?;
    if round == 0 {
        empty_node(&config, &reset, &emptied)?;
    }
    undo::propose_directories(&steps, &emptied)?;
    if round + 1 < reset.undo_rounds {
        return Ok(Outcome::Again);
    }
    if config.cluster.is_enabled(gate::ROOTLESS) {
        let users = clear(&ClearSpec::ControlPlaneUsers {})?;
        effects_core::attempt(users, "[reset] Failed to remove users and groups: {}")?;
    }
    Ok(Outcome::Settled)
}

/// Stops the kubelet and the Pods of the node.
fn stop_node(reset: &Reset) -> Result<(), Failure> {
    let service = effects_node::ensure_service("kubelet", "stopped")?;
    announce(
        service,
        "[reset] Stopping the kubelet service",
        "Would stop the kubelet service",
    )?;
    let warning = "[reset] The kubelet service could not be stopped: {}\n[reset] Please ensure \
        kubelet is stopped manually";
    effects_core::attempt(service, warning)?;
    let mounts = clear(&ClearSpec::Mounts {
        below: KUBELET_DIR.into(),
        flags: reset.unmount_flags.clone(),
    })?;
    let would_unmount = format!("Would unmount mounted directories in {KUBELET_DIR:?}");
    if has_kubelet_directory()? {
        let line = format!("[reset] Unmounting mounted directories in {KUBELET_DIR:?}");
        announce(mounts, &line, &would_unmount)?;
    } else {
        effects::announce(mounts, &format!("[dryrun] {would_unmount}"))?;
    }
    let sandboxes = clear(&ClearSpec::PodSandboxes {})?;
    effects::announce(
        sandboxes,
        "[dryrun] Would remove Kubernetes-managed containers",
    )?;
    effects_core::attempt(sandboxes, "[reset] Failed to remove containers: {}")
}

/// Whether this machine has a directory of the kubelet.
fn has_kubelet_directory() -> Result<bool, Failure> {
    Ok(observe_files::stat(KUBELET_DIR)?.is_some())
}

/// Announces an effect with a line; in a dry run, with another line.
fn announce(effect: Effect, line: &str, in_dry_run: &str) -> Result<(), Failure> {
    effects::announce(effect, &format!("{line}\n[dryrun] {in_dry_run}"))
}

/// Empties the directories of the node, and removes its kubeconfigs.
fn empty_node(config: &Config, reset: &Reset, emptied: &[&str]) -> Result<(), Failure> {
    let etcd = Etcd::of_this_node(config)?;
    empty_directories(emptied, &reset.certificates_dir)?;
    // The kubelet may have restarted etcd after its data was deleted.
    etcd.and_then(|etcd| etcd.data)
        .map(|data| empty_directory(&data))
        .transpose()?;
    remove_kubeconfigs(&config.run.kubeconfig_dir)
}

/// Returns the directories that stay but lose their contents (kubeadm behaviour).
///
/// # Errors
/// The host cannot answer a question.
fn directories_to_empty(reset: &Reset) -> Result<Vec<&str>, Failure> {
    let kubelet = has_kubelet_directory()?.then_some(KUBELET_DIR);
    let temporary = reset.cleanup_tmp_dir.then_some(BACKUPS);
    Ok([MANIFESTS]
        .into_iter()
        .chain(kubelet)
        .chain([reset.certificates_dir.as_str()])
        .chain(temporary)
        .collect())
}

fn empty_directories(directories: &[&str], pki: &str) -> Result<(), Failure> {
    if pki != DEFAULT_PKI {
        warn(format!(
            "[reset] WARNING: Cleaning a non-default certificates directory: {}",
            sanitise::quote(pki)
        ));
    }
    // A dry run of kubeadm does not name the directory of the kubelet.
    let mut in_dry_run = directories.to_vec();
    in_dry_run.retain(|path| *path != KUBELET_DIR);
    announce_first(
        directories.iter().map(|path| empty_directory(path)),
        &format!(
            "[reset] Deleting contents of directories: [{}]",
            join_for_list(directories)
        ),
        &format!(
            "Would delete contents of directories: [{}]",
            join_for_list(&in_dry_run)
        ),
    )
}

/// Returns values as a list in which a reader sees where each value ends.
fn join_for_list<T: AsRef<str>>(values: &[T]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| sanitise::list_item(value.as_ref()))
        .collect();
    values.join(" ")
}

fn remove_file(path: &str) -> Result<Effect, Failure> {
    let effect = effects_files::remove_file(path)?;
    effects_core::attempt(
        effect,
        &format!(
            "[reset] Failed to remove file {} [{{}}]",
            sanitise::quote(path)
        ),
    )?;
    Ok(effect)
}

fn remove_kubeconfigs(directory: &str) -> Result<(), Failure> {
    let names = [
        "admin.conf",
        "super-admin.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "controller-manager.conf",
        "scheduler.conf",
    ];
    let all = names.map(|name| format!("{directory}/{name}"));
    let files = join_for_list(&all);
    announce_first(
        all.iter().map(|path| remove_file(path)),
        &format!("[reset] Deleting files: [{files}]"),
        &format!("Would delete files: [{files}]"),
    )
}

/// Proposes effects. Announces a line with the first effect; in a dry run, another line.
fn announce_first(
    effects: impl Iterator<Item = Result<Effect, Failure>>,
    line: &str,
    in_dry_run: &str,
) -> Result<(), Failure> {
    for (index, effect) in effects.enumerate() {
        let effect = effect?;
        if index == 0 {
            announce(effect, line, in_dry_run)?;
        }
    }
    Ok(())
}
