//! Keys, certificates and kubeconfigs: specifications of new ones, and facts about existing ones.
use serde::{Deserialize, Serialize};

/// Key algorithms, by kubeadm's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    #[default]
    #[serde(rename = "RSA-2048")]
    Rsa2048,
    #[serde(rename = "RSA-3072")]
    Rsa3072,
    #[serde(rename = "RSA-4096")]
    Rsa4096,
    #[serde(rename = "ECDSA-P256")]
    EcdsaP256,
    #[serde(rename = "ECDSA-P384")]
    EcdsaP384,
}

/// Extended key usage of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Usage {
    ServerAuth,
    ClientAuth,
}

/// A certificate and its key as files: `<directory>/<name>.crt` (0644) and `<directory>/<name>.key`
/// (0600).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateSpec {
    /// the certificates directory
    pub directory: String,
    /// kubeadm's base name, `ca`, `etcd/server`
    pub name: String,
    /// base name of the authority that signs; `None` for a self-signed authority
    pub authority: Option<String>,
    pub common_name: String,
    pub organizations: Vec<String>,
    /// for a plugin, a certificate without usages needs a grant of both usages, because it can be
    /// used as client and as server
    pub usages: Vec<Usage>,
    /// names by which clients look for a server; the first label may be `*`
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub algorithm: KeyAlgorithm,
    /// seconds from the start of the run to the end of validity; validity begins five minutes
    /// before the start. A plugin may ask for no more than `certificateValidityPeriod` of the
    /// configuration, or `caCertificateValidityPeriod` for an authority.
    pub validity_seconds: i64,
}

/// The service account key pair: `<directory>/sa.key` and `<directory>/sa.pub`, both 0600.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyPairSpec {
    pub directory: String,
    pub name: String,
    pub algorithm: KeyAlgorithm,
}

/// A kubeconfig with an embedded client certificate signed by the cluster's authority, 0600.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeconfigSpec {
    pub path: String,
    pub cluster_name: String,
    pub server: String,
    /// the user's name in the kubeconfig, and the certificate's common name
    pub user: String,
    pub common_name: String,
    pub organizations: Vec<String>,
    /// the certificates directory and base name of the authority
    pub directory: String,
    pub authority: String,
    pub algorithm: KeyAlgorithm,
    /// as [`CertificateSpec::validity_seconds`]
    pub validity_seconds: i64,
    /// whether it has the empty field `preferences`, as older releases write it
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub preferences: bool,
}

/// Facts of a certificate, the answer of [`pki::certificate`](crate::pki::certificate).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateFacts {
    pub common_name: String,
    pub organizations: Vec<String>,
    pub issuer: String,
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub is_authority: bool,
    /// Unix seconds
    pub not_before: i64,
    pub not_after: i64,
    /// lower-case hexadecimal SHA-256 of the DER SubjectPublicKeyInfo, as in
    /// `--discovery-token-ca-cert-hash`
    pub public_key_sha256: String,
    /// the first certificate of the file
    pub pem: String,
}

/// Facts of a private key, the answer of [`pki::private_key`](crate::pki::private_key).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrivateKeyFacts {
    pub algorithm: String,
    /// `public_key_sha256` of the certificates that belong to the key
    #[serde(skip_serializing_if = "String::is_empty")]
    pub public_key_sha256: String,
    /// why the file could not be read as a key
    pub error: Option<String>,
}

/// Facts of the current context of a kubeconfig, the answer of
/// [`pki::kubeconfig`](crate::pki::kubeconfig).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeconfigFacts {
    pub cluster_name: String,
    pub server: String,
    pub user: String,
    /// the authority's certificates, PEM
    pub authority_pem: String,
    /// `public_key_sha256` of each of those certificates
    pub authority_public_keys_sha256: Vec<String>,
    /// a word of an open set: `client-certificate-data`, `client-certificate`, `token`, `none`. If
    /// the file of a `client-certificate` does not exist, only phases of kubephase itself get
    /// `none`.
    pub credential: String,
    /// the user's certificate; `None` if the user has none, or it cannot be read. A certificate in
    /// a file of its own is given only to phases of kubephase itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<CertificateFacts>,
    /// why the file could not be used
    pub error: Option<String>,
}

/// A kubeconfig that names a file with the user's certificate and key, which the kubelet rotates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RotatedKubeconfigSpec {
    pub path: String,
    /// certificate and key in one file
    pub client_certificate: String,
}
