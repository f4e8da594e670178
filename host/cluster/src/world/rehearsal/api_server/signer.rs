//! The controller of certificate requests: requests of kubelets that may have a certificate are
//! approved and signed by the cluster's authority.
use super::{
    rbac::{self, AccessRequest, User},
    store::{Store, now},
};
use crate::{
    pki::{Certificate, CertificateRequest, CertificateTemplate, Key},
    secret::Secret,
    world::{Files, api::resources::find_by_plural},
};
use data_encoding::BASE64;
use jiff::Timestamp;
use kubephase_sdk::spec::KeyAlgorithm;
use serde_json::{Value, json};

/// The signer of kubelets' client certificates.
const KUBELET_SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// Validity of a kubelet's client certificate: a year (controller manager behaviour).
const LIFE_SECONDS: i64 = 365 * 24 * 3600;

/// The cluster's authority. It signs if it has its key.
pub struct SigningAuthority {
    pub pem: String,
    key: Option<(Certificate, Key)>,
}

impl SigningAuthority {
    /// Returns an authority that does not have its key.
    #[cfg(test)]
    pub fn without_key(pem: &str) -> SigningAuthority {
        SigningAuthority {
            pem: pem.to_owned(),
            key: None,
        }
    }

    /// Returns the authority of a path, with the key beside it if there is one.
    pub fn load(path: &str, pem: String, files: &dyn Files) -> SigningAuthority {
        let key = load_key(path, &pem, files);
        SigningAuthority { pem, key }
    }

    /// Approves and signs the requests that may be signed. The others wait for an administrator.
    pub fn sign_requests(&self, store: &mut Store) {
        let Some((authority, key)) = &self.key else {
            return;
        };
        let Some(requests) =
            find_by_plural("certificates.k8s.io", "v1", "certificatesigningrequests")
        else {
            return;
        };
        let open: Vec<Value> = store
            .list(requests, "")
            .filter(|request| request["status"]["certificate"].is_null())
            .cloned()
            .collect();
        for mut request in open {
            if request["spec"]["signerName"] != KUBELET_SIGNER
                || !may_have_certificate(store, &request)
            {
                continue;
            }
            let Some(certificate) = sign(&request, authority, key) else {
                continue;
            };
            request["status"] = approved_status(&certificate);
            // The object was read from the store, so it can be updated.
            let _ = store.update(requests, request);
        }
    }
}

fn load_key(path: &str, pem: &str, files: &dyn Files) -> Option<(Certificate, Key)> {
    let key = files
        .read(&format!("{}.key", path.strip_suffix(".crt")?))
        .ok()?;
    let key = Secret::new(String::from_utf8_lossy(&key).into_owned());
    Some((Certificate::from_pem(pem).ok()?, Key::from_pem(&key).ok()?))
}

/// Approves a request of a kubelet and signs it with a throw-away authority.
pub fn sign_with_throwaway_authority(request: &mut Value) {
    let wanted = CertificateTemplate {
        not_after: i64::from(u32::MAX),
        ..CertificateTemplate::with_common_name("nobody")
    };
    let authority = Key::generate(KeyAlgorithm::EcdsaP256)
        .and_then(|key| Ok((Certificate::self_signed_authority(&wanted, &key)?, key)));
    if let Some(certificate) = authority
        .ok()
        .and_then(|(authority, key)| sign(request, &authority, &key))
    {
        request["status"] = approved_status(&certificate);
    }
}

fn approved_status(certificate: &str) -> Value {
    json!({
        "certificate": BASE64.encode(certificate.as_bytes()),
        "conditions": [{
            "type": "Approved", "status": "True", "reason": "AutoApproved",
            "message": "Auto approving kubelet client certificate after SubjectAccessReview.",
            "lastUpdateTime": now(), "lastTransitionTime": now(),
        }],
    })
}

/// Whether the user of a request may have a kubelet's certificate.
fn may_have_certificate(store: &Store, request: &Value) -> bool {
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
    ["nodeclient", "selfnodeclient"].iter().any(|subresource| {
        let access = AccessRequest {
            verb: "create".into(),
            group: "certificates.k8s.io".into(),
            resource: format!("certificatesigningrequests/{subresource}"),
            ..AccessRequest::default()
        };
        rbac::authorize(store, &user, &access).is_ok()
    })
}

/// Signs a request if a kubelet made it. Returns the certificate in PEM.
fn sign(request: &Value, authority: &Certificate, key: &Key) -> Option<String> {
    let pem = BASE64
        .decode(request["spec"]["request"].as_str()?.as_bytes())
        .ok()?;
    let request = CertificateRequest::from_pem(&String::from_utf8_lossy(&pem)).ok()?;
    let is_kubelet = request.common_name.starts_with("system:node:")
        && request.organizations == ["system:nodes"];
    if !is_kubelet {
        return None;
    }
    let now = now().parse::<Timestamp>().ok()?.as_second();
    request
        .issue(now, now + LIFE_SECONDS, authority, key)
        .ok()
        .map(|certificate| certificate.to_pem())
}
