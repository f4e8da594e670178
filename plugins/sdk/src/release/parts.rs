//! The parts of a row of the table of releases.
use super::major_and_minor;
use std::ops::RangeInclusive;

/// The facts about kubeadm of one minor of Kubernetes: what it writes, accepts and checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Release {
    /// 36 for Kubernetes 1.36
    pub minor: u64,
    /// the kubeadm that the row describes: `v1.36.2`
    pub kubeadm: &'static str,
    pub source: Source,
    pub images: Images,
    pub feature_gates: &'static [FeatureGate],
    pub static_pods: StaticPods,
    pub kubelet: Kubelet,
    /// probes name a port of their container, in static Pods and in CoreDNS; otherwise they have
    /// its number
    pub named_probe_ports: bool,
    /// `control-plane-join` of `join` has the phase `etcd`, which adds the member of etcd in place
    /// of `etcd-join` if the gate [`gate::LOCAL_KUBELET`] is off, and otherwise does nothing
    pub joins_etcd_in_group: bool,
    /// kubeconfigs have the field `preferences`
    pub kubeconfig_preferences: bool,
    pub configuration: Configuration,
    pub checks: Checks,
    /// the documents that the operator can patch
    pub patch_targets: &'static [&'static str],
}

/// The source of the facts of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// recorded runs of kubeadm of that minor
    Recorded,
    /// The release notes. The row is not used until runs of kubeadm of that minor are recorded.
    ReleaseNotes,
}

/// Tags of the images that kubeadm chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Images {
    pub etcd: &'static str,
    pub coredns: &'static str,
    pub pause: &'static str,
}

/// A feature gate of kubeadm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureGate {
    pub name: &'static str,
    pub stage: Stage,
    pub default: bool,
    /// Whether a value that is set changes anything. kubeadm accepts any value of a locked gate.
    pub decides: bool,
}

/// The stage of a feature gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Alpha,
    Beta,
    /// generally available; kubeadm calls it locked
    Locked,
    Deprecated,
    /// kubeadm does not know the gate any more; its default says whether the feature is on
    Removed,
}

/// Names of feature gates.
pub mod gate {
    /// the kubelet of a control-plane node talks to the API server of its own node
    pub const LOCAL_KUBELET: &str = "ControlPlaneKubeletLocalMode";
    /// the socket of the container runtime is stored on the node and not in the cluster
    pub const LOCAL_SOCKET: &str = "NodeLocalCRISocket";
    /// `wait-control-plane` waits for every component and not only for the API server
    pub const WAIT_FOR_ALL: &str = "WaitForAllControlPlaneComponents";
    /// keys are ECDSA keys
    pub const ECDSA: &str = "PublicKeysECDSA";
    /// the control plane runs as users without privileges
    pub const ROOTLESS: &str = "RootlessControlPlane";
}

/// Static Pods of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticPods {
    /// manifests have `creationTimestamp: null`
    pub creation_timestamp: bool,
    /// the directory of FlexVolume plugins that kube-controller-manager mounts
    pub flexvolume_directory: Option<&'static str>,
    /// flags of etcd by its version, the oldest first
    pub etcd_flags: &'static [EtcdFlags],
}

/// Flags that an etcd gets from this version on, beside those that every etcd gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtcdFlags {
    /// `3.6.0`; `None` for any version, even for one that cannot be read
    pub since: Option<&'static str>,
    /// name and value
    pub flags: &'static [(&'static str, &'static str)],
}

/// Files and flags of the kubelet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kubelet {
    /// the flag `--pod-infra-container-image` names the pause image
    pub pause_image_flag: bool,
    /// a node whose socket is stored in the cluster has the socket in an annotation
    pub annotates_socket: bool,
    /// defaults of KubeletConfiguration that are the same for every cluster, by dotted path
    pub defaults: &'static [(&'static str, Setting)],
    /// the resolver of systemd-resolved goes into the configuration of all kubelets
    pub shares_resolver: bool,
}

/// A value of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Text(&'static str),
    Switch(bool),
    Number(u32),
}

/// The configuration that kubeadm of one minor reads and accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// values of `encryptionAlgorithm`, in the order of kubeadm's message
    pub key_algorithms: &'static [&'static str],
    /// fields that only later releases have, by kind and dotted path
    pub unknown_fields: &'static [(&'static str, &'static str)],
    /// an external etcd without endpoints is refused
    pub requires_etcd_endpoints: bool,
    /// `config validate` has the flag `--allow-deprecated-api`
    pub allows_deprecated_api: bool,
}

/// Thresholds and words of preflight checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checks {
    pub cpus: u32,
    pub memory_mib: u64,
    /// how many minors the kubelet may be older than the control plane
    pub older_kubelets: u64,
    /// the oldest external etcd, without the suffix of its image
    pub external_etcd: &'static str,
    /// The minor in which the kubelet stops working with runtimes that lack the CRI method
    /// RuntimeConfig, in the words of the warning. `None` if kubeadm does not ask the runtime.
    pub runtime_config_removal: Option<&'static str>,
    pub cgroup_v1: CgroupV1,
    pub kernels: Kernels,
    /// kernel options for each version of control groups, beside those that every node needs
    pub cgroup_v1_options: &'static [&'static str],
    pub cgroup_v2_options: &'static [&'static str],
}

/// The words of the check about version 1 of control groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CgroupV1 {
    pub message: &'static str,
    /// the minor of the first kubelet with which it is an error; `None` if it is always a warning
    pub refused_from_kubelet: Option<u64>,
}

impl CgroupV1 {
    /// Whether version 1 is an error with a kubelet of this version. A kubelet of an unknown
    /// version counts as a new one.
    pub fn is_refused_by(&self, kubelet: &str) -> bool {
        self.refused_from_kubelet.is_some_and(|first| {
            major_and_minor(kubelet).is_none_or(|version| version >= (1, first))
        })
    }
}

/// The kernels that the check accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kernels {
    /// another kernel is an error, and not only a warning
    pub required: bool,
    /// minor versions by major version
    pub series: &'static [(u32, &'static [RangeInclusive<u32>])],
    /// every version from this major version on
    pub from_major: u32,
    pub advice: &'static str,
}

impl Kernels {
    /// Whether a kernel release is accepted: `5.10.0-21-amd64`.
    pub fn accept(&self, release: &str) -> bool {
        let mut parts = release
            .split(['.', '-', '+'])
            .map(|part| part.parse::<u32>().ok());
        let mut next = || parts.next().flatten();
        let (Some(major), Some(minor)) = (next(), next()) else {
            return false;
        };
        let is_in_series = self.series.iter().any(|(series, minors)| {
            *series == major && minors.iter().any(|minors| minors.contains(&minor))
        });
        is_in_series || (major >= self.from_major && next().is_some())
    }
}
