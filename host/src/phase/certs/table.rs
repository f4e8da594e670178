//! The certificates of the control plane. A new certificate is a row here, and the phases of `init`
//! and `join` are made from the rows.
use crate::render::addresses;
use kubephase_sdk::{kubeadm::Config, spec::Usage};

/// The DNS names and IP addresses of a certificate.
type Names = (Vec<String>, Vec<String>);

/// One certificate of the control plane.
pub(super) struct ControlPlaneCertificate {
    /// kubeadm's name of the phase
    pub phase: &'static str,
    /// title of the phase
    pub title: &'static str,
    /// path below the certificates directory, without the extension
    pub name: &'static str,
    /// name of the certificate that signs this one; `None` for an authority
    pub authority: Option<&'static str>,
    /// common name of the subject; if empty, the name of the node
    pub common_name: &'static str,
    pub usages: &'static [Usage],
    /// returns the DNS names and IP addresses that the certificate is valid for
    pub alternative_names: fn(&ControlPlaneCertificate, &Config) -> Result<Names, String>,
}

impl ControlPlaneCertificate {
    /// Whether the certificate is needed only if the cluster runs its own etcd.
    pub fn belongs_to_etcd(&self) -> bool {
        self.name.starts_with("etcd/") || self.authority == Some("etcd/ca")
    }

    /// Whether a cluster with this configuration needs the certificate.
    pub fn is_needed<S>(&self, config: &Config<S>) -> bool {
        !self.belongs_to_etcd() || config.cluster.etcd.external.is_none()
    }

    /// Returns kubeadm's name of the phase that makes the authority; `None` for an authority.
    pub fn authority_phase(&self) -> Option<&'static str> {
        Some(row(self.authority?)?.phase)
    }
}

/// Returns the certificate of this name, which is its path below the certificates directory.
pub(super) fn row(name: &str) -> Option<&'static ControlPlaneCertificate> {
    CERTIFICATES
        .iter()
        .find(|certificate| certificate.name == name)
}

/// Returns the authorities that the cluster has.
pub(super) fn authorities<S>(
    config: &Config<S>,
) -> impl Iterator<Item = &'static ControlPlaneCertificate> {
    CERTIFICATES
        .iter()
        .filter(|certificate| certificate.authority.is_none() && certificate.is_needed(config))
}

const CLIENT: &[Usage] = &[Usage::ClientAuth];
const SERVER: &[Usage] = &[Usage::ServerAuth];
const BOTH: &[Usage] = &[Usage::ServerAuth, Usage::ClientAuth];

pub(super) const CERTIFICATES: &[ControlPlaneCertificate] = &[
    ControlPlaneCertificate {
        phase: "ca",
        title: "Generate the self-signed Kubernetes CA to provision identities for other \
                Kubernetes components",
        name: "ca",
        authority: None,
        common_name: "kubernetes",
        usages: &[],
        alternative_names: common_name_as_dns_name,
    },
    ControlPlaneCertificate {
        phase: "apiserver",
        title: "Generate the certificate for serving the Kubernetes API",
        name: "apiserver",
        authority: Some("ca"),
        common_name: "kube-apiserver",
        usages: SERVER,
        alternative_names: |_, config| addresses::apiserver_names(config),
    },
    ControlPlaneCertificate {
        phase: "apiserver-kubelet-client",
        title: "Generate the certificate for the API server to connect to kubelet",
        name: "apiserver-kubelet-client",
        authority: Some("ca"),
        common_name: "kube-apiserver-kubelet-client",
        usages: CLIENT,
        alternative_names: no_names,
    },
    ControlPlaneCertificate {
        phase: "front-proxy-ca",
        title: "Generate the self-signed CA to provision identities for front proxy",
        name: "front-proxy-ca",
        authority: None,
        common_name: "front-proxy-ca",
        usages: &[],
        alternative_names: common_name_as_dns_name,
    },
    ControlPlaneCertificate {
        phase: "front-proxy-client",
        title: "Generate the certificate for the front proxy client",
        name: "front-proxy-client",
        authority: Some("front-proxy-ca"),
        common_name: "front-proxy-client",
        usages: CLIENT,
        alternative_names: no_names,
    },
    ControlPlaneCertificate {
        phase: "etcd-ca",
        title: "Generate the self-signed CA to provision identities for etcd",
        name: "etcd/ca",
        authority: None,
        common_name: "etcd-ca",
        usages: &[],
        alternative_names: common_name_as_dns_name,
    },
    ControlPlaneCertificate {
        phase: "etcd-server",
        title: "Generate the certificate for serving etcd",
        name: "etcd/server",
        authority: Some("etcd/ca"),
        common_name: "",
        usages: BOTH,
        alternative_names: |_, config| addresses::etcd_names(config, |etcd| &etcd.server_cert_sans),
    },
    ControlPlaneCertificate {
        phase: "etcd-peer",
        title: "Generate the certificate for etcd nodes to communicate with each other",
        name: "etcd/peer",
        authority: Some("etcd/ca"),
        common_name: "",
        usages: BOTH,
        alternative_names: |_, config| addresses::etcd_names(config, |etcd| &etcd.peer_cert_sans),
    },
    ControlPlaneCertificate {
        phase: "etcd-healthcheck-client",
        title: "Generate the certificate for liveness probes to healthcheck etcd",
        name: "etcd/healthcheck-client",
        authority: Some("etcd/ca"),
        common_name: "kube-etcd-healthcheck-client",
        usages: CLIENT,
        alternative_names: no_names,
    },
    ControlPlaneCertificate {
        phase: "apiserver-etcd-client",
        title: "Generate the certificate the apiserver uses to access etcd",
        name: "apiserver-etcd-client",
        authority: Some("etcd/ca"),
        common_name: "kube-apiserver-etcd-client",
        usages: CLIENT,
        alternative_names: no_names,
    },
];

fn no_names(_: &ControlPlaneCertificate, _: &Config) -> Result<Names, String> {
    Ok(Names::default())
}

/// Returns the names of an authority: its common name, as a DNS name (kubeadm behaviour).
fn common_name_as_dns_name(
    certificate: &ControlPlaneCertificate,
    _: &Config,
) -> Result<Names, String> {
    Ok((vec![certificate.common_name.to_owned()], Vec::new()))
}
