//! Authorities that the cluster publishes in ConfigMaps.
use crate::{pki::Certificate, world::WorldResult};
use kubephase_wit::{Failure, FailureCode, ObjectRef};

/// Returns the reference of the ConfigMap with the authorities that Pods of the cluster's own
/// components trust.
pub(super) fn published_authorities() -> ObjectRef {
    ObjectRef::config_map("kube-system", "kube-root-ca.crt")
}

/// Whether all wanted authorities are published. With `only`, no other authority may be published.
///
/// # Errors
/// A certificate cannot be read.
pub(super) fn are_published(published: &str, wanted: &str, only: bool) -> WorldResult<bool> {
    let parse = |pem: &str| {
        Certificate::parse_all(pem).map_err(|why| Failure::new(FailureCode::Invalid, why))
    };
    let (published, wanted) = (parse(published)?, parse(wanted)?);
    let are_there = wanted.iter().all(|authority| published.contains(authority));
    let has_others = published.iter().any(|other| !wanted.contains(other));
    Ok(are_there && !(only && has_others))
}
