//! Signs the client certificate of this node's kubelet anew: in the file that the kubelet rotates,
//! or in kubelet.conf if the kubelet does not rotate its certificate yet.
use crate::phase::{key_algorithm, kubelet_start};
use kubephase_sdk::{
    Effect, Failure, Outcome, config, effects, effects_core, json,
    kubeadm::Config,
    observe_pki,
    spec::{CertificateFacts, ExchangeSpec, KubeconfigFacts, RenewalSpec, RenewedFile},
};

/// The authority that signs the certificate, and when it signs.
pub struct Signing {
    /// certificate of the authority, PEM
    pub authority: String,
    /// whether a certificate that the authority has signed already is left unchanged
    pub unless_signed: bool,
}

/// Returns the path of the kubelet's kubeconfig.
pub fn kubelet_kubeconfig<S>(config: &Config<S>) -> String {
    format!("{}/kubelet.conf", config.run.kubeconfig_dir)
}

/// Proposes to sign the certificate anew.
///
/// # Errors
/// The host cannot answer a question, or refuses the proposal.
pub fn propose(config: &Config, signing: &Signing) -> Result<Effect, Failure> {
    let path = kubelet_kubeconfig(config);
    let facts = observe_pki::kubeconfig(&path)?
        .and_then(|text| serde_json::from_str::<KubeconfigFacts>(&text).ok());
    let is_embedded = facts.is_some_and(|facts| facts.credential == "client-certificate-data");
    let validity = config.cluster.certificate_validity_period;
    let validity_seconds = validity.unwrap_or_default().as_secs();
    let directory = config.cluster.certificates_dir.clone();
    if is_embedded {
        return effects_core::renew_certificate(&json(&RenewalSpec {
            names: None,
            name: "kubelet.conf".to_owned(),
            title: "certificate embedded in the kubeconfig file for the kubelet to use".to_owned(),
            file: RenewedFile::Kubeconfig { path },
            directory,
            authority: "ca".to_owned(),
            algorithm: key_algorithm(config),
            validity_seconds,
            is_part_of_upgrade: false,
            unless_signed: signing.unless_signed,
            expires_within_seconds: None,
        }));
    }
    // `tlsBootstrap` limits the time in which the cluster has to sign the certificate.
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    effects_core::exchange_authority(&json(&ExchangeSpec::KubeletCertificate {
        kubeconfig: path,
        directory,
        authority: signing.authority.clone(),
        unless_signed: signing.unless_signed,
        validity_seconds,
        timeout_seconds: timeouts.tls_bootstrap.unwrap_or_default().as_secs(),
    }))
}

/// `restart/kubelet` of `certs renew all`: a kubelet whose certificate has expired cannot renew it,
/// because the API server does not know it any more.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn renew_expired() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let renewal = config.renewal.clone().unwrap_or_default();
    if !renewal.kubelet_has_expired {
        return Ok(Outcome::Skipped("its certificate has not expired".into()));
    }
    let path = format!("{}/ca.crt", config.cluster.certificates_dir);
    let authority = observe_pki::certificate(&path)?
        .and_then(|text| serde_json::from_str::<CertificateFacts>(&text).ok());
    let signed = propose(
        &config,
        &Signing {
            authority: authority.unwrap_or_default().pem,
            unless_signed: false,
        },
    )?;
    let line = "The client certificate of the kubelet has expired: signing it anew, and restarting \
                the kubelet";
    effects::announce(signed, line)?;
    kubelet_start::restart([signed])?;
    Ok(Outcome::Settled)
}
