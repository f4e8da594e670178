//! The workflows: everything that differs between `init`, `join`, `reset`, `certs renew`,
//! `certs rotate-ca`, the upgrades, `apply` and `doctor`. The engine that runs them is in
//! [`crate::run`]; the code of their phases is in [`crate::phase`].
//!
//! A new workflow is one module here and one line of [`ALL`].
pub mod certs_renew;
pub mod certs_rotate_ca;
pub mod doctor;
pub mod init;
pub mod join;
pub mod reconfigure;
pub mod reset;
#[cfg(test)]
pub mod testing;
pub mod upgrade;

use crate::{
    plan::{catalog::Catalog, spec::WorkflowId},
    run::workflow::Workflow,
};

/// Every workflow, in the order of the help.
pub static ALL: &[&dyn Workflow] = &[
    &init::Init,
    &join::Join,
    &reset::Reset,
    &certs_renew::CertsRenew,
    &certs_rotate_ca::CertsRotateCa,
    &upgrade::UpgradeApply,
    &upgrade::UpgradeNode,
    &upgrade::UpgradeRollback,
    &reconfigure::Reconfigure,
    &doctor::ExamineNode,
];

/// Returns a workflow by its name; `None` if there is no such workflow.
pub fn find(id: &WorkflowId) -> Option<&'static dyn Workflow> {
    ALL.iter().copied().find(|workflow| workflow.id() == *id)
}

/// Returns the catalog of the built-in phases of all workflows.
pub fn builtin_catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for workflow in ALL {
        catalog.add_builtin(&workflow.id(), workflow.phases());
    }
    catalog
}
