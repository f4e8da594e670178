//! Plans: the phases of a run, their edges, and why some phases are left out. A plan is plain data
//! that can be printed and compared.
//!
//! [`Plan::build`] is pure: the same catalog and the same choice give the same plan. The executor
//! runs each node of [`Plan::running_phases`] as soon as all phases of its `after` have settled.

mod build;
pub mod catalog;
mod choice;
mod edges;
mod error;
mod graph;
mod groups;
mod names;
mod needs;
pub mod provided;
pub mod show;
pub mod spec;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use choice::{Choice, can_replace};
pub use error::{PlanError, PlanErrors};
pub use needs::{describe_unknown_names, warn_of_unknown_names};

use serde::Serialize;
use spec::{PhaseSource, PhaseSpec, WorkflowId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The phases of one run, and their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub workflow: WorkflowId,
    /// every phase of the workflow, in the catalog's order
    pub nodes: Vec<PlannedPhase>,
    /// the groups of the workflow, in the catalog's order
    pub groups: Vec<Group>,
}

/// A phase in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPhase {
    /// the description; `replaces` has only the phases that this one stands in for in this run
    pub spec: PhaseSpec,
    pub source: PhaseSource,
    pub state: PhaseState,
    /// phases of this run that must settle before this phase begins; empty if this phase is left
    /// out
    pub after: Vec<String>,
}

impl PlannedPhase {
    /// Returns the id of the phase.
    pub fn id(&self) -> &str {
        &self.spec.id
    }
}

/// A group in a plan. It runs nothing, but its header may be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub spec: PhaseSpec,
    /// left out, too, if only members of the group were selected
    pub state: PhaseState,
}

impl Group {
    /// Returns the id of the group.
    pub fn id(&self) -> &str {
        &self.spec.id
    }
}

/// Whether a phase is part of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum PhaseState {
    Run,
    LeftOut { reason: LeftOutReason },
}

/// The reason why a phase is not part of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOutReason {
    /// skipped by name; the value is the flag or field that names it
    Skipped(String),
    /// switched off by this field of the configuration
    Disabled(String),
    /// the operator selected other phases
    NotSelected,
    /// this plugin stands in for it
    ReplacedBy(String),
    /// it can stand in for these phases, but the configuration does not let it
    NotChosen(Vec<String>),
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeftOutReason::Skipped(by) => write!(f, "skipped by {by}"),
            LeftOutReason::Disabled(by) => write!(f, "disabled by {by}"),
            LeftOutReason::NotSelected => f.write_str("not selected"),
            LeftOutReason::ReplacedBy(plugin) => write!(f, "replaced by plugin {plugin}"),
            LeftOutReason::NotChosen(phases) => write!(
                f,
                "stands in for {}, which is not replaced",
                phases.join(", ")
            ),
        }
    }
}

impl PhaseState {
    /// Whether the phase runs.
    pub fn runs(&self) -> bool {
        matches!(self, PhaseState::Run)
    }

    /// Returns why the phase is left out; `None` if it runs.
    pub fn reason(&self) -> Option<&LeftOutReason> {
        match self {
            PhaseState::Run => None,
            PhaseState::LeftOut { reason } => Some(reason),
        }
    }
}

impl Plan {
    /// Returns the phases that run, in the catalog's order.
    pub fn running_phases(&self) -> impl Iterator<Item = &PlannedPhase> {
        self.nodes.iter().filter(|node| node.state.runs())
    }

    /// Returns the phase with an id; `None` if the workflow has no such phase.
    pub fn node(&self, id: &str) -> Option<&PlannedPhase> {
        self.nodes.iter().find(|node| node.id() == id)
    }

    /// Returns the phases of third parties that run, each with the name of the plugin that provides
    /// it.
    pub fn third_parties(&self) -> BTreeMap<String, String> {
        let named = |node: &PlannedPhase| {
            let plugin = node.source.third_party()?;
            Some((node.id().to_owned(), plugin.to_owned()))
        };
        self.running_phases().filter_map(named).collect()
    }

    /// Returns the ids of the built-in phases and of the groups. Their messages may have several
    /// lines.
    pub fn builtin_ids(&self) -> BTreeSet<String> {
        let phases = self
            .nodes
            .iter()
            .filter(|node| node.source == PhaseSource::BuiltIn)
            .map(|node| node.spec.id.clone());
        let groups = self.groups.iter().map(|group| group.spec.id.clone());
        phases.chain(groups).collect()
    }
}
