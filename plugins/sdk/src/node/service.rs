//! Services of a node.
use crate::{Failure, facts::ServiceState, inputs::parse, observe_node};
use serde_json::Value;

/// Returns the state of a service; `None` if the node has no known init system.
///
/// # Errors
/// Failures of the host, such as `invalid` for a text that is not the name of a service.
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
