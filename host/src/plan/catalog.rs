//! The catalog of phases: those of the built-in workflows, then those of loaded plugins.
//! Subcommands, help, the names for `--skip-phases` and the documentation come from its entries.
mod additions;
mod taken;

use super::{
    provided::PluginPhase,
    spec::{PhaseSource, PhaseSpec, WorkflowId, is_within, parent},
};
use additions::Additions;
use std::fmt;
use taken::TakenNames;

/// A phase or group of one workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    pub workflow: WorkflowId,
    pub spec: PhaseSpec,
    pub source: PhaseSource,
}

/// The error that a plugin's phase cannot be part of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseRefused {
    plugin: String,
    id: String,
    why: Refusal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    /// The id would make the phase look like another phase, because phases are skipped, replaced,
    /// waited for and reported by their ids.
    Taken { by: String, conflict: Conflict },
    /// The phase would stand in for a phase of a workflow whose phases nothing may replace.
    StandIn { workflow: WorkflowId, phase: String },
    /// Commands of single phases would have this word, which means something else there.
    CommandWord(&'static str),
    UnknownWorkflow {
        unknown: WorkflowId,
        known: Vec<WorkflowId>,
    },
}

/// The conflict between the id of a plugin's phase and an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conflict {
    Same,
    /// the entry would be taken for a member of the plugin's phase
    Below,
    /// the plugin's phase would be taken for a part of the entry, which is not a group
    Above,
    /// the id means all members of the entry, a group
    All,
    /// the id is in the group under another name of the group
    Alias,
    /// the plugin's phase would be run, skipped and waited for with the program's own phases
    Member,
}

impl fmt::Display for PhaseRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PhaseRefused { plugin, id, why } = self;
        write!(f, "plugin {plugin} provides the phase {id}")?;
        match why {
            Refusal::Taken { by, conflict } => match conflict {
                Conflict::Same => write!(f, ", but {by} has this id")?,
                Conflict::Below => write!(f, ", but {by} is below this id")?,
                Conflict::Above => write!(f, ", but {by} is a phase and not a group")?,
                Conflict::All => write!(f, ", which is the name for all members of {by}")?,
                Conflict::Alias => write!(f, ", but that is another name of {by}")?,
                Conflict::Member => write!(
                    f,
                    ", but {by} has only phases of kubephase, and phases that replace one of them"
                )?,
            },
            Refusal::StandIn { workflow, phase } => {
                return write!(
                    f,
                    " that stands in for {phase} in the workflow {workflow}, in which no phase of \
                     kubephase can be replaced; its author has to remove that from `replaces` or \
                     `workflow`"
                );
            }
            Refusal::CommandWord(word) => write!(f, ", but `{word}` is a word of commands")?,
            Refusal::UnknownWorkflow { unknown, known } => {
                let known: Vec<&str> = known.iter().map(WorkflowId::as_str).collect();
                return write!(
                    f,
                    " for the workflow {unknown}, which this version does not have; it has {}",
                    known.join(", ")
                );
            }
        }
        f.write_str("; its author has to give it an id of its own")
    }
}

impl std::error::Error for PhaseRefused {}

impl CatalogEntry {
    /// Describes the entry for messages, for example "the built-in phase certs/ca".
    fn describe(&self) -> String {
        let kind = if self.spec.is_group() {
            "group"
        } else {
            "phase"
        };
        match self.source.third_party() {
            Some(plugin) => format!("the {kind} {} of plugin {plugin}", self.spec.id),
            None => format!("the built-in {kind} {}", self.spec.id),
        }
    }

    /// Returns why a plugin's phase cannot have its id beside this entry; `None` if it can.
    fn conflict(&self, phase: &PhaseSpec) -> Option<Conflict> {
        let (id, is_group) = (&phase.id, self.spec.is_group());
        if is_within(&self.spec.id, id) && self.spec.id != *id {
            return Some(Conflict::Below);
        }
        let names = self.names();
        let name = names.iter().find(|name| is_within(id, name))?;
        if name == id {
            Some(Conflict::Same)
        } else if !is_group {
            Some(Conflict::Above)
        } else if id.strip_suffix("/all") == Some(name) {
            Some(Conflict::All)
        } else if !self.is_open_to(phase) {
            Some(Conflict::Member)
        } else if *name != self.spec.id {
            Some(Conflict::Alias)
        } else {
            None
        }
    }

    /// Whether a plugin's phase may be a member of this group.
    fn is_open_to(&self, phase: &PhaseSpec) -> bool {
        let replaces_member = || {
            let mut replaces = phase.replaces.iter();
            replaces.any(|id| is_within(id, &self.spec.id))
        };
        self.source != PhaseSource::BuiltIn || self.spec.takes_plugins || replaces_member()
    }

    /// Returns the id of this phase, and kubeadm's other names of it.
    fn names(&self) -> Vec<String> {
        let beside = |alias: &String| match parent(&self.spec.id) {
            Some(parent) => format!("{parent}/{alias}"),
            None => alias.clone(),
        };
        let aliases = self.spec.aliases.iter().map(beside);
        std::iter::once(self.spec.id.clone())
            .chain(aliases)
            .collect()
    }
}

/// All phases, in kubeadm's order; a group precedes its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub entries: Vec<CatalogEntry>,
}

impl Catalog {
    /// Adds the built-in phases of a workflow.
    pub fn add_builtin(&mut self, workflow: &WorkflowId, phases: Vec<PhaseSpec>) {
        self.entries
            .extend(phases.into_iter().map(|spec| CatalogEntry {
                workflow: workflow.clone(),
                spec,
                source: PhaseSource::BuiltIn,
            }));
    }

    /// Adds the phases of a plugin; see [`Catalog::add_plugins`].
    ///
    /// # Errors
    /// A phase cannot be part of the catalog. The catalog is then unchanged.
    pub fn add_plugin(
        &mut self,
        source: &PhaseSource,
        phases: &[PluginPhase],
    ) -> Result<(), PhaseRefused> {
        self.add_plugins(&[(source.clone(), phases)])
    }

    /// Adds the phases of plugins, each phase after the last entry of its group. No two phases of a
    /// plugin have an equal id: such a manifest cannot be read. The work is in proportion to the
    /// phases, however many plugins they come from.
    ///
    /// # Errors
    /// A phase whose id another phase or group of any workflow has, or that would be a member of a
    /// built-in group which does not take plugins; or whose workflow does not exist. The catalog is
    /// then unchanged.
    pub fn add_plugins(
        &mut self,
        plugins: &[(PhaseSource, &[PluginPhase])],
    ) -> Result<(), PhaseRefused> {
        let mut taken = TakenNames::new(&self.entries);
        for (source, phases) in plugins {
            for phase in *phases {
                if let Some(why) = taken.refusal(phase) {
                    return Err(PhaseRefused {
                        plugin: source.plugin().unwrap_or_default().to_owned(),
                        id: phase.spec.id.clone(),
                        why,
                    });
                }
            }
            taken.add_plugin(source, phases);
        }
        Additions::new(plugins).insert_into(&mut self.entries);
        Ok(())
    }

    /// Returns the descriptions of all phases and groups.
    pub fn specs(&self) -> impl Iterator<Item = &PhaseSpec> {
        self.entries.iter().map(|entry| &entry.spec)
    }

    /// Returns the entries of a workflow.
    pub fn entries_of<'a>(
        &'a self,
        workflow: &'a WorkflowId,
    ) -> impl Iterator<Item = &'a CatalogEntry> {
        self.entries
            .iter()
            .filter(move |entry| entry.workflow == *workflow)
    }

    /// Whether any workflow has a phase or group of this id.
    pub fn has_phase(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.spec.id == id)
    }

    /// Whether a plugin of this name provides a phase of any workflow.
    pub fn has_plugin(&self, name: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.source.plugin() == Some(name))
    }
}

#[cfg(test)]
mod tests;
