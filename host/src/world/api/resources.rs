//! The resources of the API that are known here: one table for the client and for the embedded
//! server.
use crate::world::Tried;
use kubephase_wit::Failure;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// One resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    pub plural: &'static str,
    pub namespaced: bool,
    pub short: &'static [&'static str],
    /// named by `kubectl get all`
    pub all: bool,
}

impl Resource {
    /// `v1`, `apps/v1`
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployments.apps`, as messages name it
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `/api/v1`, `/apis/apps/v1`
    pub fn prefix(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        }
    }

    /// The path of its objects in a namespace, or of one of them.
    ///
    /// # Errors
    /// Where the namespace or the name cannot be a segment of a path.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> Tried<String> {
        object_path(
            &self.prefix(),
            self.plural,
            namespace.filter(|_| self.namespaced),
            name,
        )
    }

    /// The path of one of its objects as OpenAPI documents have it, with names in braces.
    pub fn path_template(&self) -> String {
        let namespace = if self.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        format!("{}{namespace}/{}/{{name}}", self.prefix(), self.plural)
    }
}

/// A resource of the table, or one that the cluster says it has.
pub enum Kind {
    Known(&'static Resource),
    Found {
        prefix: String,
        plural: String,
        namespaced: bool,
    },
}

impl Kind {
    /// The path of its objects in a namespace, or of one of them.
    ///
    /// # Errors
    /// Where the namespace, the name, or what the cluster calls the resource cannot be a segment of
    /// a path.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> Tried<String> {
        match self {
            Kind::Known(resource) => resource.path(namespace, name),
            Kind::Found {
                prefix,
                plural,
                namespaced,
            } => object_path(prefix, plural, namespace.filter(|_| *namespaced), name),
        }
    }
}

/// What stands in a segment as it is: the unreserved characters of RFC 3986, and the colon of RBAC
/// names.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// One segment of a path, percent-encoded: whatever it holds, it neither ends the path nor adds a
/// segment to it.
fn segment(text: &str) -> Tried<PercentEncode<'_>> {
    if matches!(text, "" | "." | "..") {
        return Err(Failure::new(
            "invalid",
            format!("{text:?} is not the name of anything in the API"),
        ));
    }
    Ok(utf8_percent_encode(text, ENCODED))
}

/// `/api/v1`, `/apis/apps/v1`: the path of the resources of an `apiVersion`.
///
/// # Errors
/// Where it is neither a version nor a group and a version.
pub fn prefix_of(api_version: &str) -> Tried<String> {
    match api_version.split('/').collect::<Vec<_>>().as_slice() {
        [version] => Ok(format!("/api/{}", segment(version)?)),
        [group, version] => Ok(format!("/apis/{}/{}", segment(group)?, segment(version)?)),
        _ => Err(Failure::new(
            "invalid",
            format!("{api_version:?} is not an apiVersion"),
        )),
    }
}

fn object_path(
    prefix: &str,
    plural: &str,
    namespace: Option<&str>,
    name: Option<&str>,
) -> Tried<String> {
    let namespace = namespace
        .map(|namespace| Ok(format!("/namespaces/{}", segment(namespace)?)))
        .transpose()?
        .unwrap_or_default();
    let name = name
        .map(|name| Ok(format!("/{}", segment(name)?)))
        .transpose()?
        .unwrap_or_default();
    Ok(format!("{prefix}{namespace}/{}{name}", segment(plural)?))
}

const fn resource(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
    short: &'static [&'static str],
) -> Resource {
    Resource {
        group,
        version,
        kind,
        plural,
        namespaced,
        short,
        all: false,
    }
}

const fn in_all(resource: Resource) -> Resource {
    Resource {
        all: true,
        ..resource
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

pub const RESOURCES: &[Resource] = &[
    resource("", "v1", "ConfigMap", "configmaps", true, &["cm"]),
    resource("", "v1", "Endpoints", "endpoints", true, &["ep"]),
    resource("", "v1", "Event", "events", true, &["ev"]),
    resource("", "v1", "LimitRange", "limitranges", true, &["limits"]),
    resource("", "v1", "Namespace", "namespaces", false, &["ns"]),
    resource("", "v1", "Node", "nodes", false, &["no"]),
    resource(
        "",
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        true,
        &["pvc"],
    ),
    resource(
        "",
        "v1",
        "PersistentVolume",
        "persistentvolumes",
        false,
        &["pv"],
    ),
    in_all(resource("", "v1", "Pod", "pods", true, &["po"])),
    in_all(resource(
        "",
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        true,
        &["rc"],
    )),
    resource(
        "",
        "v1",
        "ResourceQuota",
        "resourcequotas",
        true,
        &["quota"],
    ),
    resource("", "v1", "Secret", "secrets", true, &[]),
    resource("", "v1", "ServiceAccount", "serviceaccounts", true, &["sa"]),
    in_all(resource("", "v1", "Service", "services", true, &["svc"])),
    in_all(resource(
        "apps",
        "v1",
        "DaemonSet",
        "daemonsets",
        true,
        &["ds"],
    )),
    in_all(resource(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        true,
        &["deploy"],
    )),
    in_all(resource(
        "apps",
        "v1",
        "ReplicaSet",
        "replicasets",
        true,
        &["rs"],
    )),
    in_all(resource(
        "apps",
        "v1",
        "StatefulSet",
        "statefulsets",
        true,
        &["sts"],
    )),
    in_all(resource(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        true,
        &["hpa"],
    )),
    in_all(resource(
        "batch",
        "v1",
        "CronJob",
        "cronjobs",
        true,
        &["cj"],
    )),
    in_all(resource("batch", "v1", "Job", "jobs", true, &[])),
    resource(
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        false,
        &["csr"],
    ),
    resource("coordination.k8s.io", "v1", "Lease", "leases", true, &[]),
    resource(
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        "endpointslices",
        true,
        &[],
    ),
    resource(
        "networking.k8s.io",
        "v1",
        "Ingress",
        "ingresses",
        true,
        &["ing"],
    ),
    resource(
        "networking.k8s.io",
        "v1",
        "IngressClass",
        "ingressclasses",
        false,
        &[],
    ),
    resource(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        true,
        &["netpol"],
    ),
    resource(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        true,
        &["pdb"],
    ),
    resource(
        RBAC,
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        false,
        &[],
    ),
    resource(RBAC, "v1", "ClusterRole", "clusterroles", false, &[]),
    resource(RBAC, "v1", "RoleBinding", "rolebindings", true, &[]),
    resource(RBAC, "v1", "Role", "roles", true, &[]),
    resource(
        "scheduling.k8s.io",
        "v1",
        "PriorityClass",
        "priorityclasses",
        false,
        &["pc"],
    ),
    resource(
        "storage.k8s.io",
        "v1",
        "CSIDriver",
        "csidrivers",
        false,
        &[],
    ),
    resource("storage.k8s.io", "v1", "CSINode", "csinodes", false, &[]),
    resource(
        "storage.k8s.io",
        "v1",
        "StorageClass",
        "storageclasses",
        false,
        &["sc"],
    ),
];

/// By apiVersion and kind.
pub fn by_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    RESOURCES
        .iter()
        .find(|resource| resource.kind == kind && resource.api_version() == api_version)
}

/// By group, version and plural.
pub fn by_plural(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| {
        resource.group == group && resource.version == version && resource.plural == plural
    })
}

#[cfg(test)]
mod tests;
