//! Codes of the findings of the built-in checks: kubeadm's names, which `--ignore-preflight-errors`
//! takes.
//!
//! Plugins of third parties have codes of their own. The host puts the plugin's name before a code
//! of theirs that is one of these, so that ignoring or waiving a built-in check never ignores a
//! plugin's check, and never the other way round.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*
        /// Every code that stands alone.
        const ALL: &[&str] = &[$($name),*];
    };
}

codes! {
    /// An API of the container runtime answers.
    CRI = "CRI";
    CONTAINER_RUNTIME_VERSION = "ContainerRuntimeVersion";
    EXTERNAL_ETCD_CLIENT_CERTIFICATES = "ExternalEtcdClientCertificates";
    EXTERNAL_ETCD_VERSION = "ExternalEtcdVersion";
    FIREWALLD = "Firewalld";
    HOSTNAME = "Hostname";
    HTTP_PROXY = "HTTPProxy";
    HTTP_PROXY_CIDR = "HTTPProxyCIDR";
    IMAGE_PULL = "ImagePull";
    IS_PRIVILEGED_USER = "IsPrivilegedUser";
    KUBELET_VERSION = "KubeletVersion";
    KUBERNETES_VERSION = "KubernetesVersion";
    MEM = "Mem";
    NUM_CPU = "NumCPU";
    SERVICE_KUBELET = "Service-kubelet";
    SWAP = "Swap";
    SYSTEM_VERIFICATION = "SystemVerification";
    /// No check has this code; `--ignore-preflight-errors=all` ignores every check.
    EVERY_CHECK = "all";
}

/// A code about one path, port or program: the name of its kind, a dash, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family(&'static str);

impl Family {
    /// A directory has to be empty, or not there.
    pub const DIR_AVAILABLE: Family = Family("DirAvailable");
    /// A file must not be there.
    pub const FILE_AVAILABLE: Family = Family("FileAvailable");
    /// A kernel parameter has to have a value.
    pub const FILE_CONTENT: Family = Family("FileContent");
    /// A program has to be there.
    pub const FILE_EXISTING: Family = Family("FileExisting");
    /// A port has to be free.
    pub const PORT: Family = Family("Port");

    const ALL: [Family; 5] = [
        Family::DIR_AVAILABLE,
        Family::FILE_AVAILABLE,
        Family::FILE_CONTENT,
        Family::FILE_EXISTING,
        Family::PORT,
    ];

    /// The code about `what`; the slashes of a path become dashes.
    pub fn of(self, what: &str) -> String {
        format!("{}-{}", self.0, what.replace('/', "-"))
    }

    /// Whether a code is one of this family, whatever its case.
    pub fn has(self, code: &str) -> bool {
        let (family, rest) = code.split_once('-').unwrap_or((code, ""));
        family.eq_ignore_ascii_case(self.0) && !rest.is_empty()
    }
}

/// Whether a code belongs to the built-in checks, whatever its case: codes are compared without it.
pub fn is_built_in(code: &str) -> bool {
    ALL.iter().any(|known| known.eq_ignore_ascii_case(code))
        || Family::ALL.iter().any(|family| family.has(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_compared_without_their_case() {
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
            Family::FILE_AVAILABLE.of("/etc/kubernetes/x"),
            "FileAvailable--etc-kubernetes-x"
        );
    }
}
