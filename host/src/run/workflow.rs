//! The interface of a workflow: everything that differs between `init`, `join`, `reset` and the
//! workflows that change a machine which was set up before. The defaults of [`Workflow`] are those
//! of the latter. The workflows themselves are in [`crate::workflow`].
use crate::{
    config::{Config, ConfigFile, LoadedConfig, PhaseFlags},
    plan::spec::{PhaseSpec, WorkflowId},
    world::{Files, World, node::facts::NodeFacts},
};
use anyhow::Result;
use clap::{Arg, ArgMatches};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A workflow: a command that runs phases.
pub trait Workflow: Sync {
    /// Returns the name of the workflow in manifests, journals, locks and plans.
    fn id(&self) -> WorkflowId;

    /// Returns the words of the command line that run the workflow, for example `["init"]`.
    fn command(&self) -> &'static [&'static str];

    /// Returns the help text of the command.
    fn about(&self) -> &'static str;

    /// Returns the shape of the command.
    fn shape(&self) -> CommandShape {
        CommandShape::Whole
    }

    /// Returns the phases or groups that run if the operator names one, by its id or by the name of
    /// its command.
    fn selection(&self, name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    /// Returns the flags of the whole command, under kubeadm's names.
    fn flags(&self) -> Vec<Arg>;

    /// Whether the commands of single phases also take [`PhaseFlags`].
    fn has_phase_flags(&self) -> bool {
        false
    }

    /// Returns the flags of the command for the place of its run and for its output.
    fn place_flags(&self) -> PlaceFlags {
        PlaceFlags::Place
    }

    /// Returns the phases, in kubeadm's order; a group precedes its members.
    fn phases(&self) -> Vec<PhaseSpec>;

    /// Loads the configuration from flags, files, the node and the cluster. Changes nothing.
    ///
    /// # Errors
    /// The configuration has problems, or the cluster is not found or not trusted.
    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun>;

    /// Returns the phases that the configuration switches off, each with the reason. `is_whole` is
    /// false if single phases were selected.
    fn disabled_phases(&self, _config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Completes the configuration from the files of the node, just before the run. Returns
    /// warnings.
    ///
    /// # Errors
    /// The files cannot be read.
    fn complete(&self, _config: &mut Config, _files: &dyn Files) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Whether the phases only observe. The host then refuses what they propose; a run keeps no
    /// journal, takes no lock, and does not need to be root.
    fn only_observes(&self) -> bool {
        false
    }

    /// Whether the command takes the plugins and images of its run from a bundle, if one is named.
    fn takes_bundle(&self) -> bool {
        false
    }

    /// Returns the first lines of a run.
    fn opening(&self, _config: &Config) -> Vec<LabelledLine> {
        Vec::new()
    }

    /// Returns the cluster around the machine of a rehearsal.
    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::KeptOrReal
    }

    /// Whether the cluster of a rehearsal ends with its machine.
    fn ends_cluster(&self) -> bool {
        false
    }

    /// Cleans up after a run of the whole workflow that succeeded.
    ///
    /// # Errors
    /// The files cannot be removed.
    fn finish(&self, _files: &dyn Files) -> Result<()> {
        Ok(())
    }

    /// Returns the closing words for the operator, after a run of the whole workflow that
    /// succeeded.
    fn closing(&self, _config: &Config, _is_dry_run: bool) -> Option<String> {
        None
    }

    /// Returns the words for the operator between two runs of one command.
    fn closing_of_part(&self, _config: &Config) -> Option<String> {
        None
    }
}

/// The shape of a workflow's command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandShape {
    /// The command runs the workflow; `NAME phase …` runs single phases.
    Whole,
    /// Each phase that is in no group is a command below the command: `certs renew apiserver`. The
    /// command `all` runs the workflow.
    Members {
        /// the help text of `all`
        whole: &'static str,
    },
}

/// The flags of a command for the place of its run and for its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceFlags {
    /// Only `--output`.
    Output,
    /// `--output`, `--node` and `--root`.
    Place,
    /// `--output`, `--node`, `--root` and `--out`.
    PlaceAndResult,
}

/// A line of kubeadm's that is printed with its label, for example `[preflight] …`. An empty
/// label is not printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledLine {
    pub label: String,
    pub text: String,
}

impl LabelledLine {
    /// Returns a line with its label.
    pub fn new(label: &str, text: impl Into<String>) -> Self {
        LabelledLine {
            label: label.to_owned(),
            text: text.into(),
        }
    }
}

/// The input from which a workflow loads its configuration.
pub struct LoadInput<'a> {
    /// the flags of [`Workflow::flags`]
    pub arguments: &'a ArgMatches,
    /// the file of `--config`
    pub file: Option<&'a ConfigFile>,
    pub phase_flags: &'a PhaseFlags,
    pub node: &'a NodeFacts,
    /// the phase or group that the operator selected; `None` for the whole workflow
    pub selected: Option<&'a str>,
    /// whether the command of the selected phase has a flag
    pub takes_flag: &'a dyn Fn(&str) -> bool,
    /// opens the world before the run
    pub world: &'a dyn WorldBefore,
    /// lines to print before the run
    pub lines: &'a RefCell<Vec<LabelledLine>>,
    /// runs the checks of the node with what is known, before the workflow waits for a cluster; if
    /// a check fails, prints the results and fails
    pub check_node: &'a dyn Fn(LoadedRun) -> Result<()>,
}

impl LoadInput<'_> {
    /// Adds lines that are printed before the run, even if loading fails.
    pub fn say(&self, lines: impl IntoIterator<Item = LabelledLine>) {
        self.lines.borrow_mut().extend(lines);
    }

    /// Whether a group that is in no other group is part of the run. `skipped` are the phases that
    /// are left out.
    pub fn runs_group(&self, group: &str, skipped: &[String]) -> bool {
        match self.selected {
            Some(selected) => selected == group,
            None => !skipped.iter().any(|phase| phase == group),
        }
    }
}

/// Opens the world before a run, when a workflow asks for it.
pub trait WorldBefore {
    /// Opens the world.
    ///
    /// # Errors
    /// The world cannot be opened.
    fn open(&self) -> Result<&dyn World>;
}

/// The configuration that a workflow loaded.
pub struct LoadedRun {
    pub loaded: LoadedConfig,
    /// phases that the flag `--skip-phases` names
    pub skip: Vec<String>,
    /// whether the programs that authenticate the user (`exec`) of the kubeconfig of a joining node
    /// may run
    pub may_run_programs: bool,
    /// the question that the operator answers before the run; `None` if there is none
    pub question: Option<&'static Question>,
    /// whether the same command goes on with another run if this one succeeds
    pub continues: bool,
    /// other files of the operator that were read, and may hold credentials
    pub operator_files: Vec<PathBuf>,
}

impl LoadedRun {
    /// Returns a run that asks no question and runs no programs of a kubeconfig.
    pub fn new(loaded: LoadedConfig, skip: &[String]) -> Self {
        LoadedRun {
            loaded,
            skip: skip.to_vec(),
            may_run_programs: false,
            question: None,
            continues: false,
            operator_files: Vec::new(),
        }
    }
}

/// A question whose answer has to be yes before a run changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// printed before the question; empty for none
    pub warning: &'static str,
    pub prompt: &'static str,
    /// the question is asked only if a phase of this group runs
    pub group: &'static str,
    /// the flag that answers yes
    pub flag: &'static str,
}

/// The cluster around the machine of a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterOfRehearsal {
    /// The machine begins a cluster.
    New,
    /// The machine joins a cluster outside of the rehearsal.
    External,
    /// The machine may be one of several machines of a cluster that an earlier rehearsal kept.
    Kept,
    /// In a scratch root like `Kept`; a dry run on this machine reads the machine's real cluster.
    KeptOrReal,
}

/// The place of a rehearsal, as the operator chose it.
#[derive(Clone, Copy, Debug)]
pub struct RehearsalPlace<'a> {
    /// the scratch root of `--root`
    pub root: Option<&'a Path>,
    /// whether a file describes the node (`--node`)
    pub is_described: bool,
    /// whether the operator asked for a dry run
    pub is_dry_run: bool,
}

impl ClusterOfRehearsal {
    /// Whether a scratch root has the machine of an earlier rehearsal instead of this machine.
    pub fn has_machine_of_earlier_rehearsal(self) -> bool {
        match self {
            ClusterOfRehearsal::New | ClusterOfRehearsal::External => false,
            ClusterOfRehearsal::Kept | ClusterOfRehearsal::KeptOrReal => true,
        }
    }

    /// Decides which trees a rehearsal uses. A rehearsal that begins with a fresh machine writes to
    /// the scratch root. A rehearsal that begins with the machine of an earlier rehearsal changes
    /// that machine. A dry run only reads that machine, or this machine.
    pub fn trees(self, place: &RehearsalPlace<'_>) -> Trees {
        let root = place.root.map(Path::to_owned);
        let machine = (!place.is_described).then(|| PathBuf::from("/"));
        match (self.has_machine_of_earlier_rehearsal(), place.is_dry_run) {
            (false, _) => Trees {
                // A dry run on this machine reads the machine's files.
                below: machine.filter(|_| root.is_none()),
                scratch: root,
            },
            (true, false) => Trees {
                scratch: root,
                below: None,
            },
            (true, true) => Trees {
                scratch: None,
                below: root.or(machine),
            },
        }
    }
}

/// The trees of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trees {
    /// the tree that changes; `None` for a temporary tree
    pub scratch: Option<PathBuf>,
    /// a tree that is read where the scratch tree has no file
    pub below: Option<PathBuf>,
}
