//! The steps by which a node exchanges an authority of its cluster.
use crate::kubeadm::ClusterAuthority;
use serde::{Deserialize, Serialize};

/// A step of the exchange of an authority on a node. Nothing happens if it was done
/// before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum ExchangeSpec {
    /// the current context of a kubeconfig trusts these authorities, and no others
    #[serde(rename_all = "camelCase")]
    TrustInKubeconfig { path: String, authorities: String },
    /// the key of the new authority becomes the key that signs; that of the old one stays under
    /// another name
    #[serde(rename_all = "camelCase")]
    SignWithNew {
        authority: ClusterAuthority,
        /// the certificates directory
        directory: String,
        /// certificates, PEM
        old_authority: String,
        new_authority: String,
    },
    /// the client certificate of the kubelet is signed by this authority: with its key, if that is
    /// on the node, otherwise by the cluster
    #[serde(rename_all = "camelCase")]
    KubeletCertificate {
        kubeconfig: String,
        /// the certificates directory
        directory: String,
        /// certificate, PEM
        authority: String,
        /// whether a certificate that the authority has signed is left unchanged
        unless_signed: bool,
        validity_seconds: i64,
        /// how long the cluster may take to sign
        timeout_seconds: i64,
    },
    /// a serving certificate that the cluster has signed for the kubelet is removed, unless this
    /// authority has signed it: the kubelet asks for another one when it starts
    #[serde(rename_all = "camelCase")]
    ForgetServingCertificate {
        /// certificate, PEM
        authority: String,
    },
    /// the kubelet is restarted, whether its files changed or not: an earlier run may have been
    /// killed between the two
    RestartKubelet {},
}

/// Files of an exchange in the certificates directory, beside those that
/// [`ClusterAuthority`] names.
pub mod exchange_file {
    /// certificate of the authority that signs, alone, while `ca.crt` has two authorities: the
    /// controller manager refuses to sign with a file of two
    pub const SIGNER: &str = "ca-signer.crt";
}
