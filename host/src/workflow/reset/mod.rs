//! `reset`: undoes what `init` or `join` did to this machine. It uses the files of the node, and
//! the configuration in the cluster if the cluster answers.
mod phases;

use crate::{
    config::{self, Config, LoadedReset, ResetFlags},
    plan::spec::{PhaseSpec, WorkflowId},
    render::messages,
    run::{
        generated_secrets::GeneratedSecrets,
        workflow::{ClusterOfRehearsal, LabelledLine, LoadInput, LoadedRun, Question, Workflow},
    },
    world::Files,
};
use anyhow::Result;
use clap::{Arg, FromArgMatches};

/// The workflow `reset`.
pub struct Reset;

/// kubeadm's question before a reset.
static QUESTION: Question = Question {
    warning: "[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will \
              be reverted.",
    prompt: "[reset] Are you sure you want to proceed? [y/N]: ",
    group: "preflight",
    flag: "--force",
};

impl Workflow for Reset {
    fn id(&self) -> WorkflowId {
        WorkflowId::new("reset")
    }

    fn command(&self) -> &'static [&'static str] {
        &["reset"]
    }

    fn about(&self) -> &'static str {
        "Undo what init or join did to this machine"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<ResetFlags>()
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let flags = ResetFlags::from_arg_matches(input.arguments)?;
        let world = input.world.open()?;
        let LoadedReset { mut loaded, force } =
            config::load_reset(input.file, &flags, input.node, world.files())?;
        if let Ok(cluster) = world
            .cluster()
            .with_kubeconfig(&loaded.config.run.kubeconfig)
        {
            input.say(messages::READING_CONFIGURATION.map(|line| LabelledLine::new("reset", line)));
            config::merge_cluster_configuration(&mut loaded, cluster.as_ref());
        }
        let is_asked = !force && !loaded.dry_run;
        Ok(LoadedRun {
            question: is_asked.then_some(&QUESTION),
            ..LoadedRun::new(loaded, &flags.skip_phases)
        })
    }

    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::Kept
    }

    fn ends_cluster(&self) -> bool {
        true
    }

    /// Removes the secrets that earlier runs generated for the node.
    fn finish(&self, files: &dyn Files) -> Result<()> {
        GeneratedSecrets::forget(files)
    }

    fn closing(&self, _config: &Config, _is_dry_run: bool) -> Option<String> {
        Some(messages::RESET.to_owned())
    }
}
