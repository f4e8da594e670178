//! The engine of all workflows: [`prepare`] makes a plan, [`site`] opens the place of the run, and
//! [`execute`] takes the plan to its world and tells what happened as events. What is particular to
//! a workflow stands behind the trait in [`workflow`].
pub mod access;
mod apply;
pub mod capsule;
pub mod execute;
pub mod executor;
pub mod finding_policy;
pub mod generated_secrets;
mod makers;
pub mod output;
pub mod owners;
pub mod peers;
pub mod prepare;
mod provide;
mod queue;
pub mod scratch;
pub mod secrets;
pub mod session;
pub mod signals;
pub mod site;
pub mod threads;
mod time;
mod waivers;
pub mod worker_pool;
pub mod workflow;
