//! `kubelet-finalize/enable-client-cert-rotation`: makes kubelet.conf name the certificate file
//! that the kubelet rotates. A kubelet that rotates its certificate uses that file from its start,
//! and reads kubelet.conf only when it starts. So it need not be restarted. kubeadm restarts it,
//! and waits two seconds for the restart.
use kubephase_sdk::{
    Failure, Outcome, config, effects, effects_pki, json, kubeadm::Config, observe_files,
    spec::RotatedKubeconfigSpec,
};

/// The phase `kubelet-finalize/enable-client-cert-rotation`: proposes that the kubelet's kubeconfig
/// names the certificate that the kubelet renews.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn enable_client_certificate_rotation() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let directory_argument = config
        .init
        .node_registration
        .kubelet_extra_args
        .iter()
        .rev()
        .find(|arg| arg.name == "cert-dir");
    let directory = directory_argument.map_or("/var/lib/kubelet/pki", |arg| arg.value.as_str());
    let pem = format!("{directory}/kubelet-client-current.pem");
    if observe_files::stat(&pem)?.is_none() {
        return Ok(Outcome::Skipped(format!(
            "{pem} does not exist: the kubelet does not rotate a client certificate yet"
        )));
    }
    let path = format!("{}/kubelet.conf", config.run.kubeconfig_dir);
    let kubeconfig = effects_pki::ensure_rotated_kubeconfig(&json(&RotatedKubeconfigSpec {
        path: path.clone(),
        client_certificate: pem,
    }))?;
    effects::announce(
        kubeconfig,
        &format!("Updating {path:?} to point to a rotatable kubelet client certificate and key"),
    )?;
    Ok(Outcome::Settled)
}
