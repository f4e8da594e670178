//! Phases, edges, and why some are left out: plain data, printable, comparable.
//!
//! [`Plan::build`] is pure: the same catalog and the same choice give the same plan. The executor
//! runs the nodes that are to run, each once all of its `after` have settled.

mod build;
mod choice;
mod error;
mod graph;
mod names;
#[cfg(test)]
pub mod sample;
pub mod show;
#[cfg(test)]
mod tests;

pub use choice::Choice;
pub use error::{PlanError, Refused};

use crate::phase::catalog::{Kind, Source, Workflow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// What one run will do, and in which order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub workflow: Workflow,
    /// every phase of the workflow, in the catalog's order
    pub nodes: Vec<Node>,
    /// the groups they are in, in the catalog's order; a group runs nothing but may have a line to
    /// say
    pub groups: Vec<Group>,
}

/// One phase of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    pub id: String,
    pub title: String,
    pub kind: Kind,
    pub source: Source,
    #[serde(flatten)]
    pub state: State,
    /// phases of this run that must settle before; empty where the phase is left out
    pub after: Vec<String>,
    /// milliseconds until it is of use, roughly
    #[serde(default)]
    pub typical: u32,
    /// begun even where the run was stopped, if what it needs has settled
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tidies: bool,
    /// phases that this one stands in for
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<String>,
}

/// A row of the catalog that only holds others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: String,
    pub title: String,
    /// left out as well where a single member was asked for
    #[serde(flatten)]
    pub state: State,
}

/// Whether a phase is part of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    Run,
    LeftOut { reason: Reason },
}

/// Why a phase is not part of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// skipped by name, and who asked for it
    Skipped(String),
    /// switched off, and by what
    Disabled(String),
    /// another phase was asked for
    NotSelected,
    /// this plugin stands in for it
    ReplacedBy(String),
    /// it would stand in for these, which nobody asked for
    NotChosen(Vec<String>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Skipped(by) => write!(f, "skipped by {by}"),
            Reason::Disabled(by) => write!(f, "disabled by {by}"),
            Reason::NotSelected => f.write_str("not selected"),
            Reason::ReplacedBy(plugin) => write!(f, "replaced by plugin {plugin}"),
            Reason::NotChosen(phases) => write!(
                f,
                "stands in for {}, which is not replaced",
                phases.join(", ")
            ),
        }
    }
}

impl State {
    pub fn runs(&self) -> bool {
        matches!(self, State::Run)
    }

    /// Why it is left out, if it is.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            State::Run => None,
            State::LeftOut { reason } => Some(reason),
        }
    }
}

impl Plan {
    /// The phases that run, in the catalog's order.
    pub fn running(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.state.runs())
    }

    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// Phases and groups whose text is our own: what they say may have several lines.
    pub fn built_in(&self) -> BTreeSet<String> {
        let own = self
            .nodes
            .iter()
            .filter(|node| node.source == Source::BuiltIn);
        own.map(|node| node.id.clone())
            .chain(self.groups.iter().map(|group| group.id.clone()))
            .collect()
    }
}
