//! The machine without its files: facts that were gathered, and what is read or changed on request.
use super::{
    child::LeftoverProcesses,
    mounts,
    programs::Programs,
    services::{ServiceManager, Tools},
    sysctl,
};
use crate::{
    arguments::{CommandLine, ModuleName, SysctlKey, UnitName},
    budget::Budget,
    world::{Node, Rights, ServiceState, WorldResult, node::facts::NodeFacts},
};
use kubephase_wit::{CommandOutput, Failure, FailureCode};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, time::Duration};

/// The machine without its files.
pub(super) struct RealNode {
    /// Facts that were gathered when the run began.
    facts: NodeFacts,
    /// The facts that phases may ask for, by name.
    facts_by_name: BTreeMap<&'static str, Value>,
    init: Option<ServiceManager>,
    tools: Tools,
}

impl RealNode {
    /// Returns this machine with facts that were gathered before.
    pub(super) fn new(facts: NodeFacts, tools: Tools) -> RealNode {
        RealNode {
            facts_by_name: facts.facts_of_machine(),
            facts,
            init: ServiceManager::detect(&tools),
            tools,
        }
    }
}

impl Node for RealNode {
    fn fact(&self, name: &str) -> Option<Value> {
        self.facts_by_name.get(name).cloned()
    }

    fn sysctl(&self, key: &SysctlKey) -> Option<String> {
        sysctl::read(sysctl::TREE, key).ok()
    }

    fn kernel_option(&self, name: &str) -> WorldResult<Option<String>> {
        Ok(self.facts.kernel_option(name))
    }

    fn service(&self, name: &UnitName) -> WorldResult<Option<ServiceState>> {
        Ok(self.init.as_ref().map(|init| init.state(name)))
    }

    fn service_age(&self, name: &UnitName) -> Option<Duration> {
        self.init.as_ref()?.age(name)
    }

    fn ensure_service(&self, name: &UnitName, state: &str) -> WorldResult<bool> {
        let Some(init) = &self.init else {
            return Err(Failure::new(
                FailureCode::Unavailable,
                format!("no supported init system was found: cannot set {name} to {state}"),
            ));
        };
        init.ensure(name, state)
    }

    fn set_sysctl(&self, key: &SysctlKey, value: &str) -> WorldResult<bool> {
        sysctl::set(sysctl::TREE, key, value)
    }

    fn load_module(&self, name: &ModuleName) -> WorldResult<bool> {
        load_module(name, Path::new("/sys/module"), &self.tools)
    }

    fn run(
        &self,
        command: &CommandLine,
        rights: Rights,
        budget: &Budget,
    ) -> WorldResult<CommandOutput> {
        let (program, args) = (command.program(), command.arguments());
        // The kubelet was asked when the run began. It is not asked again, because that takes as
        // long as making a key.
        if program == "kubelet" && args == ["--version"] && self.facts.kubelet_version.is_some() {
            return self.facts.run(program, args);
        }
        let output =
            Programs::OfSystem(rights).run(program, args, LeftoverProcesses::Killed, budget)?;
        Ok(CommandOutput {
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout(),
            stderr: output.stderr(),
        })
    }

    fn unmount_below(&self, directory: &str, flags: &[String]) -> WorldResult<usize> {
        let table = mounts::read_table()?;
        mounts::unmount_all(&mounts::mounts_below(&table, directory), directory, flags)
    }
}

/// Loads a kernel module if it is not in `loaded`, the directory of the kernel's modules. Returns
/// whether it was loaded now.
pub(super) fn load_module(name: &ModuleName, loaded: &Path, tools: &Tools) -> WorldResult<bool> {
    if loaded.join(name.replace('-', "_")).is_dir() {
        return Ok(false);
    }
    tools.change("modprobe", &["--", name]).map(|()| true)
}
