//! `doctor`: looks at a node at any time, and says what is wrong and what to do. Its phases only
//! observe: the host refuses what they propose. So a run keeps no journal, takes no lock, and can
//! go on beside any other run.
mod load;
mod phases;

use crate::{
    config::{self, Config, DoctorFlags},
    plan::spec::{PhaseSpec, WorkflowId},
    run::workflow::{ClusterOfRehearsal, LoadInput, LoadedRun, Workflow},
};
use anyhow::Result;
use clap::{Arg, FromArgMatches};
use std::collections::BTreeMap;

/// The workflow `doctor`.
pub struct ExamineNode;

const ID: &str = "doctor";

impl Workflow for ExamineNode {
    fn id(&self) -> WorkflowId {
        WorkflowId::new(ID)
    }

    fn command(&self) -> &'static [&'static str] {
        &[ID]
    }

    fn about(&self) -> &'static str {
        "Check this machine and its cluster, and report problems with their remedies"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<DoctorFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::all()
    }

    fn only_observes(&self) -> bool {
        true
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = DoctorFlags::from_arg_matches(input.arguments)?;
        Ok(LoadedRun::new(
            load::load(input, &flags)?,
            &flags.skip_phases,
        ))
    }

    fn disabled_phases(&self, config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        phases::disabled_phases(config)
    }

    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::Kept
    }
}
