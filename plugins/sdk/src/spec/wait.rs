//! Conditions to wait for.
use serde::{Deserialize, Serialize};

/// A wait for a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitSpec {
    pub condition: Condition,
    pub timeout_seconds: i64,
}

/// A condition of the node or the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Condition {
    /// the kubelet answers 200 at this URL
    Kubelet { url: String },
    /// the kubelet has taken over the static Pods that run since it started, so that their
    /// manifests can be replaced: a kubelet that finds another manifest before that waits two
    /// minutes for the old Pod. A kubelet that has run for a minute counts as such, and one whose
    /// age is not known.
    KubeletSynced {
        /// name of the node
        node: String,
    },
    /// a control-plane component answers 200 at this URL; the API server is asked with the admin
    /// kubeconfig
    Component { name: String, url: String },
    /// the Node object exists and carries the label `kubernetes.io/hostname`
    NodeRegistered { name: String },
    /// the API server accepts requests of this kubeconfig's user; if the binding of
    /// `kubeadm:cluster-admins` is missing, the host makes it, with super-admin.conf if necessary
    /// (kubeadm behaviour)
    AdminReady {
        kubeconfig: String,
        super_admin: String,
    },
    /// more than half of the members of etcd answer and are healthy
    EtcdHealthy {},
    /// the kubelet has its certificate: the kubeconfig exists and names a usable certificate
    Bootstrapped { kubeconfig: String },
    /// containers of these names run on the node
    Containers { names: Vec<String> },
    /// a container of a component's new static Pod runs on the node and answers at this URL: 200,
    /// or an etcd its clients. The Pod need not be ready yet.
    StaticPodAnswers {
        component: String,
        /// name of the node
        node: String,
        /// `kubernetes.io/config.hash` of the Pod that was replaced
        replaced_hash: String,
        url: String,
    },
    /// a container of a component's static Pod runs on the node and answers at this URL: 200, or an
    /// etcd its clients. The manifest of the Pod is not new.
    StaticPodServes {
        component: String,
        /// name of the node
        node: String,
        /// `kubernetes.io/config.hash` of the Pod; `None` if it is not known, so that any Pod of
        /// the component counts
        hash: Option<String>,
        url: String,
    },
    /// the mirror of a component's static Pod has another hash than the Pod that was replaced, or
    /// these images if that hash is not known, and every container of it is ready
    StaticPod {
        component: String,
        /// name of the node
        node: String,
        images: Vec<String>,
        /// `kubernetes.io/config.hash` of the Pod that was replaced
        replaced_hash: Option<String>,
    },
    /// all of these hold. They are waited for one after the other, in the time of one wait.
    All { conditions: Vec<Condition> },
    /// the controller manager gives these authorities (PEM) to Pods: they are in the ConfigMap
    /// `kube-root-ca.crt`
    AuthoritiesPublished { authorities: String },
    /// extension API servers trust these authorities (PEM) of clients
    ClientAuthorities {
        /// key of the ConfigMap of [`client_authorities`]
        key: String,
        authorities: String,
        /// whether they trust no others
        only: bool,
    },
    /// an API server of the cluster answers at this URL, with a certificate for the host of the URL
    ControlPlaneAnswers {
        url: String,
        /// path of the authorities that have to have signed the certificate
        authorities: String,
    },
    /// no Pod of an earlier template of a workload in `kube-system` is left
    RolledOut {
        /// `DaemonSet` or `Deployment`
        workload: String,
        name: String,
    },
}

/// The ConfigMap with the authorities of clients that extension API servers trust. API servers
/// write it.
pub mod client_authorities {
    use crate::ObjectRef;

    /// the key with the authorities of clients
    pub const CLIENTS: &str = "client-ca-file";
    /// the key with the authorities of API servers that pass requests on
    pub const FRONT_PROXY: &str = "requestheader-client-ca-file";

    /// Returns the reference of the ConfigMap.
    pub fn reference() -> ObjectRef {
        ObjectRef::config_map("kube-system", "extension-apiserver-authentication")
    }
}

impl Condition {
    /// Returns the conditions that have to hold: the members of [`Condition::All`], or this one.
    pub fn parts(&self) -> &[Condition] {
        match self {
            Condition::All { conditions } => conditions,
            condition => std::slice::from_ref(condition),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Condition::Kubelet { url } => write!(f, "a healthy kubelet at {url}"),
            Condition::KubeletSynced { node } => {
                write!(f, "the kubelet of {node} to take over its static Pods")
            }
            Condition::Component { name, url } => write!(f, "a healthy {name} at {url}"),
            Condition::NodeRegistered { name } => write!(f, "the Node {name}"),
            Condition::EtcdHealthy {} => f.write_str("a healthy etcd"),
            Condition::Bootstrapped { kubeconfig } => {
                write!(f, "a kubelet with a certificate of its own in {kubeconfig}")
            }
            Condition::Containers { names } => write!(f, "running containers {}", names.join(", ")),
            Condition::StaticPod {
                component, node, ..
            }
            | Condition::StaticPodAnswers {
                component, node, ..
            } => {
                write!(f, "the new static Pod of {component} on {node}")
            }
            Condition::StaticPodServes {
                component, node, ..
            } => write!(f, "the static Pod of {component} on {node} to answer"),
            Condition::All { conditions } => {
                let texts: Vec<String> = conditions.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join(", "))
            }
            Condition::AuthoritiesPublished { .. } => {
                f.write_str("a ConfigMap kube-root-ca.crt with the authorities of this stage")
            }
            Condition::ClientAuthorities { key, .. } => write!(
                f,
                "a ConfigMap extension-apiserver-authentication with the authorities of this stage \
                 in {key}"
            ),
            Condition::ControlPlaneAnswers { url, .. } => {
                write!(f, "an API server of this cluster at {url}")
            }
            Condition::RolledOut { workload, name } => {
                write!(
                    f,
                    "new Pods of the {workload} {name} in place of all old ones"
                )
            }
            Condition::AdminReady { kubeconfig, .. } => {
                write!(f, "an API server that lets the holder of {kubeconfig} act")
            }
        }
    }
}
