//! Codes of the findings of built-in checks: kubeadm's names, which `--ignore-preflight-errors`
//! takes.
//!
//! Third-party plugins choose other codes. If a plugin uses one of these, the host puts the
//! plugin's name before it, so that ignoring or waiving a built-in check never ignores the check of
//! a plugin.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*
        /// Every code that belongs to no family.
        const ALL: &[&str] = &[$($name),*];
    };
}

codes! {
    /// The API server serves this node.
    API_SERVER = "APIServer";
    /// Nodes and administrators have the roles and bindings that they need.
    CLUSTER_ACCESS = "ClusterAccess";
    /// The ConfigMap by which machines that join find the cluster is right.
    CLUSTER_INFO = "ClusterInfo";
    /// The container runtime answers over CRI.
    CRI = "CRI";
    /// The container runtime is recent enough.
    CONTAINER_RUNTIME_VERSION = "ContainerRuntimeVersion";
    /// The nodes of the control plane are ready.
    CONTROL_PLANE_NODES_READY = "ControlPlaneNodesReady";
    /// The Corefile can be migrated to the version of CoreDNS that an upgrade installs.
    COREDNS_MIGRATION = "CoreDNSMigration";
    /// The Corefile has no plugins that a migration does not know.
    COREDNS_UNSUPPORTED_PLUGINS = "CoreDNSUnsupportedPlugins";
    /// The cluster runs a Job to its end.
    CREATE_JOB = "CreateJob";
    /// The members of etcd are healthy.
    ETCD_HEALTH = "EtcdHealth";
    /// The members of etcd are those of the control plane.
    ETCD_MEMBERS = "EtcdMembers";
    /// Client certificates of an external etcd exist.
    EXTERNAL_ETCD_CLIENT_CERTIFICATES = "ExternalEtcdClientCertificates";
    /// The external etcd is recent enough.
    EXTERNAL_ETCD_VERSION = "ExternalEtcdVersion";
    /// firewalld is not active.
    FIREWALLD = "Firewalld";
    /// The node's name resolves.
    HOSTNAME = "Hostname";
    /// The API server is reached without a proxy.
    HTTP_PROXY = "HTTPProxy";
    /// The networks of Pods and Services are reached without a proxy.
    HTTP_PROXY_CIDR = "HTTPProxyCIDR";
    /// The images of the control plane can be pulled.
    IMAGE_PULL = "ImagePull";
    /// The program runs as root.
    IS_PRIVILEGED_USER = "IsPrivilegedUser";
    /// The cluster keeps its ClusterConfiguration.
    KUBEADM_CONFIG = "KubeadmConfig";
    /// The cluster keeps the configuration of its kubelets.
    KUBELET_CONFIG = "KubeletConfig";
    /// The unit of the kubelet passes it kubeadm's files. kubeadm has no such check.
    KUBELET_DROP_IN = "KubeletDropIn";
    /// The kubelet is healthy.
    KUBELET_HEALTH = "KubeletHealth";
    /// The service of the kubelet runs.
    KUBELET_SERVICE = "KubeletService";
    /// The version of the kubelet is supported.
    KUBELET_VERSION = "KubeletVersion";
    /// The version of Kubernetes is supported.
    KUBERNETES_VERSION = "KubernetesVersion";
    /// The machine has enough memory.
    MEM = "Mem";
    /// This node has enough of what its kubelet watches: disk, memory, processes.
    NODE_PRESSURE = "NodePressure";
    /// This machine is a ready Node of the cluster.
    NODE_READY = "NodeReady";
    /// The machine has enough CPUs.
    NUM_CPU = "NumCPU";
    /// The service of the kubelet is enabled.
    SERVICE_KUBELET = "Service-kubelet";
    /// The manifests of the control plane's static Pods exist on this node.
    STATIC_POD_MANIFEST = "StaticPodManifest";
    /// Swap is off, or supported.
    SWAP = "Swap";
    /// Kernel, operating system and control groups are supported.
    SYSTEM_VERIFICATION = "SystemVerification";
    /// No check has this code; `--ignore-preflight-errors=all` ignores every check.
    EVERY_CHECK = "all";
}

/// A family of codes, each about one path, port or program: the name of the family, a dash, and the
/// subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family(&'static str);

impl Family {
    /// A certificate is valid, and signed by the authority that the node trusts.
    pub const CERTIFICATE: Family = Family("Certificate");
    /// A component of the control plane runs and is healthy.
    pub const COMPONENT: Family = Family("Component");
    /// A directory has to be empty, or must not exist.
    pub const DIR_AVAILABLE: Family = Family("DirAvailable");
    /// A file or a kernel parameter is as the last run left it.
    pub const DRIFT: Family = Family("Drift");
    /// A file must not exist.
    pub const FILE_AVAILABLE: Family = Family("FileAvailable");
    /// A kernel parameter has to have a value.
    pub const FILE_CONTENT: Family = Family("FileContent");
    /// A program has to be in `PATH`.
    pub const FILE_EXISTING: Family = Family("FileExisting");
    /// A plugin is the one that the lock allows.
    pub const PLUGIN: Family = Family("Plugin");
    /// A port has to be free.
    pub const PORT: Family = Family("Port");

    const ALL: [Family; 9] = [
        Family::CERTIFICATE,
        Family::COMPONENT,
        Family::DIR_AVAILABLE,
        Family::DRIFT,
        Family::FILE_AVAILABLE,
        Family::FILE_CONTENT,
        Family::FILE_EXISTING,
        Family::PLUGIN,
        Family::PORT,
    ];

    /// Returns the code about a subject; the slashes of a path become dashes.
    pub fn code_for(self, subject: &str) -> String {
        format!("{}-{}", self.0, subject.replace('/', "-"))
    }

    /// Returns the subject of a code of this family; `None` if the code does not belong to this
    /// family.
    pub fn subject(self, code: &str) -> Option<&str> {
        code.strip_prefix(self.0)?.strip_prefix('-')
    }

    /// Whether a code is one of this family. Case does not matter.
    pub fn contains(self, code: &str) -> bool {
        let (family, rest) = code.split_once('-').unwrap_or((code, ""));
        family.eq_ignore_ascii_case(self.0) && !rest.is_empty()
    }
}

/// Returns the codes of built-in checks that belong to no family.
pub fn without_family() -> impl Iterator<Item = &'static str> {
    ALL.iter().copied().filter(|code| *code != EVERY_CHECK)
}

/// Whether a code is one of a family. Case does not matter.
pub fn is_of_family(code: &str) -> bool {
    Family::ALL.iter().any(|family| family.contains(code))
}

/// Returns, for the subject of a code, the code of each family; empty if the code has no subject.
/// So a message can suggest the family that the user meant.
pub fn families_of_subject(code: &str) -> Vec<String> {
    let Some((_, subject)) = code.split_once('-') else {
        return Vec::new();
    };
    Family::ALL
        .iter()
        .map(|family| family.code_for(subject))
        .collect()
}

/// Whether a code belongs to the built-in checks. Case does not matter.
pub fn is_built_in(code: &str) -> bool {
    ALL.iter().any(|known| known.eq_ignore_ascii_case(code)) || is_of_family(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_codes_does_not_matter() {
        for code in [
            "NumCPU",
            "numcpu",
            "ALL",
            "Port-6443",
            "port-10250",
            "FileAvailable--etc-kubernetes-manifests-etcd.yaml",
        ] {
            assert!(is_built_in(code), "{code}");
        }
        for code in ["EnoughMemory", "Port", "Port-", "Portal-1", "NumCPUs", ""] {
            assert!(!is_built_in(code), "{code}");
        }
        assert_eq!(
            Family::FILE_AVAILABLE.code_for("/etc/kubernetes/x"),
            "FileAvailable--etc-kubernetes-x"
        );
    }
}
