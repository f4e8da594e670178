//! Certificates of the node that the new authority signs. A certificate that it has signed already
//! stays.
use super::{Exchange, LABEL, parse};
use crate::{
    effect::pki::KUBELET_SERVING,
    phase::certs::{
        kubelet_certificate::{self, Signing},
        renewal,
    },
};
use kubephase_sdk::{
    Failure, Outcome, effects, effects_core, json, observe_pki,
    spec::{CertificateFacts, ExchangeSpec},
};

/// `reissue/certificates`: proposes to renew the node's certificates that the authority signs.
pub(super) fn sign_anew(exchange: &Exchange) -> Result<Outcome, Failure> {
    let own = renewal::renewals(&exchange.config);
    let authority = exchange.rotation.authority.base();
    for spec in own.into_iter().filter(|spec| spec.authority == authority) {
        effects_core::renew_certificate(&json(&spec))?;
    }
    Ok(Outcome::Settled)
}

/// `reissue/kubelet-certificate`: proposes to have the kubelet's client certificate signed by the
/// new authority, unless it has signed it already.
pub(super) fn sign_for_kubelet(exchange: &Exchange) -> Result<Outcome, Failure> {
    let signed = kubelet_certificate::propose(
        &exchange.config,
        &Signing {
            authority: exchange.new_authority()?,
            unless_signed: true,
        },
    )?;
    let line = format!("[{LABEL}] Having the kubelet's client certificate signed anew");
    effects::announce(signed, &line)?;
    Ok(Outcome::Settled)
}

/// `reissue/kubelet-serving`: proposes to remove the kubelet's serving certificate if the old
/// authority has signed it. The kubelet asks for another one when it starts and finds none. A
/// certificate that the kubelet has signed itself stays, because no client trusts it through an
/// authority.
pub(super) fn forget_serving_certificate(exchange: &Exchange) -> Result<Outcome, Failure> {
    let new = exchange.new_authority()?;
    let facts = observe_pki::certificate(KUBELET_SERVING)?
        .and_then(|text| serde_json::from_str::<CertificateFacts>(&text).ok());
    let Some(facts) = facts else {
        return Ok(Outcome::Skipped(
            "the cluster has not signed the kubelet's serving certificate".into(),
        ));
    };
    if parse(KUBELET_SERVING, &facts.pem)?.chains_to(&parse("the new authority", &new)?) {
        return Ok(Outcome::Skipped("the new authority has signed it".into()));
    }
    let forgotten =
        effects_core::exchange_authority(&json(&ExchangeSpec::ForgetServingCertificate {
            authority: new,
        }))?;
    let line = format!(
        "[{LABEL}] The kubelet asks the cluster for another serving certificate. Until somebody \
         approves the request, `kubectl logs` and `kubectl exec` fail for Pods of this node: \
         kubectl get csr; kubectl certificate approve NAME"
    );
    effects::announce(forgotten, &line)?;
    Ok(Outcome::Settled)
}
