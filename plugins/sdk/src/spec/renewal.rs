//! Certificates that are renewed, and restarts of the components that use them.
use super::KeyAlgorithm;
use serde::{Deserialize, Serialize};

/// A certificate of the control plane that exists. The renewed certificate has the same subject,
/// names and usages, and a new key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalSpec {
    /// kubeadm's name: `apiserver`, `admin.conf`
    pub name: String,
    /// kubeadm's words for the certificate: `certificate for serving the Kubernetes API`
    pub title: String,
    pub file: RenewedFile,
    /// the certificates directory
    pub directory: String,
    /// base name of the authority that signs: `etcd/ca`
    pub authority: String,
    pub algorithm: KeyAlgorithm,
    /// as [`CertificateSpec::validity_seconds`](super::CertificateSpec::validity_seconds)
    pub validity_seconds: i64,
    /// whether messages are printed as in an upgrade, without a line for each renewed certificate
    #[serde(default)]
    pub is_part_of_upgrade: bool,
    /// the names of the renewed certificate; a certificate that has them is not renewed. `None`
    /// renews it in any case, with the names that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<WantedNames>,
    /// whether a certificate that the authority has signed is not renewed
    #[serde(default)]
    pub unless_signed: bool,
    /// a certificate that is valid for more than this number of seconds is not renewed
    #[serde(default)]
    pub expires_within_seconds: Option<i64>,
}

/// The DNS names and IP addresses that a certificate is to be valid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WantedNames {
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
}

/// The place of a certificate that is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum RenewedFile {
    /// files of the certificates directory: `<base>.crt` and `<base>.key`
    Certificate { base: String },
    /// the kubeconfig that the certificate and its key are embedded in
    Kubeconfig { path: String },
}

/// A component of the control plane that is restarted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartSpec {
    /// the name of its container: `kube-scheduler`
    pub component: String,
    /// the URL that answers 200 once the component works again
    pub health_url: String,
    pub timeout_seconds: i64,
    /// the component is stopped, and not waited for
    #[serde(default)]
    pub is_awaited_later: bool,
    /// the component is restarted only if the certificate in this kubeconfig was renewed since
    /// the component began, in this run or in an earlier one that ended before the restart
    #[serde(default)]
    pub if_renewed: Option<String>,
}
