//! The types of the configuration with its secrets.
use super::Secret;
use kubephase_sdk::kubeadm;

/// The resolved configuration with its secrets, which only the host has. Phases see a
/// [`kubeadm::Config`], which has placeholders.
pub type Config = kubeadm::Config<Secret<String>>;
/// The part of [`Config`] about the node that is initialised.
pub type InitConfiguration = kubeadm::InitConfiguration<Secret<String>>;
/// A bootstrap token with its secret.
pub type BootstrapToken = kubeadm::BootstrapToken<Secret<String>>;
/// The cluster that a node joins, with the kubeconfig for it.
pub type JoinedCluster = kubeadm::Join<Secret<String>>;
