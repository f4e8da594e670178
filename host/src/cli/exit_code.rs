//! The exit code of each class of error.
use super::{CliError, Exit};
use crate::{
    config::Problems,
    plan::{PlanError, PlanErrors},
    plugin::refused::PluginRefused,
};

/// Returns the exit code of an error. Context around the error does not change its class.
pub fn exit_code(error: &anyhow::Error) -> Exit {
    if let Some(refusal) = error.downcast_ref::<CliError>() {
        return refusal.exit;
    }
    if let Some(PlanErrors(errors)) = error.downcast_ref() {
        return errors.first().map_or(Exit::Usage, plan_exit_code);
    }
    if error.is::<Problems>() {
        return Exit::Config;
    }
    if error.is::<PluginRefused>() {
        return Exit::Plugin;
    }
    Exit::Error
}

/// Returns the exit code of an error in a plan. A wrong name or choice is a mistake of the command
/// line. A plan that is not possible is a mistake of the configuration.
fn plan_exit_code(error: &PlanError) -> Exit {
    match error {
        PlanError::UnknownName { .. } | PlanError::Unresolved(_) => Exit::Usage,
        PlanError::UnknownNeed { .. } => Exit::Plugin,
        PlanError::Cycle(_)
        | PlanError::NoStandIn { .. }
        | PlanError::UnknownPlugin { .. }
        | PlanError::SlotTaken { .. } => Exit::Config,
    }
}

#[cfg(test)]
mod tests;
