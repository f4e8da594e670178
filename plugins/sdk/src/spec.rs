//! What crosses to the host as JSON, typed: certificates, kubeconfigs, waits, and the facts that
//! come back. Every type tolerates unknown fields, so that either side may be older than the other.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Usage {
    ServerAuth,
    ClientAuth,
}

/// A certificate and its key: `<directory>/<name>.crt` (0644) and `<directory>/<name>.key` (0600).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CertificateSpec {
    /// the certificates directory
    pub directory: String,
    /// kubeadm's base name, `ca`, `etcd/server`
    pub name: String,
    /// base name of the authority that signs; none for a self-signed authority
    pub authority: Option<String>,
    pub common_name: String,
    pub organizations: Vec<String>,
    /// a plugin's certificate without usages needs a grant of both: it can be used as client and as
    /// server
    pub usages: Vec<Usage>,
    /// names that a client looks for; the first label may be `*`
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub algorithm: KeyAlgorithm,
    /// seconds from the start of the run until it expires; validity begins five minutes before the
    /// start. A plugin asks for no more than `certificateValidityPeriod` of the configuration, or
    /// `caCertificateValidityPeriod` for an authority.
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
    /// as of a certificate: see [`CertificateSpec::validity_seconds`]
    pub validity_seconds: i64,
}

/// What [`observe_pki::certificate`](crate::observe_pki::certificate) tells.
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

/// What [`observe_pki::private_key`](crate::observe_pki::private_key) tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrivateKeyFacts {
    pub algorithm: String,
    /// why the file could not be read as a key
    pub error: Option<String>,
}

/// What [`observe_pki::kubeconfig`](crate::observe_pki::kubeconfig) tells of the current context.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeconfigFacts {
    pub cluster_name: String,
    pub server: String,
    pub user: String,
    /// the authority's certificates, PEM
    pub authority_pem: String,
    /// `public_key_sha256` of each of them
    pub authority_public_keys_sha256: Vec<String>,
    /// open set: `client-certificate-data`, `client-certificate` (its file is there), `token`,
    /// `none`
    pub credential: String,
    /// why the file could not be used
    pub error: Option<String>,
}

/// A bootstrap token as a Secret; the host fills in the secret of the configured token with this
/// id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BootstrapTokenSpec {
    /// index into `bootstrapTokens` of the configuration
    pub index: usize,
}

/// The control plane's shared keys and certificates as the Secret `kubeadm-certs`, each encrypted
/// with the certificate key, owned by a short-lived token so that it goes with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShareKeysSpec {
    /// name in the Secret and path of the file; a missing file is stored empty
    pub files: Vec<(String, String)>,
    pub ttl_seconds: i64,
}

/// The shared keys out of the Secret `kubeadm-certs`, opened with the certificate key: private keys
/// 0600, the rest 0644.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FetchKeysSpec {
    /// name in the Secret and path of the file; what the Secret has empty is not written
    pub files: Vec<(String, String)>,
}

/// A member of etcd, as [`observe_core::etcd_members`](crate::observe_core::etcd_members) tells of
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EtcdMember {
    pub id: u64,
    /// empty until it has started
    pub name: String,
    pub peer_urls: Vec<String>,
    /// where it serves clients; empty until it has started
    pub client_urls: Vec<String>,
    /// it follows, and has no vote yet
    pub learner: bool,
}

/// One member of etcd as it is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EtcdMemberSpec {
    pub peer_url: String,
    /// where it serves clients
    pub client_url: String,
    /// with a vote: it is waited for until it has caught up and serves
    pub voting: bool,
    pub timeout_seconds: i64,
}

/// A user of the host and its own group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// The users that the components of a rootless control plane run as (kubeadm's feature gate
/// `RootlessControlPlane`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneUsers {
    pub etcd: User,
    pub kube_apiserver: User,
    pub kube_controller_manager: User,
    pub kube_scheduler: User,
    /// group of those who may read the key of service accounts
    pub sa_key_readers: u32,
}

impl ControlPlaneUsers {
    /// Their names in `/etc/passwd`, which are those of their groups in `/etc/group`: etcd, API
    /// server, controller manager, scheduler (kubeadm's).
    pub const NAMES: [&str; 4] = ["kubeadm-etcd", "kubeadm-kas", "kubeadm-kcm", "kubeadm-ks"];
    /// The group of [`ControlPlaneUsers::sa_key_readers`].
    pub const SA_KEY_READERS: &str = "kubeadm-sa-key-readers";

    /// With their names.
    pub fn named(&self) -> [(&'static str, User); 4] {
        let [etcd, apiserver, controller_manager, scheduler] = Self::NAMES;
        [
            (etcd, self.etcd),
            (apiserver, self.kube_apiserver),
            (controller_manager, self.kube_controller_manager),
            (scheduler, self.kube_scheduler),
        ]
    }
}

impl std::fmt::Display for ControlPlaneUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, User { uid, gid }) in self.named() {
            write!(f, "{name} {uid}:{gid}, ")?;
        }
        write!(f, "group {} {}", Self::SA_KEY_READERS, self.sa_key_readers)
    }
}

/// What a node is rid of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum ClearSpec {
    /// what is in a directory; the directory itself stays
    Directory { path: String },
    /// a directory that holds nothing
    EmptyDirectory { path: String },
    /// whatever is mounted below a directory; flags by kubeadm's names, `MNT_DETACH`
    Mounts { below: String, flags: Vec<String> },
    /// every sandbox of a Pod that the container runtime has, with its containers
    PodSandboxes {},
    /// the member of etcd at this URL, unless it is the only one; others may refuse for a while,
    /// and are asked again for so long
    #[serde(rename_all = "camelCase")]
    EtcdMember {
        peer_url: String,
        timeout_seconds: i64,
    },
    /// the users and groups that the components of a rootless control plane run as
    ControlPlaneUsers {},
}

impl std::fmt::Display for ClearSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClearSpec::Directory { path } => write!(f, "what is in {path}"),
            ClearSpec::EmptyDirectory { path } => f.write_str(path),
            ClearSpec::Mounts { below, .. } => write!(f, "mounts below {below}"),
            ClearSpec::PodSandboxes {} => f.write_str("sandboxes of Pods"),
            ClearSpec::EtcdMember { peer_url, .. } => write!(f, "the etcd member at {peer_url}"),
            ClearSpec::ControlPlaneUsers {} => f.write_str("users and groups of the control plane"),
        }
    }
}

/// What to wait for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitSpec {
    pub condition: Condition,
    pub timeout_seconds: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Condition {
    /// the kubelet answers 200 at this URL
    Kubelet { url: String },
    /// a control-plane component answers 200 at this URL; the API server through the admin
    /// kubeconfig
    Component { name: String, url: String },
    /// the Node object exists and carries the label `kubernetes.io/hostname`
    NodeRegistered { name: String },
    /// the API server at this kubeconfig lets its user act; where the binding of
    /// `kubeadm:cluster-admins` is missing it is made, with super-admin.conf where need be
    /// (kubeadm's bootstrap of the admin user)
    AdminReady {
        kubeconfig: String,
        super_admin: String,
    },
    /// more than half of etcd's members answer and are well
    EtcdHealthy {},
    /// the kubelet got its certificate: the kubeconfig is there and names a certificate that can be
    /// used
    Bootstrapped { kubeconfig: String },
    /// containers of these names run on the node
    Containers { names: Vec<String> },
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Condition::Kubelet { url } => write!(f, "a healthy kubelet at {url}"),
            Condition::Component { name, url } => write!(f, "a healthy {name} at {url}"),
            Condition::NodeRegistered { name } => write!(f, "the Node {name}"),
            Condition::EtcdHealthy {} => f.write_str("a healthy etcd"),
            Condition::Bootstrapped { kubeconfig } => {
                write!(f, "a kubelet with a certificate of its own in {kubeconfig}")
            }
            Condition::Containers { names } => write!(f, "running containers {}", names.join(", ")),
            Condition::AdminReady { kubeconfig, .. } => {
                write!(f, "an API server that lets the holder of {kubeconfig} act")
            }
        }
    }
}

/// A kubeconfig whose user's certificate and key are a file that the kubelet rotates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RotatedKubeconfigSpec {
    pub path: String,
    /// certificate and key in one file
    pub client_certificate: String,
}
