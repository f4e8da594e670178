//! Versions of APIs that releases of Kubernetes stop to serve. Kinds that are never stored, such as
//! reviews, are left out.
use crate::release::major_and_minor;

/// A kind of an API version that a minor of Kubernetes stops to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovedApi {
    /// the first minor without it
    pub minor: u64,
    pub api_version: &'static str,
    pub kind: &'static str,
    /// the API version that has the kind then
    pub instead: &'static str,
}

/// All rows, in the order of the minors.
pub static REMOVED_APIS: [RemovedApi; 21] = [
    row(33, "networking.k8s.io/v1alpha1", "IPAddress", NETWORKING),
    row(33, "networking.k8s.io/v1alpha1", "ServiceCIDR", NETWORKING),
    row(34, ADMISSION_BETA, "ValidatingAdmissionPolicy", ADMISSION),
    row(
        34,
        ADMISSION_BETA,
        "ValidatingAdmissionPolicyBinding",
        ADMISSION,
    ),
    row(34, "resource.k8s.io/v1alpha3", "DeviceClass", RESOURCE),
    row(34, "resource.k8s.io/v1alpha3", "ResourceClaim", RESOURCE),
    row(
        34,
        "resource.k8s.io/v1alpha3",
        "ResourceClaimTemplate",
        RESOURCE,
    ),
    row(34, "resource.k8s.io/v1alpha3", "ResourceSlice", RESOURCE),
    row(
        35,
        "storage.k8s.io/v1alpha1",
        "VolumeAttributesClass",
        STORAGE,
    ),
    row(
        35,
        "storagemigration.k8s.io/v1alpha1",
        "StorageVersionMigration",
        "storagemigration.k8s.io/v1beta1",
    ),
    row(
        37,
        "certificates.k8s.io/v1alpha1",
        "ClusterTrustBundle",
        "certificates.k8s.io/v1beta1",
    ),
    row(37, "networking.k8s.io/v1beta1", "IPAddress", NETWORKING),
    row(37, "networking.k8s.io/v1beta1", "ServiceCIDR", NETWORKING),
    row(
        37,
        "storage.k8s.io/v1beta1",
        "VolumeAttributesClass",
        STORAGE,
    ),
    row(38, ADMISSION_ALPHA, "MutatingAdmissionPolicy", ADMISSION),
    row(
        38,
        ADMISSION_ALPHA,
        "MutatingAdmissionPolicyBinding",
        ADMISSION,
    ),
    row(
        38,
        "coordination.k8s.io/v1alpha2",
        "LeaseCandidate",
        "coordination.k8s.io/v1beta1",
    ),
    row(38, "resource.k8s.io/v1beta1", "DeviceClass", RESOURCE),
    row(38, "resource.k8s.io/v1beta1", "ResourceClaim", RESOURCE),
    row(
        38,
        "resource.k8s.io/v1beta1",
        "ResourceClaimTemplate",
        RESOURCE,
    ),
    row(38, "resource.k8s.io/v1beta1", "ResourceSlice", RESOURCE),
];

const NETWORKING: &str = "networking.k8s.io/v1";
const ADMISSION: &str = "admissionregistration.k8s.io/v1";
const ADMISSION_ALPHA: &str = "admissionregistration.k8s.io/v1alpha1";
const ADMISSION_BETA: &str = "admissionregistration.k8s.io/v1beta1";
const RESOURCE: &str = "resource.k8s.io/v1";
const STORAGE: &str = "storage.k8s.io/v1";

const fn row(
    minor: u64,
    api_version: &'static str,
    kind: &'static str,
    instead: &'static str,
) -> RemovedApi {
    RemovedApi {
        minor,
        api_version,
        kind,
        instead,
    }
}

/// Returns the kinds that are served before an upgrade, and no longer after it.
pub fn removed_between(from: &str, to: &str) -> impl Iterator<Item = &'static RemovedApi> {
    let minors = major_and_minor(from).zip(major_and_minor(to));
    REMOVED_APIS.iter().filter(move |removed| {
        minors.is_some_and(|((_, from), (_, to))| removed.minor > from && removed.minor <= to)
    })
}
