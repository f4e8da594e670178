//! Defaults and addresses of Services.
use crate::world::rehearsal::api_server::{
    status::{ApiError, ApiResult},
    store::{Store, core_resource, namespace_and_name},
};
use kubephase_sdk::net::{Network, parse_address};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Positions in the range of the addresses that Services get which do not ask for one. The
/// addresses before them are left to Services that ask for an address.
const ALLOCATED: std::ops::Range<u128> = 100..100_000;
/// The positions before them, which are used if the range has no others.
const RESERVED: std::ops::Range<u128> = 1..100;

/// Completes a Service and allocates its address in a range.
///
/// # Errors
/// `Invalid` if the address is taken or not in the range.
pub(super) fn complete_service(
    store: &Store,
    object: &mut Value,
    range: Option<Network>,
) -> ApiResult<()> {
    let (namespace, name) = namespace_and_name(object);
    complete_spec(&mut object["spec"]);
    let services = core_resource("services");
    let taken: BTreeSet<&str> = store
        .list(services, "")
        .filter(|other| namespace_and_name(other) != (namespace.clone(), name.clone()))
        .filter_map(|other| other["spec"]["clusterIP"].as_str())
        .collect();
    let current = store
        .get(services, &namespace, &name)
        .and_then(|service| service["spec"]["clusterIP"].as_str());
    let spec = &mut object["spec"];
    let wanted = spec["clusterIP"]
        .as_str()
        .filter(|address| !address.is_empty())
        .or(current);
    let address = match wanted {
        Some(address) => address.to_owned(),
        None => range
            .and_then(|range| free_address(range, &taken))
            .unwrap_or_default(),
    };
    if address != "None" && !address.is_empty() {
        check_address(&address, &taken, range).map_err(|why| {
            let why = format!(
                "spec.clusterIPs: Invalid value: [{address:?}]: failed to allocate IP {address}: \
                 {why}"
            );
            ApiError::invalid(services, &name, &why)
        })?;
    }
    spec["clusterIPs"] = json!([address]);
    spec["clusterIP"] = address.into();
    if object["status"].is_null() {
        object["status"] = json!({"loadBalancer": {}});
    }
    Ok(())
}

fn complete_spec(spec: &mut Value) {
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        if port["protocol"].is_null() {
            port["protocol"] = "TCP".into();
        }
        if port["targetPort"].is_null() {
            port["targetPort"] = port["port"].clone();
        }
    }
    for (field, default) in [("type", "ClusterIP"), ("sessionAffinity", "None")] {
        if spec[field].is_null() {
            spec[field] = default.into();
        }
    }
}

fn free_address(range: Network, taken: &BTreeSet<&str>) -> Option<String> {
    ALLOCATED
        .chain(RESERVED)
        .filter_map(|number| range.nth(number))
        .map(|address| address.to_string())
        .find(|address| !taken.contains(address.as_str()))
}

/// Checks that an address is free and in the range.
///
/// # Errors
/// The end of kube-apiserver's message.
fn check_address(
    address: &str,
    taken: &BTreeSet<&str>,
    range: Option<Network>,
) -> Result<(), String> {
    if taken.contains(address) {
        return Err("provided IP is already allocated".into());
    }
    let is_inside = parse_address(address)
        .is_some_and(|address| range.is_none_or(|range| range.contains(address)));
    if is_inside {
        return Ok(());
    }
    let range = range.map(|range| range.to_string()).unwrap_or_default();
    Err(format!("the provided IP is not in the valid range {range}"))
}
