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
    /// path below the certificates directory, without its ending
    pub name: &'static str,
    /// name of the certificate that signs this one; `None` for an authority
    pub authority: Option<&'static str>,
    /// empty for the node's name
    pub common_name: &'static str,
    pub usages: &'static [Usage],
    /// returns the names that the certificate is valid for
    pub names: fn(&ControlPlaneCertificate, &Config) -> Result<Names, String>,
}

impl ControlPlaneCertificate {
    /// Whether the certificate is needed only if the cluster runs its own etcd.
    pub fn belongs_to_etcd(&self) -> bool {
        self.name.starts_with("etcd/") || self.authority == Some("etcd/ca")
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
    let is_external = config.cluster.etcd.external.is_some();
    CERTIFICATES.iter().filter(move |certificate| {
        certificate.authority.is_none() && !(certificate.belongs_to_etcd() && is_external)
    })
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
        names: common_name,
    },
    ControlPlaneCertificate {
        phase: "apiserver",
        title: "Generate the certificate for serving the Kubernetes API",
        name: "apiserver",
        authority: Some("ca"),
        common_name: "kube-apiserver",
        usages: SERVER,
        names: |_, config| addresses::apiserver_names(config),
    },
    ControlPlaneCertificate {
        phase: "apiserver-kubelet-client",
        title: "Generate the certificate for the API server to connect to kubelet",
        name: "apiserver-kubelet-client",
        authority: Some("ca"),
        common_name: "kube-apiserver-kubelet-client",
        usages: CLIENT,
        names: no_names,
    },
    ControlPlaneCertificate {
        phase: "front-proxy-ca",
        title: "Generate the self-signed CA to provision identities for front proxy",
        name: "front-proxy-ca",
        authority: None,
        common_name: "front-proxy-ca",
        usages: &[],
        names: common_name,
    },
    ControlPlaneCertificate {
        phase: "front-proxy-client",
        title: "Generate the certificate for the front proxy client",
        name: "front-proxy-client",
        authority: Some("front-proxy-ca"),
        common_name: "front-proxy-client",
        usages: CLIENT,
        names: no_names,
    },
    ControlPlaneCertificate {
        phase: "etcd-ca",
        title: "Generate the self-signed CA to provision identities for etcd",
        name: "etcd/ca",
        authority: None,
        common_name: "etcd-ca",
        usages: &[],
        names: common_name,
    },
    ControlPlaneCertificate {
        phase: "etcd-server",
        title: "Generate the certificate for serving etcd",
        name: "etcd/server",
        authority: Some("etcd/ca"),
        common_name: "",
        usages: BOTH,
        names: |_, config| addresses::etcd_names(config, |etcd| &etcd.server_cert_sans),
    },
    ControlPlaneCertificate {
        phase: "etcd-peer",
        title: "Generate the certificate for etcd nodes to communicate with each other",
        name: "etcd/peer",
        authority: Some("etcd/ca"),
        common_name: "",
        usages: BOTH,
        names: |_, config| addresses::etcd_names(config, |etcd| &etcd.peer_cert_sans),
    },
    ControlPlaneCertificate {
        phase: "etcd-healthcheck-client",
        title: "Generate the certificate for liveness probes to healthcheck etcd",
        name: "etcd/healthcheck-client",
        authority: Some("etcd/ca"),
        common_name: "kube-etcd-healthcheck-client",
        usages: CLIENT,
        names: no_names,
    },
    ControlPlaneCertificate {
        phase: "apiserver-etcd-client",
        title: "Generate the certificate the apiserver uses to access etcd",
        name: "apiserver-etcd-client",
        authority: Some("etcd/ca"),
        common_name: "kube-apiserver-etcd-client",
        usages: CLIENT,
        names: no_names,
    },
];

fn no_names(_: &ControlPlaneCertificate, _: &Config) -> Result<Names, String> {
    Ok(Names::default())
}

/// Returns the names of an authority: its own common name (kubeadm behaviour).
fn common_name(certificate: &ControlPlaneCertificate, _: &Config) -> Result<Names, String> {
    Ok((vec![certificate.common_name.to_owned()], Vec::new()))
}
