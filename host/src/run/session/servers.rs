//! The servers that a phase may ask.
use super::{Session, admit::AdmittedCall, known::denied_failure};
use crate::{
    arguments::HttpUrl,
    wasm::gate::Arguments,
    world::{
        WorldResult,
        reach::{ClusterSubnets, Reach},
    },
};
use serde_json::Value;

/// JSON pointers to the subnets of Services and Pods in the configuration.
const SUBNETS: [&str; 2] = [
    "/cluster/networking/serviceSubnet",
    "/cluster/networking/podSubnet",
];

impl Session {
    /// Returns the addresses that an admitted call may connect to for a URL. Fails with `denied` if
    /// the grant has to name the host of the URL, and does not.
    pub(super) fn decide_reach<A: Arguments>(
        &self,
        call: &AdmittedCall<A>,
        url: &HttpUrl,
    ) -> WorldResult<Reach> {
        let demands = call.arguments.demands();
        let subnets = SUBNETS.map(|place| {
            let subnet = self.0.shared.config.pointer(place);
            subnet.and_then(Value::as_str).unwrap_or_default()
        });
        let cluster_subnets = ClusterSubnets::parse(&subnets.join(","));
        let reach = self
            .0
            .access
            .decide_reach(call.row, &demands, url, cluster_subnets);
        reach.map_err(denied_failure)
    }
}
