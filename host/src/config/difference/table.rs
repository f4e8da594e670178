//! The consequence of a change of each field for a running cluster. A field has the row with the
//! longest path that it begins with.
use kubephase_sdk::kubeadm::Consequence;
use serde_json::Value;

/// A field, or all fields below it.
struct FieldRow {
    /// kind of the document: `ClusterConfiguration`
    kind: &'static str,
    /// empty for the whole document
    path: &'static str,
    class: Class,
}

/// The class of a field.
enum Class {
    /// phases or groups of `apply` bring the change about
    Applied(&'static [&'static str]),
    /// as `Applied`, but the field cannot be removed, for this reason
    Kept(&'static [&'static str], &'static str),
    /// it holds only for what is made later
    Later(&'static str),
    /// it cannot be changed in a running cluster
    Fixed(&'static str),
}

const CLUSTER: &str = "ClusterConfiguration";
const KUBELET: &str = "KubeletConfiguration";
const PROXY: &str = "KubeProxyConfiguration";

const PODS: Class = Class::Applied(&["control-plane"]);
const ADDONS: Class = Class::Applied(&["addon"]);

const ETCD: &str = "the data of the cluster is in this etcd, and it is not moved to another";
const GONE_ADDON: &str = "the addon is not upgraded any more, and what is in the cluster stays; \
    remove it with kubectl";

const fn row(path: &'static str, class: Class) -> FieldRow {
    row_of(CLUSTER, path, class)
}

const fn row_of(kind: &'static str, path: &'static str, class: Class) -> FieldRow {
    FieldRow { kind, path, class }
}

const ROWS: &[FieldRow] = &[
    row(
        "",
        Class::Applied(&["certs", "control-plane", "kubelet-config", "addon"]),
    ),
    row("apiServer", PODS),
    row("apiServer.certSANs", Class::Applied(&["certs"])),
    row("controllerManager", PODS),
    row("scheduler", PODS),
    row(
        "controlPlaneEndpoint",
        Class::Kept(
            &["certs", "kubeconfig", "cluster-info", "addon", "kube-proxy"],
            "other machines reach the control plane by it; write the address that they use",
        ),
    ),
    row(
        "imageRepository",
        Class::Applied(&["control-plane", "addon"]),
    ),
    row("dns", ADDONS),
    row("dns.disabled", Class::Later(GONE_ADDON)),
    row("proxy", ADDONS),
    row("proxy.disabled", Class::Later(GONE_ADDON)),
    row("etcd.local", Class::Fixed(ETCD)),
    row(
        "etcd.local.dataDir",
        Class::Fixed("the data of etcd is in this directory, and it is not moved"),
    ),
    row("etcd.local.imageRepository", PODS),
    row("etcd.local.imageTag", PODS),
    row("etcd.local.extraArgs", PODS),
    row("etcd.local.extraEnvs", PODS),
    row("etcd.local.serverCertSANs", Class::Applied(&["certs"])),
    row("etcd.local.peerCertSANs", Class::Applied(&["certs"])),
    row("etcd.external", Class::Fixed(ETCD)),
    row("etcd.external.endpoints", PODS),
    row("etcd.external.httpEndpoints", PODS),
    row("etcd.external.caFile", PODS),
    row("etcd.external.certFile", PODS),
    row("etcd.external.keyFile", PODS),
    row(
        "kubernetesVersion",
        Class::Fixed("this command changes no version; `upgrade apply VERSION` does"),
    ),
    row(
        "networking.serviceSubnet",
        Class::Fixed("Services have addresses of it, and so have the API server and cluster DNS"),
    ),
    row(
        "networking.podSubnet",
        Class::Fixed("nodes and Pods have addresses of it"),
    ),
    row(
        "networking.dnsDomain",
        Class::Fixed("running Pods look names up below it"),
    ),
    row(
        "certificatesDir",
        Class::Fixed("the keys and certificates of each machine are in this directory"),
    ),
    row(
        "clusterName",
        Class::Fixed("kubeconfigs have this name, and resources of a cloud provider may"),
    ),
    row(
        "encryptionAlgorithm",
        Class::Later("keys that exist stay as they are; new keys are made by it"),
    ),
    row(
        "certificateValidityPeriod",
        Class::Later("certificates that exist stay as they are; `certs renew` makes new ones"),
    ),
    row(
        "caCertificateValidityPeriod",
        Class::Later("authorities that exist stay as they are"),
    ),
    row(
        "featureGates.PublicKeysECDSA",
        Class::Later("keys that exist stay as they are; new keys are made by it"),
    ),
    row_of(
        KUBELET,
        "",
        Class::Applied(&["kubelet-config", "upload-config/kubelet"]),
    ),
    row_of(
        KUBELET,
        "staticPodPath",
        Class::Fixed("the manifests of the control plane are in this directory"),
    ),
    row_of(
        KUBELET,
        "cgroupDriver",
        Class::Fixed(
            "running Pods have cgroups of the old driver, and the container runtime has to \
             change with the kubelet: drain a node, and change both there",
        ),
    ),
    row_of(
        PROXY,
        "",
        Class::Applied(&["addon/kube-proxy", "kube-proxy"]),
    ),
];

/// Returns what a change of a field means.
pub(super) fn consequence(kind: &str, path: &str, new: Option<&Value>) -> Consequence {
    let rows = ROWS.iter().filter(|row| row.kind == kind);
    let row = rows
        .filter(|row| is_below(path, row.path))
        .max_by_key(|row| row.path.len());
    let refused = |reason: &str| Consequence::Refused {
        reason: reason.to_owned(),
    };
    let applied = |phases: &[&str]| Consequence::Applied {
        phases: phases.iter().map(ToString::to_string).collect(),
    };
    match row.map(|row| &row.class) {
        Some(Class::Kept(_, reason)) if new.is_none() => refused(reason),
        // An addon that was left out is installed.
        Some(Class::Later(GONE_ADDON)) if new.is_none() => applied(&["addon"]),
        Some(Class::Applied(phases) | Class::Kept(phases, _)) => applied(phases),
        Some(Class::Fixed(reason)) => refused(reason),
        Some(Class::Later(reason)) => Consequence::Later {
            reason: (*reason).to_owned(),
        },
        None => applied(&[]),
    }
}

/// Returns the fields of a document that cannot be changed in a running cluster.
pub(in crate::config) fn fixed_fields(kind: &str) -> impl Iterator<Item = &'static str> {
    let rows = ROWS.iter().filter(move |row| row.kind == kind);
    rows.filter(|row| matches!(row.class, Class::Fixed(_)))
        .map(|row| row.path)
}

/// Whether a field is another field, or below it.
fn is_below(path: &str, other: &str) -> bool {
    let rest = path.strip_prefix(other);
    rest.is_some_and(|rest| other.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}
