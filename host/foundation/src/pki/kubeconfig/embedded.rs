//! The client certificate that is embedded in a kubeconfig.
use super::{Kubeconfig, cluster_mut, entries_mut, fields_mut};
use crate::{pki::Certificate, secret::Secret};
use data_encoding::BASE64;
use serde_json::Value;

impl Kubeconfig {
    /// Returns the client certificate of the current context's user. `path` names the kubeconfig in
    /// messages.
    ///
    /// # Errors
    /// Kubeadm's words about an entry that is missing, about an authority or a certificate that is
    /// not embedded, or about a certificate that cannot be read.
    pub fn client_certificate(&self, path: &str) -> Result<Certificate, String> {
        let missing = |what: &str, name: &str| {
            format!("invalid kubeConfig file {path}: missing {what} {name}")
        };
        let context = self
            .context()
            .ok_or_else(|| missing("context", self.current_context()))?;
        let named = |what: &str| context[what].as_str().unwrap_or_default().to_owned();
        let (_, cluster) = self
            .cluster()
            .ok_or_else(|| missing("cluster", &named("cluster")))?;
        if is_blank(&cluster["certificate-authority-data"]) {
            return Err(format!(
                "kubeConfig file {path} does not have an embedded server certificate"
            ));
        }
        let (_, user) = self
            .user()
            .ok_or_else(|| missing("authInfo", &named("user")))?;
        if is_blank(&user["client-certificate-data"]) {
            return Err(format!(
                "kubeConfig file {path} does not have an embedded client certificate"
            ));
        }
        let data = user["client-certificate-data"].as_str().unwrap_or_default();
        let pem = BASE64.decode(data.as_bytes()).map_err(|_| {
            format!("failed to load kubeConfig file {path}: client-certificate-data is not base64")
        })?;
        Certificate::from_pem(&String::from_utf8_lossy(&pem)).map_err(|why| {
            format!("kubeConfig file {path} does not contain a valid client certificate: {why}")
        })
    }

    /// Returns a copy in which the current context's user has this certificate and key, and its
    /// cluster this authority, all as PEM. Everything else stays.
    pub fn with_client(
        &self,
        certificate_pem: &str,
        key_pem: &Secret<String>,
        authority_pem: &str,
    ) -> Kubeconfig {
        let mut document = self.0.clone();
        let encode = |pem: &str| Value::from(BASE64.encode(pem.as_bytes()));
        let cluster = self.cluster().map(|(name, _)| name);
        let entries = entries_mut(&mut document, "clusters", cluster);
        for cluster in entries.filter_map(cluster_mut) {
            cluster["certificate-authority-data"] = encode(authority_pem);
        }
        let user = self.user().map(|(name, _)| name);
        let entries = entries_mut(&mut document, "users", user);
        for user in entries.filter_map(|entry| fields_mut(entry, "user")) {
            user["client-certificate-data"] = encode(certificate_pem);
            user["client-key-data"] = encode(key_pem.reveal());
        }
        Kubeconfig(document)
    }
}

/// Whether an entry has no text in this field.
fn is_blank(field: &Value) -> bool {
    field.as_str().is_none_or(str::is_empty)
}
