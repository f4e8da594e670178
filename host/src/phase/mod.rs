//! The work of the built-in phases: they observe, report and propose. They call the host
//! only through the SDK, as plugins do. Each file is one of kubeadm's phases or groups of phases.
//! [`crate::workflow`] lists the phases of each workflow in their order.

pub mod bootstrap_token;
pub mod certs;
pub mod cluster_objects;
pub mod control_plane;
pub mod doctor;
pub mod download_certs;
pub mod etcd;
pub mod etcd_join;
pub mod kubeconfig;
pub mod kubelet_finalize;
pub mod kubelet_join;
pub mod kubelet_start;
pub mod mark_control_plane;
pub mod preflight;
pub mod reconfigure;
pub mod reset;
pub mod rotate_ca;
pub mod show_join_command;
pub mod upgrade;
pub mod upload_certs;
pub mod upload_config;
pub mod wait_control_plane;

use crate::{
    program,
    render::{
        MANIFESTS,
        static_pod::{self, rootless},
        typed::normalize_pod,
    },
};
use kubephase_sdk::{
    Effect, Failure, FailureCode, effects, effects_cluster, effects_core, effects_files, failure,
    json,
    kubeadm::Config,
    node_fact, observe_files, patched,
    release::gate,
    spec::{ControlPlaneUsers, KeyAlgorithm},
    yaml,
};
use serde_json::Value;

/// Requires the kubeconfig with which a phase of `init` talks to the cluster, before the phase says
/// what it does (kubeadm behaviour).
fn require_kubeconfig<S>(config: &Config<S>) -> Result<(), Failure> {
    let path = &config.run.kubeconfig;
    if config.join.is_some() || observe_files::stat(path)?.is_some() {
        return Ok(());
    }
    let message = format!("open {path}: no such file or directory");
    Err(missing_kubeconfig(message))
}

/// Returns the failure of a phase that needs a kubeconfig which does not exist.
fn missing_kubeconfig(message: String) -> Failure {
    Failure {
        remedy: Some(format!(
            "name another kubeconfig with --kubeconfig, or create the admin's with: {}",
            program::command("init phase kubeconfig admin")
        )),
        ..failure(FailureCode::NotFound, message)
    }
}

/// Returns the algorithm of every key of the cluster. A feature gate that is set, even to false,
/// wins over `encryptionAlgorithm` (kubeadm behaviour).
pub fn key_algorithm<S>(config: &Config<S>) -> KeyAlgorithm {
    match config.cluster.feature_gates.get(gate::ECDSA) {
        Some(true) => KeyAlgorithm::EcdsaP256,
        Some(false) => KeyAlgorithm::Rsa2048,
        None => config.cluster.encryption_algorithm.unwrap_or_default(),
    }
}

/// Proposes a static Pod with the operator's patches, and announces it with a line.
fn propose_static_pod(
    name: &str,
    mut pod: Value,
    config: &Config,
    line: &str,
) -> Result<(), Failure> {
    let directory = effects_files::make_dir(MANIFESTS)?;
    effects_files::file_mode(directory, 0o700)?;
    run_as_own_user(name, &mut pod, config)?;
    let pod = effects_core::static_pod(name, &patched_manifest(name, &pod, config)?)?;
    effects::announce(pod, line)
}

/// Lets the Pod of a component run as its own user, and proposes the owners of its files, if the
/// control plane is rootless.
fn run_as_own_user(name: &str, pod: &mut Value, config: &Config) -> Result<(), Failure> {
    if let Some(users) = own_users(config)? {
        effects_core::control_plane_users(&json(&users))?;
        rootless::run_as(pod, name, &users);
        for rootless::OwnedFile { path, owner, mode } in rootless::owned_files(config, name, &users)
        {
            if let Some(mode) = mode {
                let file = effects_files::set_mode(&path, mode)?;
                effects_files::file_owner(file, owner.uid, owner.gid)?;
            } else {
                effects_core::give_tree(&path, owner.uid, owner.gid)?;
            }
        }
    }
    Ok(())
}

/// Returns the users of a rootless control plane; `None` if the control plane is not rootless.
fn own_users(config: &Config) -> Result<Option<ControlPlaneUsers>, Failure> {
    if !config.cluster.is_enabled(gate::ROOTLESS) {
        return Ok(None);
    }
    let used = node_fact("usedSystemIDs")?.unwrap_or_default();
    let users = rootless::allocate_users(&used);
    users
        .map(Some)
        .map_err(|message| failure("exhausted", message))
}

/// Returns the manifest that a component is to have, and proposes nothing.
fn static_pod_of(name: &str, config: &Config) -> Result<Vec<u8>, Failure> {
    let render = static_pod::renderer(name).ok_or_else(|| {
        failure(
            FailureCode::NotFound,
            format!("there is no component {name}"),
        )
    })?;
    let mut pod = render(config);
    if let Some(users) = own_users(config)? {
        rootless::run_as(&mut pod, name, &users);
    }
    patched_manifest(name, &pod, config)
}

/// Returns the manifest of a static Pod with the operator's patches.
fn patched_manifest(name: &str, pod: &Value, config: &Config) -> Result<Vec<u8>, Failure> {
    let pod = normalize_pod(patched(name, pod)?, config.cluster.release())
        .map_err(|message| failure(FailureCode::Invalid, message))?;
    Ok(yaml::to_string(&pod).into_bytes())
}

/// Proposes objects in order. Returns the last effect, so that the caller can announce a line with
/// it.
fn apply_all(objects: impl IntoIterator<Item = Value>) -> Result<Option<Effect>, Failure> {
    objects.into_iter().try_fold(None, |_, object| {
        effects_cluster::apply_object(&object.to_string()).map(Some)
    })
}
