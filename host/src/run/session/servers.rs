//! Which servers a phase asks.
use super::{Session, admit::Admitted, observe::denied};
use crate::{
    arguments::HttpUrl,
    wasm::gate::Arguments,
    world::{
        Tried,
        reach::{Reach, Services},
    },
};
use serde_json::Value;

/// Where the configuration has the subnets of Services.
const SERVICE_SUBNET: &str = "/cluster/networking/serviceSubnet";

impl Session {
    /// Decides about the server of an admitted call.
    pub(super) fn reach<A: Arguments>(&self, call: &Admitted<A>, url: &HttpUrl) -> Tried<Reach> {
        let demands = call.arguments.demands();
        let subnets = self.0.shared.config.pointer(SERVICE_SUBNET);
        let services = Services::of(subnets.and_then(Value::as_str).unwrap_or_default());
        let reach = self.0.access.reach(call.row, &demands, url, services);
        reach.map_err(denied)
    }
}
