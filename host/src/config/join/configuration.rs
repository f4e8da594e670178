//! The document `JoinConfiguration`.
use crate::{config::InitConfiguration, secret::Secret};
use kubephase_sdk::{
    kubeadm::{ApiEndpoint, NodeRegistration, Patches, Timeouts},
    net::Url,
};
use serde::Deserialize;
use std::path::Path;

/// `JoinConfiguration` of `kubeadm.k8s.io/v1beta4`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JoinConfiguration {
    pub ca_cert_path: String,
    pub control_plane: Option<ControlPlane>,
    pub discovery: Discovery,
    pub dry_run: bool,
    pub node_registration: NodeRegistration,
    pub patches: Option<Patches>,
    pub skip_phases: Vec<String>,
    pub timeouts: Option<Timeouts>,
}

/// Settings of a node that joins as a member of the control plane.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlPlane {
    #[serde(rename = "localAPIEndpoint")]
    pub local_api_endpoint: ApiEndpoint,
    pub certificate_key: Secret<String>,
}

/// The means by which the node finds the cluster, and by which the two authenticate each other.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Discovery {
    pub bootstrap_token: Option<TokenDiscovery>,
    pub file: Option<FileDiscovery>,
    pub tls_bootstrap_token: Secret<String>,
}

/// Discovery by a bootstrap token.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenDiscovery {
    pub token: Secret<String>,
    pub api_server_endpoint: String,
    pub ca_cert_hashes: Vec<String>,
    #[serde(rename = "unsafeSkipCAVerification")]
    pub unsafe_skip_ca_verification: bool,
}

/// Discovery by a kubeconfig: a file, or an HTTPS URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileDiscovery {
    pub kube_config_path: String,
}

impl FileDiscovery {
    /// Replaces a `file://` URL with its path (kubeadm behaviour).
    pub(super) fn replace_file_url(&mut self) {
        if let Ok(url) = Url::parse(&self.kube_config_path)
            && url.scheme() == "file"
        {
            self.kube_config_path = url.path().to_owned();
        }
    }

    /// Whether the kubeconfig is on a server.
    pub fn is_remote(&self) -> bool {
        Url::parse(&self.kube_config_path).is_ok_and(|url| url.scheme() == "https")
    }

    /// Returns the path of the kubeconfig; `None` if it is on a server.
    pub fn path(&self) -> Option<&Path> {
        let path = Path::new(&self.kube_config_path);
        (!self.kube_config_path.is_empty() && !self.is_remote()).then_some(path)
    }
}

impl JoinConfiguration {
    /// Returns the settings that a node that joins shares with a node that is initialised.
    pub fn as_init(&self) -> InitConfiguration {
        let control_plane = self.control_plane.clone().unwrap_or_default();
        InitConfiguration {
            node_registration: self.node_registration.clone(),
            local_api_endpoint: control_plane.local_api_endpoint,
            certificate_key: control_plane.certificate_key,
            skip_phases: self.skip_phases.clone(),
            patches: self.patches.clone(),
            timeouts: self.timeouts.clone(),
            ..InitConfiguration::default()
        }
    }
}
