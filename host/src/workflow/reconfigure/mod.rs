//! `apply`: changes the configuration of a running cluster, on one machine after the other. With a
//! file, the first machine also changes what all share; without one, a machine follows the
//! configuration that the cluster keeps.
mod load;
mod phases;

pub use load::lines_of;

use super::upgrade::disabled_addons;
use crate::{
    config::{self, Config, ReconfigureFlags},
    phase::preflight::GROUP,
    plan::spec::{PhaseSpec, WorkflowId},
    program,
    run::workflow::{LoadInput, LoadedRun, Question, Workflow},
};
use anyhow::Result;
use clap::{Arg, FromArgMatches};
use std::collections::BTreeMap;

/// The workflow `reconfigure`.
pub struct Reconfigure;

const ID: &str = "reconfigure";

static QUESTION: Question = Question {
    warning: "",
    prompt: "[apply] Are you sure you want to proceed? [y/N]: ",
    group: GROUP,
    flag: "--yes",
};

impl Workflow for Reconfigure {
    fn id(&self) -> WorkflowId {
        WorkflowId::new(ID)
    }

    fn command(&self) -> &'static [&'static str] {
        &["apply"]
    }

    fn about(&self) -> &'static str {
        "Change the configuration of a running cluster; only what differs is changed"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<ReconfigureFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::all()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = ReconfigureFlags::from_arg_matches(input.arguments)?;
        let loaded = load::load(input, &flags)?;
        let is_asked = !(flags.yes || loaded.dry_run);
        Ok(LoadedRun {
            question: is_asked.then_some(&QUESTION),
            ..LoadedRun::new(loaded, &flags.skip_phases)
        })
    }

    fn disabled_phases(&self, config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        let mut disabled = disabled_addons(config);
        disabled.extend(phases::disabled_phases(config));
        disabled
    }

    fn closing(&self, config: &Config, is_dry_run: bool) -> Option<String> {
        let reconfiguration = config.reconfiguration.clone().unwrap_or_default();
        if is_dry_run {
            return Some("\nThis was a dry run: nothing was changed.\n".to_owned());
        }
        let done = "\nThis machine has the configuration of the cluster.\n";
        Some(if reconfiguration.has_file {
            format!(
                "{done}\nNow run `{}` on each other machine of the control plane, one after the \
                 other, and then on each worker.\n",
                program::command("apply")
            )
        } else {
            done.to_owned()
        })
    }
}
