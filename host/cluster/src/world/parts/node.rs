//! The machine without its files: facts, kernel, services and programs.
use crate::{
    arguments::{CommandLine, ModuleName, SysctlKey, UnitName},
    budget::Budget,
    world::{ServiceState, WorldResult},
};
use kubephase_wit::CommandOutput;
use serde_json::Value;
use std::time::Duration;

/// The rights of a program that the host runs for a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// everything that this process may do: the program is to change the node
    Full,
    /// only what needs none of the capabilities of root: the program is to look at the node
    WithoutCapabilities,
}

/// The machine without its files: facts, kernel, services and programs.
pub trait Node: Send + Sync {
    /// Returns a fact by its name; `None` if there is no such fact. The set of names is open, and a
    /// fact can be any JSON value: see `NodeFacts` in the SDK.
    fn fact(&self, name: &str) -> Option<Value>;
    /// Returns the value of a kernel parameter that every user may read; `None` if the kernel does
    /// not have it.
    fn sysctl(&self, key: &SysctlKey) -> Option<String>;
    /// Returns the value of an option that the kernel was built with: `y`, `m` or `n`.
    fn kernel_option(&self, name: &str) -> WorldResult<Option<String>>;
    /// Returns the state of a service; `None` on a node without a known init system.
    fn service(&self, name: &UnitName) -> WorldResult<Option<ServiceState>>;
    /// Returns for how long the process of a service has run; `None` if the service does not run,
    /// or if the init system does not say.
    fn service_age(&self, name: &UnitName) -> Option<Duration> {
        let _ = name;
        None
    }
    /// Brings a service into a state: `running`, `restarted`, `stopped`, `enabled` or `disabled`.
    /// Returns whether anything changed.
    ///
    /// # Errors
    /// `invalid` for another state.
    fn ensure_service(&self, name: &UnitName, state: &str) -> WorldResult<bool>;
    /// Sets a kernel parameter. Returns whether it had another value.
    fn set_sysctl(&self, key: &SysctlKey, value: &str) -> WorldResult<bool>;
    /// Loads a kernel module. Returns whether it was not loaded before.
    fn load_module(&self, name: &ModuleName) -> WorldResult<bool>;
    /// Runs a program until it ends, or the budget does.
    ///
    /// # Errors
    /// `not-found` if there is no such program; `limit`, `timeout` or `cancelled` when the budget
    /// ends.
    fn run(
        &self,
        command: &CommandLine,
        rights: Rights,
        budget: &Budget,
    ) -> WorldResult<CommandOutput>;
    /// Unmounts everything below a directory (a real path). Returns the number of mounts that were
    /// there. `flags` have kubeadm's names, `MNT_DETACH` for example.
    fn unmount_below(&self, directory: &str, flags: &[String]) -> WorldResult<usize>;
}
