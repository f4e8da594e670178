//! `kubelet-start`: writes the kubelet's flags and configuration, and starts the kubelet. A running
//! kubelet is restarted if a file changed. kubeadm stops it first. Here each file is replaced in
//! one step, so the kubelet never reads half of a file.
use crate::render::{KUBELET_DIR, MANIFESTS, kubelet, patches::KUBELET};
use kubephase_sdk::{
    Effect, Failure, Outcome, config, effects, effects_core, effects_files, effects_node, failure,
    kubeadm::Config, kubelet_unit, node, node_fact, patched, say, warn,
};

/// The phase `kubelet-start` of `init`: proposes the kubelet's settings, and starts the kubelet.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn write_settings_and_start() -> Result<Outcome, Failure> {
    start(propose_settings(&config("")?, false)?)?;
    Ok(Outcome::Settled)
}

/// Proposes the files that the kubelet reads. Returns their effects.
pub(super) fn propose_settings(
    config: &Config,
    register_with_taints: bool,
) -> Result<Vec<Effect>, Failure> {
    let directory = effects_files::make_dir(KUBELET_DIR)?;
    effects_files::file_mode(directory, 0o700)?;
    // A kubelet that finds no manifests when it starts looks again only after twenty seconds.
    if !config.is_worker() {
        let manifests = effects_files::make_dir(MANIFESTS)?;
        effects_files::file_mode(manifests, 0o700)?;
    }
    let mut written = vec![propose_file(
        "kubeadm-flags.env",
        "environment file with flags",
        &kubelet::flags_env(config, register_with_taints),
    )?];
    if let Some(instance) = kubelet::instance_config(config) {
        written.push(propose_file(
            "instance-config.yaml",
            "configuration",
            &instance,
        )?);
    }
    written.push(propose_configuration(config)?);
    written.extend(propose_drop_in()?);
    Ok(written)
}

/// Proposes the kubelet's configuration with the operator's patches.
pub(super) fn propose_configuration(config: &Config) -> Result<Effect, Failure> {
    propose_file(
        "config.yaml",
        "configuration",
        &patched_configuration(config)?,
    )
}

/// Returns the kubelet's configuration with the operator's patches.
pub(super) fn patched_configuration(config: &Config) -> Result<String, Failure> {
    let (document, warning) = kubelet::document(config);
    warning.iter().for_each(warn);
    let document = patched(KUBELET, &document)?;
    let (document, patched) = kubelet::node_config(config, document)
        .map_err(|message| failure(kubephase_sdk::FailureCode::Invalid, message))?;
    patched.iter().for_each(say);
    Ok(document)
}

/// Proposes the drop-in that makes the init system pass these files to the kubelet, if the
/// kubelet's unit passes none of them. Starting the kubelet reloads its unit.
fn propose_drop_in() -> Result<Option<Effect>, Failure> {
    if !node::service("kubelet")?.is_some_and(|service| service.exists) {
        return Ok(None);
    }
    let Some(file) = kubelet_unit::read()?.and_then(|unit| unit.remedy) else {
        return Ok(None);
    };
    let effect = effects_files::write_file(&file.path, file.content.as_bytes())?;
    let line = format!("Writing kubelet drop-in to file {:?}", file.path);
    effects::announce(effect, &line)?;
    Ok(Some(effect))
}

/// Proposes a file of the kubelet. `what` names the file in messages.
pub(super) fn propose_file(name: &str, what: &str, content: &str) -> Result<Effect, Failure> {
    let path = format!("{KUBELET_DIR}/{name}");
    // This message comes before those of the next file's patches.
    say(format!(
        "[kubelet-start] Writing kubelet {what} to file {path:?}"
    ));
    effects_files::write_file(&path, content.as_bytes())
}

/// Proposes to start the kubelet after these effects.
pub(super) fn start(required: Vec<Effect>) -> Result<(), Failure> {
    effects::announce(restart(required)?, "Starting the kubelet")
}

/// Proposes to restart the kubelet after these effects. If the kubelet cannot be started, the run
/// asks the operator to start it, and waits until it runs (kubeadm behaviour).
pub(super) fn restart(required: impl IntoIterator<Item = Effect>) -> Result<Effect, Failure> {
    let service = effects_node::ensure_service("kubelet", "restarted")?;
    required
        .into_iter()
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
