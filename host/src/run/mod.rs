//! The engine of all workflows: [`prepare`] makes a plan, [`site`] opens the place of the run, and
//! [`execute`] executes the plan in its world and reports the progress as events. The trait in
//! [`workflow`] has the parts that differ between workflows.
pub mod access;
mod apply;
pub mod capsule;
pub mod distribution;
pub mod execute;
pub mod executor;
pub mod finding_policy;
pub mod generated_secrets;
mod makers;
pub mod output;
pub mod owners;
mod patches_of_run;
pub mod peers;
pub mod planning;
mod plugins_of_run;
pub mod prepare;
mod provide;
mod queue;
mod replacements;
pub mod scratch;
pub mod secrets;
pub mod session;
pub mod signals;
pub mod site;
mod stand_ins;
pub mod threads;
mod time;
pub mod waivers;
pub mod worker_pool;
pub mod workflow;
