//! `kubelet-start`: the kubelet's flags and configuration, and its start. A running kubelet is
//! restarted where any of them changed; kubeadm stops it first, but files are replaced in one step
//! here.
use crate::render::{KUBELET_DIR, MANIFESTS, kubelet, patches::KUBELET};
use kubephase_sdk::{
    Effect, Failure, Outcome, config, effects, effects_core, effects_files, effects_node, failure,
    kubeadm::Config, node_fact, patched, say, warn,
};

pub fn write_settings_and_start() -> Result<Outcome, Failure> {
    start(settings(&config("")?, false)?)?;
    Ok(Outcome::Settled)
}

/// Proposes the files that the kubelet reads.
pub(super) fn settings(
    config: &Config,
    register_with_taints: bool,
) -> Result<Vec<Effect>, Failure> {
    let directory = effects_files::make_dir(KUBELET_DIR)?;
    effects_files::file_mode(directory, 0o700)?;
    // A kubelet that finds no manifests when it starts looks again only after twenty seconds.
    if config.join.as_ref().is_none_or(|join| join.control_plane) {
        let manifests = effects_files::make_dir(MANIFESTS)?;
        effects_files::file_mode(manifests, 0o700)?;
    }
    let mut written = Vec::new();
    let mut write = |name: &str, what: &str, content: &str| -> Result<(), Failure> {
        let path = format!("{KUBELET_DIR}/{name}");
        let file = effects_files::write_file(&path, content.as_bytes())?;
        effects::announce(file, &format!("Writing kubelet {what} to file {path:?}"))?;
        written.push(file);
        Ok(())
    };
    write(
        "kubeadm-flags.env",
        "environment file with flags",
        &kubelet::flags_env(config, register_with_taints),
    )?;
    if let Some(instance) = kubelet::instance_config(config) {
        write("instance-config.yaml", "configuration", &instance)?;
    }
    let (document, warning) = kubelet::document(config);
    warning.iter().for_each(warn);
    let document = patched(KUBELET, &document)?;
    let (document, patched) = kubelet::on_this_node(config, document)
        .map_err(|message| failure(kubephase_sdk::FailureCode::Invalid, message))?;
    patched.iter().for_each(say);
    write("config.yaml", "configuration", &document)?;
    Ok(written)
}

/// Proposes to start the kubelet once its files are written.
pub(super) fn start(made: Vec<Effect>) -> Result<(), Failure> {
    effects::announce(restart(made)?, "Starting the kubelet")
}

/// Proposes to restart the kubelet after these effects. If it cannot be started, the run asks the
/// operator to start it, and waits for it (kubeadm behaviour).
pub(super) fn restart(made: impl IntoIterator<Item = Effect>) -> Result<Effect, Failure> {
    let service = effects_node::ensure_service("kubelet", "restarted")?;
    made.into_iter()
        .try_for_each(|effect| effects::requires(service, effect))?;
    let by_hand = match node_fact::<String>("initSystem")? {
        None => {
            "[kubelet-start] No supported init system detected, won't make sure the kubelet is \
             running properly."
        }
        Some(_) => {
            "[kubelet-start] WARNING: unable to start the kubelet service: [{}]\n[kubelet-start] \
             Please ensure kubelet is reloaded and running manually."
        }
    };
    effects_core::attempt(service, by_hand)?;
    Ok(service)
}
