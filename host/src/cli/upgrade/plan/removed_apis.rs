//! Objects that were written in API versions that the target does not serve any more.
use super::object::RemovedObjects;
use crate::{cli::print, world::Cluster};
use kubephase_sdk::release::upgrade::{RemovedApi, removed_between};
use kubephase_wit::FailureCode;
use serde_json::Value;
use std::collections::BTreeSet;

/// The text in place of an owner that an object does not name.
const UNKNOWN: &str = "unknown";

/// Counts the objects that were written in API versions which go away in an upgrade. Kinds without
/// such objects are left out. Prints a warning for each kind that cannot be listed.
pub fn count(cluster: &dyn Cluster, from: &str, to: &str) -> Vec<RemovedObjects> {
    let removed = removed_between(from, to);
    removed.filter_map(|api| count_one(cluster, api)).collect()
}

fn count_one(cluster: &dyn Cluster, api: &RemovedApi) -> Option<RemovedObjects> {
    let objects = match cluster.list(api.api_version, api.kind, None, None) {
        Ok(objects) => objects,
        // The API server does not serve the version.
        Err(failure) if failure.code == FailureCode::NotFound => return None,
        Err(failure) => {
            print::warning(&format!(
                "the objects of the kind {} of {}, which goes away, cannot be counted: {}",
                api.kind,
                api.api_version,
                failure.to_text()
            ));
            return None;
        }
    };
    let written: Vec<BTreeSet<&str>> = objects
        .iter()
        .map(|object| owners(object, api.api_version))
        .filter(|owners| !owners.is_empty())
        .collect();
    let owners: BTreeSet<&str> = written.iter().flatten().copied().collect();
    (!written.is_empty()).then(|| RemovedObjects {
        api_version: api.api_version,
        kind: api.kind,
        instead: api.instead,
        objects: written.len(),
        owners: owners.into_iter().map(str::to_owned).collect(),
    })
}

/// Returns the programs that wrote fields of an object in an API version. An object that names no
/// programs at all counts as written in it.
fn owners<'a>(object: &'a Value, api_version: &str) -> BTreeSet<&'a str> {
    let Some(fields) = object["metadata"]["managedFields"].as_array() else {
        return BTreeSet::from([UNKNOWN]);
    };
    let written = fields
        .iter()
        .filter(|field| field["apiVersion"] == api_version);
    written
        .map(|field| field["manager"].as_str().unwrap_or(UNKNOWN))
        .collect()
}
