//! `control-plane-prepare/download-certs`: the keys and certificates that all members of the
//! control plane share.
use super::upload_certs;
use kubephase_sdk::{
    Failure, Outcome, config, effects, effects_core, json, kubeadm::Config, say,
    spec::FetchKeysSpec,
};

/// The phase `control-plane-prepare/download-certs`: proposes to fetch the shared keys and
/// certificates from the cluster.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn download_shared_certificates() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if config.init.certificate_key.is_empty() {
        return Ok(Outcome::Skipped(
            "no certificate key is given: the shared certificates are copied by hand".into(),
        ));
    }
    say(
        "Downloading the certificates in Secret \"kubeadm-certs\" in the \"kube-system\" \
         Namespace",
    );
    let proposal = effects_core::fetch_keys(&json(&FetchKeysSpec {
        files: upload_certs::shared_files(&config),
    }))?;
    let line = format!(
        "Saving the certificates to the folder: {:?}",
        config.cluster.certificates_dir
    );
    effects::announce(proposal, &line)?;
    Ok(Outcome::Settled)
}
