//! TLS bootstrap: how a kubelet gets its first certificate. The kubelet requests one with a
//! bootstrap token, and writes the kubeconfig that it uses from then on.
use super::KubeletStandIn;
use crate::{
    pki::{CertificateRequest, CertificateTemplate, Key, Kubeconfig},
    world::{
        Cluster, WorldResult,
        text_file::{read_kubeconfig, read_text},
    },
};
use data_encoding::BASE64;
use kubephase_sdk::{kubelet_unit::FLAGS_FILE, spec::KeyAlgorithm};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::{Value, json};
use std::time::Duration;

const API_VERSION: &str = "certificates.k8s.io/v1";
const KIND: &str = "CertificateSigningRequest";
/// Path of the kubeconfig with the bootstrap token.
pub const KUBECONFIG: &str = "/etc/kubernetes/bootstrap-kubelet.conf";
/// The longest time for which a request for a certificate is retried.
const API_TIME: Duration = Duration::from_secs(10);
/// Path of the certificate and its key.
const PEM: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// Gets a certificate if there is a bootstrap token and no certificate yet.
///
/// # Errors
/// `unavailable` if the request is not approved; those of the API and of the files.
pub fn ensure_certificate(kubelet: &KubeletStandIn) -> WorldResult<()> {
    let files = kubelet.files();
    if files.stat(super::KUBECONFIG)?.is_some() {
        return Ok(());
    }
    let Some(bootstrap) = read_kubeconfig(files, KUBECONFIG)? else {
        return Ok(());
    };
    let key = Key::generate(KeyAlgorithm::EcdsaP256).map_err(invalid_request)?;
    let user = format!("system:node:{}", node_name(kubelet)?);
    let wanted = CertificateTemplate {
        organizations: &["system:nodes".to_owned()],
        ..CertificateTemplate::with_common_name(&user)
    };
    let request = CertificateRequest::new_pem(&key, &wanted).map_err(invalid_request)?;
    let api = kubelet.client(KUBECONFIG, API_TIME);
    let certificate = request_certificate(api.as_ref(), &request)?;
    let pem = [
        certificate.as_slice(),
        key.to_pem().map_err(invalid_request)?.reveal().as_bytes(),
    ]
    .concat();
    files.write(PEM, &pem, 0o600, None)?;
    files.write(
        super::KUBECONFIG,
        kubelet_kubeconfig(&bootstrap, &user).to_string().as_bytes(),
        0o600,
        None,
    )
}

fn invalid_request(why: String) -> Failure {
    Failure::new(
        FailureCode::Invalid,
        format!("the kubelet cannot ask for its certificate: {why}"),
    )
}

/// Creates a CertificateSigningRequest and returns the certificate that was signed.
fn request_certificate(api: &dyn Cluster, request: &str) -> WorldResult<Vec<u8>> {
    let digest = crate::text::digest::sha256_hex(request.as_bytes());
    let created = api.create(&json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": format!("csr-{}", &digest[..10])},
        "spec": {
            "request": BASE64.encode(request.as_bytes()),
            "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
            "usages": ["digital signature", "client auth"],
        },
    }))?;
    let name = created["metadata"]["name"].as_str().unwrap_or_default();
    let reference = ObjectRef::cluster_scoped(API_VERSION, KIND, name);
    let signed = api.get(&reference)?.unwrap_or_default();
    signed["status"]["certificate"]
        .as_str()
        .and_then(|text| BASE64.decode(text.as_bytes()).ok())
        .ok_or_else(|| {
            Failure::new(
                FailureCode::Unavailable,
                format!(
                    "the request {} for the kubelet's certificate is not approved",
                    reference.name
                ),
            )
        })
}

/// Returns the kubelet's own kubeconfig: it has the cluster of the bootstrap kubeconfig and the
/// certificate that the kubelet rotates.
fn kubelet_kubeconfig(bootstrap: &Kubeconfig, user: &str) -> Value {
    let cluster = bootstrap.main_cluster().cloned().unwrap_or_default();
    json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "default-cluster", "cluster": cluster}],
        "contexts": [{
            "name": "default-context",
            "context": {"cluster": "default-cluster", "user": user},
        }],
        "current-context": "default-context",
        "users": [{"name": user, "user": {"client-certificate": PEM, "client-key": PEM}}],
    })
}

/// Returns the name of the node: that of the kubelet's flag, or the host name in lower case.
fn node_name(kubelet: &KubeletStandIn) -> WorldResult<String> {
    let flags = read_text(kubelet.files(), FLAGS_FILE)?.unwrap_or_default();
    let override_flag = flags
        .split_once("--hostname-override=")
        .map(|(_, rest)| rest.split([' ', '"']).next().unwrap_or_default().to_owned());
    Ok(override_flag.unwrap_or_else(|| kubelet.settings.facts.hostname.to_lowercase()))
}
