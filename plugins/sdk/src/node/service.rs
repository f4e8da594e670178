//! Services of a node.
use crate::{Failure, inputs::parse, observe_node};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The state of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ServiceState {
    /// whether the init system knows the service
    pub exists: bool,
    /// whether the service starts with the machine
    pub enabled: bool,
    /// whether the service runs
    pub active: bool,
}

/// Returns the state of a service; `None` if the node has no known init system.
///
/// # Errors
/// Failures of the host, such as `invalid` for a name that is not one of a service.
pub fn service(name: &str) -> Result<Option<ServiceState>, Failure> {
    let Some(text) = observe_node::service(name)? else {
        return Ok(None);
    };
    // A newer host may answer more fields, so the strict parser of descriptions is not used here.
    let answer: Value = parse(&text, &format!("service {name}"))?;
    Ok(Some(ServiceState {
        exists: answer["exists"] == true,
        enabled: answer["enabled"] == true,
        active: answer["active"] == true,
    }))
}
