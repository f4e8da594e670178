//! The observations that only phases of the program may make: etcd, and the health of the control
//! plane.
use super::{Hosted, Session, observe::all, to_json};
use crate::{effect::wait::component_states, wasm::gate};
use kubephase_sdk::spec::EtcdHealth;
use kubephase_wit::observe_core;
use serde_json::Value;
use std::time::Duration;

/// Time limit of a request to a health endpoint of this node.
const HEALTH_LIMIT: Duration = Duration::from_secs(5);

impl observe_core::Host for Session {
    fn etcd_members(&mut self) -> Hosted<Vec<String>> {
        let call = self.admit(&gate::ETCD_MEMBERS, ())?;
        let members = self.observe(&call, |world, _| world.etcd().members())?;
        Ok(all(&members)?)
    }

    fn etcd_health(&mut self) -> Hosted<String> {
        let call = self.admit(&gate::ETCD_HEALTH, ())?;
        let health = self.observe(&call, |world, _| {
            let (healthy, members) = world.etcd().health()?;
            Ok(EtcdHealth { healthy, members })
        })?;
        Ok(to_json(&health)?)
    }

    fn component_health(&mut self, url: String) -> Hosted<u16> {
        let call = self.admit(&gate::COMPONENT_HEALTH, url)?;
        self.observe(&call, |world, call| {
            let budget = call.budget.with_time_limit(HEALTH_LIMIT);
            world.net().health(&call.arguments, &budget)
        })
    }

    fn api_server_health(&mut self, url: String) -> Hosted<u16> {
        let call = self.admit(&gate::API_SERVER_HEALTH, url)?;
        let config = &self.0.shared.config;
        let kubeconfig = config.pointer("/run/kubeconfig").and_then(Value::as_str);
        let kubeconfig = kubeconfig.unwrap_or_default();
        self.observe(&call, |world, call| {
            world.cluster().probe(kubeconfig, &call.arguments)
        })
    }

    fn components(&mut self) -> Hosted<Vec<String>> {
        let call = self.admit(&gate::COMPONENTS, ())?;
        let states = self.observe(&call, |world, _| component_states(world.runtime()))?;
        Ok(all(&states)?)
    }
}
