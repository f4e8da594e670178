//! How a kubelet gets its first certificate: it asks with a token, and writes the kubeconfig that
//! it uses from then on (TLS bootstrap).
use super::Kubelet;
use crate::{
    pki::{CertificateRequest, Key, Kubeconfig},
    world::Tried,
};
use data_encoding::BASE64;
use kubephase_sdk::spec::KeyAlgorithm;
use kubephase_wit::{Failure, ObjectRef};
use serde_json::{Value, json};
use std::time::Duration;

/// With the token that it asks with.
pub const KUBECONFIG: &str = "/etc/kubernetes/bootstrap-kubelet.conf";
const FLAGS: &str = "/var/lib/kubelet/kubeadm-flags.env";
/// How long it asks for.
const BUDGET: Duration = Duration::from_secs(10);
const PEM: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// Gets a certificate where there is a token for it and none yet.
pub fn certificate(kubelet: &Kubelet) -> Tried<()> {
    let files = kubelet.files.as_ref();
    if files.stat(super::KUBECONFIG)?.is_some() {
        return Ok(());
    }
    let Some(given) = crate::world::text_file::read_kubeconfig(files, KUBECONFIG)? else {
        return Ok(());
    };
    let invalid = |why: String| {
        Failure::new(
            "invalid",
            format!("the kubelet cannot ask for its certificate: {why}"),
        )
    };
    let key = Key::generate(KeyAlgorithm::EcdsaP256).map_err(invalid)?;
    let user = format!("system:node:{}", name(kubelet)?);
    let request =
        CertificateRequest::make(&key, &user, &["system:nodes".to_owned()]).map_err(invalid)?;
    let api = kubelet.api(KUBECONFIG, BUDGET);
    let created = api.create(&json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {
            "name": format!("csr-{}", &crate::text::digest::sha256_hex(request.as_bytes())[..10]),
        },
        "spec": {
            "request": BASE64.encode(request.as_bytes()),
            "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
            "usages": ["digital signature", "client auth"],
        },
    }))?;
    let of = ObjectRef {
        api_version: "certificates.k8s.io/v1".into(),
        kind: "CertificateSigningRequest".into(),
        namespace: None,
        name: created["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    };
    let signed = api.get(&of)?.unwrap_or_default();
    let Some(certificate) = signed["status"]["certificate"]
        .as_str()
        .and_then(|text| BASE64.decode(text.as_bytes()).ok())
    else {
        return Err(Failure::new(
            "unavailable",
            format!(
                "the request {} for the kubelet's certificate is not approved",
                of.name
            ),
        ));
    };
    let pem = [
        certificate.as_slice(),
        key.to_pem().map_err(invalid)?.reveal().as_bytes(),
    ]
    .concat();
    files.write(PEM, &pem, 0o600, None)?;
    files.write(
        super::KUBECONFIG,
        own(&given, &user).to_string().as_bytes(),
        0o600,
        None,
    )
}

/// The kubelet's own kubeconfig: the same cluster, and the certificate that it rotates.
fn own(given: &Kubeconfig, user: &str) -> Value {
    let cluster = given.main_cluster().cloned().unwrap_or_default();
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

/// What the kubelet calls itself: by its flag, else by the host.
fn name(kubelet: &Kubelet) -> Tried<String> {
    let files = kubelet.files.as_ref();
    let flags = if files.stat(FLAGS)?.is_some() {
        files.read(FLAGS)?
    } else {
        Vec::new()
    };
    let flags = String::from_utf8_lossy(&flags).into_owned();
    let given = flags
        .split_once("--hostname-override=")
        .map(|(_, rest)| rest.split([' ', '"']).next().unwrap_or_default().to_owned());
    Ok(given.unwrap_or_else(|| kubelet.facts.hostname.to_lowercase()))
}
