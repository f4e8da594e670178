//! What the controller manager does with requests for certificates: those of kubelets that may have
//! one are approved and signed by the cluster's authority.
use super::{
    rbac::{self, Request, User},
    store::{Store, now},
};
use crate::{
    pki::{Certificate, CertificateRequest, Key, Wanted},
    secret::Secret,
    world::{Files, api::resources::by_plural},
};
use data_encoding::BASE64;
use kubephase_sdk::spec::KeyAlgorithm;
use serde_json::{Value, json};

/// The signer of kubelets' client certificates.
const KUBELETS: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// A client certificate of a kubelet lives a year, as the controller manager has it.
const LIFE_SECONDS: i64 = 365 * 24 * 3600;

/// The cluster's authority; with its key it signs.
pub struct Authority {
    pub pem: String,
    key: Option<(Certificate, Key)>,
}

impl Authority {
    /// An authority whose key is elsewhere.
    #[cfg(test)]
    pub fn alone(pem: &str) -> Authority {
        Authority {
            pem: pem.to_owned(),
            key: None,
        }
    }

    /// The authority at a path, and its key beside it where there is one.
    pub fn at(path: &str, pem: String, files: &dyn Files) -> Authority {
        let read = || {
            let key = files
                .read(&format!("{}.key", path.strip_suffix(".crt")?))
                .ok()?;
            let key = Secret::new(String::from_utf8_lossy(&key).into_owned());
            Some((Certificate::from_pem(&pem).ok()?, Key::from_pem(&key).ok()?))
        };
        let key = read();
        Authority { pem, key }
    }

    /// Approves and signs what may be; the rest waits for whoever approves it by hand.
    pub fn reconcile(&self, store: &mut Store) {
        let Some((authority, key)) = &self.key else {
            return;
        };
        let Some(requests) = by_plural("certificates.k8s.io", "v1", "certificatesigningrequests")
        else {
            return;
        };
        let open: Vec<Value> = store
            .list(requests, "")
            .filter(|request| request["status"]["certificate"].is_null())
            .cloned()
            .collect();
        for mut request in open {
            if request["spec"]["signerName"] != KUBELETS || !may(store, &request) {
                continue;
            }
            let Some(signed) = sign(&request, authority, key) else {
                continue;
            };
            request["status"] = approved(&signed);
            // What is stored was read from there.
            let _ = store.update(requests, request);
        }
    }
}

/// Approves a request of a kubelet and signs it, but by an authority that nobody has heard of.
pub fn sign_by_nobody(request: &mut Value) {
    let wanted = Wanted {
        common_name: "nobody",
        organizations: &[],
        dns_names: &[],
        ip_addresses: &[],
        usages: &[],
        not_before: 0,
        not_after: i64::from(u32::MAX),
    };
    let authority = Key::generate(KeyAlgorithm::EcdsaP256)
        .and_then(|key| Ok((Certificate::authority(&wanted, &key)?, key)));
    if let Some(signed) = authority
        .ok()
        .and_then(|(authority, key)| sign(request, &authority, &key))
    {
        request["status"] = approved(&signed);
    }
}

fn approved(certificate: &str) -> Value {
    json!({
        "certificate": BASE64.encode(certificate.as_bytes()),
        "conditions": [{
            "type": "Approved", "status": "True", "reason": "AutoApproved",
            "message": "Auto approving kubelet client certificate after SubjectAccessReview.",
            "lastUpdateTime": now(), "lastTransitionTime": now(),
        }],
    })
}

/// Whether whoever asks may have a kubelet's certificate.
fn may(store: &Store, request: &Value) -> bool {
    let groups = request["spec"]["groups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let user = User {
        name: request["spec"]["username"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        groups,
    };
    let review = |sub: &str| Request {
        verb: "create".into(),
        group: "certificates.k8s.io".into(),
        resource: format!("certificatesigningrequests/{sub}"),
        ..Request::default()
    };
    ["nodeclient", "selfnodeclient"]
        .iter()
        .any(|sub| rbac::authorize(store, &user, &review(sub)).is_ok())
}

fn sign(request: &Value, authority: &Certificate, key: &Key) -> Option<String> {
    let pem = BASE64
        .decode(request["spec"]["request"].as_str()?.as_bytes())
        .ok()?;
    let asked = CertificateRequest::from_pem(&String::from_utf8_lossy(&pem)).ok()?;
    let kubelet =
        asked.common_name.starts_with("system:node:") && asked.organizations == ["system:nodes"];
    let now: jiff::Timestamp = now().parse().ok().filter(|_| kubelet)?;
    asked
        .signed(
            now.as_second(),
            now.as_second() + LIFE_SECONDS,
            authority,
            key,
        )
        .ok()
        .map(|certificate| certificate.to_pem())
}
