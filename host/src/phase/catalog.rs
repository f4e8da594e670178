//! Every phase there is: the built-in rows, then the phases of loaded plugins. Subcommands, help,
//! `--skip-phases` names and the documentation come from these rows.
use super::built_in::{self, BuiltIn};
use crate::wasm::manifest::{Manifest, Provided};
use std::{collections::HashSet, fmt};

/// The commands that run phases.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Workflow {
    Init,
    Join,
    Reset,
    Upgrade,
}

impl Workflow {
    pub fn name(self) -> &'static str {
        match self {
            Workflow::Init => "init",
            Workflow::Join => "join",
            Workflow::Reset => "reset",
            Workflow::Upgrade => "upgrade",
        }
    }
}

/// One phase, or a group of phases (a row whose id is the prefix of others).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// kubeadm's path: `certs/etcd-ca`
    pub id: String,
    pub title: String,
    pub workflow: Workflow,
    pub kind: Kind,
    /// phases or groups that must have settled before, where they are part of the run
    pub needs: Vec<String>,
    /// phases that must be part of the run, or the plan is refused (kubeadm's declared
    /// dependencies)
    pub requires: Vec<String>,
    /// kubeadm's other names for the subcommand; not accepted by `--skip-phases`
    pub aliases: Vec<String>,
    /// flags of the workflow that the phase's own subcommand takes
    pub flags: Vec<String>,
    pub source: Source,
    /// phases that this one stands in for
    pub replaces: Vec<String>,
    /// the place it fills in a cluster: `dns`, `proxy`, `cni`
    pub slot: Option<String>,
    /// milliseconds until it is of use, roughly
    pub typical: u32,
    /// begun even where the run was stopped, if what it needs has settled
    pub tidies: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Group,
    Check,
    Phase,
    Addon,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    BuiltIn,
    Plugin {
        name: String,
        version: String,
        /// the plugin is part of the program
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        embedded: bool,
    },
}

impl Source {
    /// Name of the third party's plugin that provides a phase; none for a phase that is part of the
    /// program.
    pub fn third_party(&self) -> Option<&str> {
        match self {
            Source::Plugin {
                name,
                embedded: false,
                ..
            } => Some(name),
            Source::Plugin { .. } | Source::BuiltIn => None,
        }
    }
}

/// Whose a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// part of the program
    Embedded,
    /// named by the operator's configuration
    ThirdParty,
}

/// Why a plugin's phase cannot be part of the catalog: its id would make it look like another
/// phase. Skipping, replacing, waiting for and reporting go by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTaken {
    plugin: String,
    id: String,
    /// the row that has the id, is below it, or is above it
    by: String,
    conflict: Conflict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conflict {
    Same,
    /// the row would be taken for a member of the plugin's phase
    Below,
    /// the plugin's phase would be taken for a part of the row, which is not a group
    Above,
    /// the id means all members of the row, a group
    All,
    /// the plugin itself provides the id twice
    Twice,
}

impl fmt::Display for IdTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IdTaken {
            plugin,
            id,
            by,
            conflict,
        } = self;
        write!(f, "plugin {plugin} provides the phase {id}, ")?;
        match conflict {
            Conflict::Same => write!(f, "but {by} has this id")?,
            Conflict::Below => write!(f, "but {by} is below this id")?,
            Conflict::Above => write!(f, "but {by} is a phase and not a group")?,
            Conflict::All => write!(f, "which is the name for all members of {by}")?,
            Conflict::Twice => write!(f, "and provides it twice")?,
        }
        f.write_str("; its author has to give it an id of its own")
    }
}

impl std::error::Error for IdTaken {}

impl Row {
    /// What the row is, for messages.
    fn describe(&self) -> String {
        let what = if self.kind == Kind::Group {
            "group"
        } else {
            "phase"
        };
        match &self.source {
            Source::Plugin {
                name,
                embedded: false,
                ..
            } => format!("the {what} {} of plugin {name}", self.id),
            Source::Plugin { .. } | Source::BuiltIn => format!("the built-in {what} {}", self.id),
        }
    }

    /// Whether an id is kubeadm's other name of this row.
    fn has_alias(&self, id: &str) -> bool {
        let above = self.id.rsplit_once('/').map_or("", |(above, _)| above);
        let (given_above, given) = id.rsplit_once('/').unwrap_or(("", id));
        given_above == above && self.aliases.iter().any(|alias| alias == given)
    }
}

/// All rows, in kubeadm's order; a group stands before its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub rows: Vec<Row>,
}

impl Catalog {
    /// The distribution's own rows.
    pub fn built_in() -> Catalog {
        let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let row = |workflow: Workflow, row: &BuiltIn| Row {
            id: row.id.into(),
            title: row.title.into(),
            workflow,
            kind: row.kind,
            needs: strings(row.needs),
            requires: strings(row.requires),
            aliases: strings(row.aliases),
            flags: strings(row.flags),
            source: Source::BuiltIn,
            replaces: Vec::new(),
            slot: None,
            typical: row.typical,
            tidies: row.tidies,
        };
        let of = |workflow| {
            built_in::rows(workflow)
                .iter()
                .map(move |of| row(workflow, of))
        };
        Catalog {
            rows: [Workflow::Init, Workflow::Join, Workflow::Reset]
                .into_iter()
                .flat_map(of)
                .collect(),
        }
    }

    /// Adds the phases of a plugin, each behind the last row of the group it is in.
    ///
    /// # Errors
    /// A phase whose id is taken by another phase or group of any workflow. The catalog is then as
    /// it was.
    pub fn extend(&mut self, manifest: &Manifest, origin: Origin) -> Result<(), IdTaken> {
        let mut ids = HashSet::new();
        for provided in &manifest.provides {
            let taken = |by, conflict| IdTaken {
                plugin: manifest.name.clone(),
                id: provided.id.clone(),
                by,
                conflict,
            };
            let workflows: HashSet<&str> = provided
                .workflow
                .iter()
                .map(|workflow| workflow.name())
                .collect();
            if !ids.insert(&provided.id) || workflows.len() < provided.workflow.len() {
                return Err(taken(String::new(), Conflict::Twice));
            }
            if let Some((by, conflict)) = self.conflict(&provided.id) {
                return Err(taken(by.describe(), conflict));
            }
        }
        manifest
            .provides
            .iter()
            .for_each(|provided| self.add(manifest, provided, origin));
        Ok(())
    }

    /// The row that keeps a plugin's phase from having an id, and why.
    fn conflict(&self, id: &str) -> Option<(&Row, Conflict)> {
        let of = |row: &Row| match () {
            () if row.id == id || row.has_alias(id) => Some(Conflict::Same),
            () if Catalog::within(&row.id, id) => Some(Conflict::Below),
            () if row.kind != Kind::Group && Catalog::within(id, &row.id) => Some(Conflict::Above),
            () if row.kind == Kind::Group && id.strip_suffix("/all") == Some(&row.id) => {
                Some(Conflict::All)
            }
            () => None,
        };
        let conflicts = self
            .rows
            .iter()
            .filter_map(|row| of(row).map(|conflict| (row, conflict)));
        // If there are several conflicts, an equal id is the clearest to report.
        conflicts.min_by_key(|(_, conflict)| *conflict != Conflict::Same)
    }

    fn add(&mut self, manifest: &Manifest, provided: &Provided, origin: Origin) {
        let before: HashSet<&str> = provided.before.iter().map(String::as_str).collect();
        for workflow in &provided.workflow {
            let group = provided.id.split('/').next().unwrap_or(&provided.id);
            let inherited = self
                .rows
                .iter()
                .find(|row| row.workflow == *workflow && row.id == group)
                .map(|row| row.flags.clone());
            let last = self
                .rows
                .iter()
                .rposition(|row| row.workflow == *workflow && Catalog::within(&row.id, group));
            let at = last.map_or(self.rows.len(), |last| last + 1);
            self.rows.insert(
                at,
                Row {
                    id: provided.id.clone(),
                    title: provided.title.to_string(),
                    workflow: *workflow,
                    kind: provided.kind,
                    needs: provided.needs.clone(),
                    requires: Vec::new(),
                    aliases: Vec::new(),
                    flags: inherited.unwrap_or_default(),
                    source: Source::Plugin {
                        name: manifest.name.clone(),
                        version: manifest.version.to_string(),
                        embedded: origin == Origin::Embedded,
                    },
                    replaces: provided.replaces.clone(),
                    slot: provided.slot.clone(),
                    typical: built_in::PLAIN,
                    tidies: false,
                },
            );
            for row in self
                .rows
                .iter_mut()
                .filter(|row| row.workflow == *workflow && before.contains(row.id.as_str()))
            {
                row.needs.push(provided.id.clone());
            }
        }
    }

    pub fn of(&self, workflow: Workflow) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.workflow == workflow)
    }

    /// Whether `id` is `group` or lies below it.
    pub fn within(id: &str, group: &str) -> bool {
        id == group
            || id
                .strip_prefix(group)
                .is_some_and(|rest| rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests;
