//! The kubelet's client certificate, signed by another authority than before. A node with the key
//! of the authority signs it itself; for a worker the cluster signs it, as for a kubelet that
//! rotates its certificate.
use super::{
    authority::load_authority, invalid_with_remedy, new_certificate::BACKDATE_SECONDS,
    pair::replace,
};
use crate::{
    backoff::{Backoff, NextTry},
    effect::{Applied, Context},
    pki::{Certificate, CertificateRequest, CertificateTemplate, Key},
    program,
    text::digest::sha256_hex,
    world::{
        Files, WorldResult,
        text_file::{read_kubeconfig, read_secret_text, read_text},
    },
};
use data_encoding::BASE64;
use kubephase_sdk::spec::{ExchangeSpec, KeyAlgorithm};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::json;
use std::time::Duration;

const API_VERSION: &str = "certificates.k8s.io/v1";
const KIND: &str = "CertificateSigningRequest";
/// Pause between two checks whether a request is signed.
const PAUSE: Duration = Duration::from_millis(500);

/// The file with the serving certificate and key of a kubelet that asks the cluster for its serving
/// certificate (`serverTLSBootstrap`).
pub const KUBELET_SERVING: &str = "/var/lib/kubelet/pki/kubelet-server-current.pem";

/// Returns the serving certificate that the cluster has signed for the kubelet of this node; `None`
/// if there is none.
///
/// # Errors
/// The file cannot be read.
pub fn serving_certificate(files: &dyn Files) -> WorldResult<Option<Certificate>> {
    let pem = read_secret_text(files, KUBELET_SERVING)?;
    Ok(pem.and_then(|pem| Certificate::from_pem(pem.reveal()).ok()))
}

/// Returns the client certificate in a kubeconfig of the kubelet, or in the file that it names;
/// `None` if there is none that can be read.
///
/// # Errors
/// The kubeconfig cannot be read.
pub fn kubelet_client_certificate(
    kubeconfig: &str,
    files: &dyn Files,
) -> WorldResult<Option<Certificate>> {
    let Some(parsed) = read_kubeconfig(files, kubeconfig)? else {
        return Ok(None);
    };
    let Some((_, user)) = parsed.user() else {
        return Ok(None);
    };
    let pem = parsed.data(user, "client-certificate", &|path| files.read(path));
    Ok(pem
        .ok()
        .flatten()
        .and_then(|pem| Certificate::from_pem(&String::from_utf8_lossy(&pem)).ok()))
}

/// Has the certificate that the kubelet's kubeconfig names signed again. `spec` specifies a
/// kubelet's certificate.
///
/// # Errors
/// The kubeconfig or its certificate cannot be used, or nothing signs it.
pub(super) fn sign_kubelet_certificate(
    spec: &ExchangeSpec,
    context: &Context,
) -> WorldResult<Applied> {
    let ExchangeSpec::KubeletCertificate {
        kubeconfig,
        directory,
        authority,
        unless_signed,
        validity_seconds,
        timeout_seconds,
    } = spec
    else {
        return Ok(Applied::Unchanged);
    };
    let files = context.world.files();
    let path = certificate_file(kubeconfig, files)?;
    let failed = |why: String| {
        invalid_with_remedy(
            format!("the kubelet's certificate {path}: {why}"),
            format!("restore {path}, or reset this node and let it join again"),
        )
    };
    let authority = Certificate::from_pem(authority).map_err(failed)?;
    let current = read_text(files, &path)?.unwrap_or_default();
    let current = Certificate::from_pem(&current).map_err(failed)?;
    if *unless_signed && current.chains_to(&authority) {
        return Ok(Applied::Unchanged);
    }
    let key = Key::generate(KeyAlgorithm::EcdsaP256).map_err(failed)?;
    let signed = if files.stat(&format!("{directory}/ca.key"))?.is_some() {
        let (root, root_key) = load_authority(files, directory, "ca")?;
        let validity =
            context.started - BACKDATE_SECONDS..context.started.saturating_add(*validity_seconds);
        current.renew(&key, &root, &root_key?, validity, None)
    } else {
        let limit = context.wait_limit(*timeout_seconds);
        Ok(request_certificate(&current, &key, limit, context)?)
    };
    let signed = signed.map_err(failed)?;
    if !signed.chains_to(&authority) {
        return Err(signed_by_old());
    }
    let key = key.to_pem().map_err(failed)?;
    let content = format!("{}{}", signed.to_pem(), key.reveal());
    let content = zeroize::Zeroizing::new(content);
    replace(files, &path, content.as_bytes(), 0o600, 0)?;
    Ok(Applied::Changed)
}

/// Returns the path of the file with the certificate and the key of a kubelet.
fn certificate_file(kubeconfig: &str, files: &dyn Files) -> WorldResult<String> {
    let parsed = read_kubeconfig(files, kubeconfig)?.ok_or_else(|| {
        let message = format!("{kubeconfig} does not exist");
        Failure::new(FailureCode::NotFound, message)
    })?;
    let field = |name: &str| Some(parsed.user()?.1[name].as_str()?.to_owned());
    match (field("client-certificate"), field("client-key")) {
        (Some(certificate), Some(key)) if certificate == key => Ok(certificate),
        _ => Err(invalid_with_remedy(
            format!("{kubeconfig} does not name one file with the kubelet's certificate and key"),
            format!(
                "let client-certificate and client-key in {kubeconfig} name the file that the \
                 kubelet rotates: /var/lib/kubelet/pki/kubelet-client-current.pem"
            ),
        )),
    }
}

/// Asks the cluster for a certificate with the subject of the current one, and waits for it.
fn request_certificate(
    current: &Certificate,
    key: &Key,
    limit: Duration,
    context: &Context,
) -> WorldResult<Certificate> {
    let name = current.common_name();
    let organizations = current.organizations();
    let wanted = CertificateTemplate {
        organizations: &organizations,
        ..CertificateTemplate::with_common_name(&name)
    };
    let invalid = |why| Failure::new(FailureCode::Invalid, why);
    let request = CertificateRequest::new_pem(key, &wanted).map_err(invalid)?;
    let reference = ObjectRef::cluster_scoped(
        API_VERSION,
        KIND,
        format!("csr-{}", &sha256_hex(request.as_bytes())[..10]),
    );
    let cluster = context.world.cluster();
    cluster.create(&json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": reference.name},
        "spec": {
            "request": BASE64.encode(request.as_bytes()),
            "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
            "usages": ["digital signature", "client auth"],
        },
    }))?;
    let mut tries = Backoff::constant(PAUSE, limit).start();
    loop {
        let signed = cluster.get(&reference)?.unwrap_or_default();
        let signed = signed["status"]["certificate"].as_str();
        if let Some(pem) = signed.and_then(|text| BASE64.decode(text.as_bytes()).ok()) {
            return Certificate::from_pem(&String::from_utf8_lossy(&pem)).map_err(invalid);
        }
        match tries.wait(context.cancel) {
            NextTry::Due => {}
            NextTry::Cancelled => {
                let message = "the run was cancelled while the cluster signed a certificate";
                return Err(Failure::new(FailureCode::Cancelled, message));
            }
            NextTry::OutOfTime => return Err(unsigned(&reference.name)),
        }
    }
}

fn unsigned(name: &str) -> Failure {
    Failure {
        remedy: Some(format!(
            "approve it (kubectl certificate approve {name}), and look whether the controller \
             manager runs; then run {} again",
            program::command("certs rotate-ca")
        )),
        ..Failure::new(
            FailureCode::Timeout,
            format!("the cluster has not signed the request {name} for the kubelet's certificate"),
        )
    }
}

/// Returns the failure that a controller manager signs with the old authority.
fn signed_by_old() -> Failure {
    invalid_with_remedy(
        "the cluster signed the kubelet's certificate with the old authority: not all control \
         planes are through the stage reissue"
            .to_owned(),
        format!(
            "run {} on every control plane, then here again",
            program::command("certs rotate-ca")
        ),
    )
}
