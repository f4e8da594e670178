//! The client certificate that is embedded in a kubeconfig.
use super::Kubeconfig;
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
        let names = (
            self.cluster().map(|(name, _)| name),
            self.user().map(|(name, _)| name),
        );
        let mut set = |list: &str, name: Option<&str>, what: &str, field: &str, pem: &str| {
            for entry in document[list]
                .as_array_mut()
                .into_iter()
                .flatten()
                .filter(|entry| name.is_some_and(|name| entry["name"] == name))
            {
                entry[what][field] = BASE64.encode(pem.as_bytes()).into();
            }
        };
        let (cluster, user) = names;
        set(
            "clusters",
            cluster,
            "cluster",
            "certificate-authority-data",
            authority_pem,
        );
        set(
            "users",
            user,
            "user",
            "client-certificate-data",
            certificate_pem,
        );
        set("users", user, "user", "client-key-data", key_pem.reveal());
        Kubeconfig(document)
    }
}

/// Whether an entry has no text in this field.
fn is_blank(field: &Value) -> bool {
    field.as_str().is_none_or(str::is_empty)
}
