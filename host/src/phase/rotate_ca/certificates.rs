//! Certificates of the node that the new authority signs. A certificate that it has signed already
//! stays.
use super::{Exchange, LABEL};
use crate::phase::certs::renewal;
use kubephase_sdk::{
    Failure, Outcome, effects, effects_core, json,
    kubeadm::Config,
    observe_pki,
    spec::{ExchangeSpec, KubeconfigFacts, RenewalSpec, RenewedFile},
};

/// `reissue/certificates`
pub(super) fn sign_anew(exchange: &Exchange) -> Result<Outcome, Failure> {
    let own = renewal::renewals(&exchange.config);
    for spec in own.into_iter().filter(|spec| spec.authority == "ca") {
        effects_core::renew_certificate(&json(&spec))?;
    }
    Ok(Outcome::Settled)
}

/// `reissue/kubelet-certificate`: in the file that the kubelet rotates; in kubelet.conf if the
/// kubelet does not rotate its certificate yet.
pub(super) fn sign_for_kubelet(exchange: &Exchange) -> Result<Outcome, Failure> {
    let (config, path) = (&exchange.config, kubelet_kubeconfig(&exchange.config));
    let facts = observe_pki::kubeconfig(&path)?
        .and_then(|text| serde_json::from_str::<KubeconfigFacts>(&text).ok());
    let is_embedded = facts.is_some_and(|facts| facts.credential == "client-certificate-data");
    let signed = if is_embedded {
        effects_core::renew_certificate(&json(&embedded(config, path)))?
    } else {
        effects_core::exchange_authority(&json(&ExchangeSpec::KubeletCertificate {
            kubeconfig: path,
            directory: config.cluster.certificates_dir.clone(),
            authority: exchange.new_authority()?,
            validity_seconds: validity_seconds(config),
            timeout_seconds: signing_limit(config),
        }))?
    };
    let line = format!("[{LABEL}] Having the kubelet's client certificate signed anew");
    effects::announce(signed, &line)?;
    Ok(Outcome::Settled)
}

pub(super) fn kubelet_kubeconfig(config: &Config) -> String {
    format!("{}/kubelet.conf", config.run.kubeconfig_dir)
}

/// Returns the renewal of the certificate that kubelet.conf holds.
fn embedded(config: &Config, path: String) -> RenewalSpec {
    RenewalSpec {
        names: None,
        name: "kubelet.conf".to_owned(),
        title: "certificate embedded in the kubeconfig file for the kubelet to use".to_owned(),
        file: RenewedFile::Kubeconfig { path },
        directory: config.cluster.certificates_dir.clone(),
        authority: "ca".to_owned(),
        algorithm: crate::phase::key_algorithm(config),
        validity_seconds: validity_seconds(config),
        is_part_of_upgrade: false,
        unless_signed: true,
        expires_within_seconds: None,
    }
}

fn validity_seconds(config: &Config) -> i64 {
    let validity = config.cluster.certificate_validity_period;
    validity.unwrap_or_default().as_secs()
}

/// Returns how long the cluster may take to sign the certificate of a kubelet.
fn signing_limit(config: &Config) -> i64 {
    let timeouts = config.init.timeouts.clone().unwrap_or_default();
    timeouts.tls_bootstrap.unwrap_or_default().as_secs()
}
