//! Effects on services, kernel parameters and kernel modules.
use super::{
    Applied, Context, EffectOutcome,
    kind::{EffectKind, FileProperties, Properties, Target, Undo},
};
use crate::{
    arguments::{ModuleName, SysctlKey, UnitName},
    wasm::{
        gate::{Demand, ENSURE_SERVICE, LOAD_MODULE, SET_SYSCTL},
        grant::Grant,
    },
    world::WorldResult,
};
use kubephase_sdk::undo::Inverse;
use serde::{Deserialize, Serialize};

/// A service in a state: `running`, `restarted`, `stopped`, `enabled`, `disabled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub name: UnitName,
    pub state: String,
}

impl Service {
    /// Returns the way to undo a change to this state; nothing if the state before is not known.
    fn undo(&self) -> Undo {
        let name = self.name.to_string();
        match self.state.as_str() {
            "running" => Undo::By(Inverse::StopService(name)),
            "enabled" => Undo::By(Inverse::DisableService(name)),
            _ => Undo::Nothing,
        }
    }

    /// Returns the inverse that a change to this state carries out.
    fn undoes(&self) -> Option<Inverse> {
        let name = self.name.to_string();
        match self.state.as_str() {
            "stopped" => Some(Inverse::StopService(name)),
            "disabled" => Some(Inverse::DisableService(name)),
            _ => None,
        }
    }
}

impl EffectKind for Service {
    fn properties(&self) -> Properties {
        Properties {
            kind: "service",
            target: Target::Other(format!("{} {}", self.name, self.state)),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: self.undo(),
            undoes: self.undoes(),
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&ENSURE_SERVICE.row, &[Demand::Unit(&self.name)])
    }

    /// Brings the service into the state. `restarted` restarts it only if it does not run, or if an
    /// effect that this effect requires changed something.
    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let node = context.world.node();
        if self.state == "restarted"
            && !context.dependency_changed
            && node
                .service(&self.name)?
                .is_some_and(|service| service.active)
        {
            return Ok(EffectOutcome::from(Applied::Unchanged));
        }
        node.ensure_service(&self.name, &self.state)
            .map(EffectOutcome::from)
    }
}

/// A kernel parameter with a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sysctl {
    pub key: SysctlKey,
    pub value: String,
}

impl EffectKind for Sysctl {
    fn properties(&self) -> Properties {
        Properties {
            kind: "sysctl",
            target: Target::Other(format!("{}={}", self.key, self.value)),
            files: FileProperties::none(),
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&SET_SYSCTL.row, &[Demand::KernelParameter(&self.key)])
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let node = context.world.node();
        node.set_sysctl(&self.key, &self.value)
            .map(EffectOutcome::from)
    }
}

/// A loaded kernel module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Module {
    pub name: ModuleName,
}

impl EffectKind for Module {
    fn properties(&self) -> Properties {
        Properties {
            kind: "module",
            target: Target::Other(self.name.to_string()),
            files: FileProperties::none(),
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&LOAD_MODULE.row, &[Demand::Module(&self.name)])
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        context
            .world
            .node()
            .load_module(&self.name)
            .map(EffectOutcome::from)
    }
}
