//! Bootstrap tokens, and the shared keys of the control plane.
use serde::{Deserialize, Serialize};

/// A bootstrap token of the configuration, as a Secret of the cluster. The host fills in the token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BootstrapTokenSpec {
    /// index into `bootstrapTokens` of the configuration
    pub index: usize,
}

/// The control plane's shared keys and certificates as the Secret `kubeadm-certs`, each encrypted
/// with the certificate key. A short-lived token owns the Secret, so both are deleted together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShareKeysSpec {
    /// name in the Secret and path of the file; a missing file is stored empty
    pub files: Vec<(String, String)>,
    pub ttl_seconds: i64,
}

/// The shared keys and certificates of the Secret `kubeadm-certs`, decrypted with the certificate
/// key, as files: private keys 0600, the rest 0644.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FetchKeysSpec {
    /// name in the Secret and path of the file; an empty entry of the Secret is not written
    pub files: Vec<(String, String)>,
}
