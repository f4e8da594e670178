//! Which servers a phase asks, and as whom.
use super::{Session, admit::Admitted, observe::denied};
use crate::{
    arguments::{AbsolutePath, HttpUrl},
    run::owners,
    wasm::gate::{Arguments, Row, owner_of_path},
    world::{
        Tried, World,
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

    /// Checks a file that is shown to a server as the identity of who asks: its real path is
    /// granted, and where it belongs to the host, the operator allowed that.
    pub(super) fn check_identity(
        &self,
        world: &dyn World,
        row: &'static Row,
        path: &AbsolutePath,
    ) -> Tried<()> {
        self.check_real_path(world, row, path)?;
        if !self.is_plugin() {
            return Ok(());
        }
        let real_path = match world.files().open(path) {
            Ok(opened) => opened.real_path(),
            Err(failure) if failure.code == "not-found" => path.to_string(),
            Err(failure) => return Err(failure),
        };
        for path in [path.as_str(), &real_path] {
            if let Some(plugin) = self
                .third_party()
                .filter(|own| owner_of_path(path) == Some(own))
                && let Some(identity) = self.0.shared.identities.get(plugin)
            {
                owners::check(world.files(), plugin, identity)?;
            }
            let is_hosts = self.0.shared.territory.owns(path);
            let verdict = self.0.access.check_identity(row, path, is_hosts);
            verdict.map_err(denied)?;
        }
        Ok(())
    }
}
