//! Facts, kernel, services and programs of a described node.
use super::DescribedNode;
use crate::{
    arguments::{CommandLine, ModuleName, SysctlKey, UnitName},
    budget::Budget,
    world::{Node, Rights, ServiceState, WorldResult, node::facts::not_checked_failure},
};
use kubephase_wit::{CommandOutput, Failure, FailureCode};
use serde_json::Value;

impl Node for DescribedNode {
    fn fact(&self, name: &str) -> Option<Value> {
        self.facts_by_name.get(name).cloned()
    }

    fn sysctl(&self, key: &SysctlKey) -> Option<String> {
        let key = key.as_str();
        self.changes()
            .sysctls
            .get(key)
            .or_else(|| self.facts.sysctls.get(key))
            .cloned()
    }

    fn kernel_option(&self, name: &str) -> WorldResult<Option<String>> {
        Ok(self.facts.kernel_option(name))
    }

    fn service(&self, name: &UnitName) -> WorldResult<Option<ServiceState>> {
        Ok(self.facts.init_system.as_ref().map(|_| {
            self.changes()
                .services
                .get(name.as_str())
                .copied()
                .unwrap_or_default()
        }))
    }

    fn ensure_service(&self, name: &UnitName, state: &str) -> WorldResult<bool> {
        let enter: fn(&mut ServiceState) = match state {
            "running" | "restarted" => |service| service.active = true,
            "stopped" => |service| service.active = false,
            "enabled" => |service| service.enabled = true,
            "disabled" => |service| service.enabled = false,
            other => {
                return Err(Failure::new(
                    FailureCode::Invalid,
                    format!("{other:?} is not a state of a service"),
                ));
            }
        };
        // In a rehearsal, this starts or stops the rehearsed kubelet.
        let hook_changed = (self.on_service)(name, state)?;
        let mut changes = self.changes();
        let service = changes
            .services
            .entry(name.to_string())
            .or_insert(ServiceState {
                exists: true,
                ..ServiceState::default()
            });
        let before = *service;
        enter(service);
        Ok(hook_changed || before != *service)
    }

    fn set_sysctl(&self, key: &SysctlKey, value: &str) -> WorldResult<bool> {
        let changed = self.sysctl(key).as_deref() != Some(value);
        self.changes()
            .sysctls
            .insert(key.to_string(), value.to_owned());
        Ok(changed)
    }

    fn load_module(&self, name: &ModuleName) -> WorldResult<bool> {
        let mut changes = self.changes();
        if changes.modules.iter().any(|module| *module == **name) {
            return Ok(false);
        }
        changes.modules.push(name.to_string());
        Ok(true)
    }

    fn run(
        &self,
        command: &CommandLine,
        _rights: Rights,
        _budget: &Budget,
    ) -> WorldResult<CommandOutput> {
        self.facts.run(command.program(), command.arguments())
    }

    fn unmount_below(&self, _directory: &str, _flags: &[String]) -> WorldResult<usize> {
        Err(not_checked_failure("what is mounted on a described node"))
    }
}
