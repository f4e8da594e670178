//! Every phase there is: the built-in rows, then the phases of loaded plugins. Subcommands, help,
//! `--skip-phases` names and the documentation come from these rows.
use super::built_in::{self, BuiltIn};
use crate::wasm::manifest::Manifest;

/// The commands that run phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
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
    /// phases that must be part of the run, or the plan is refused (kubeadm's declared dependencies)
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
    Plugin { name: String, version: String },
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
        let of = |workflow| built_in::rows(workflow).iter().map(move |of| row(workflow, of));
        Catalog { rows: [Workflow::Init, Workflow::Join, Workflow::Reset].into_iter().flat_map(of).collect() }
    }

    /// Adds the phases of a plugin, each behind the last row of the group it is in.
    pub fn extend(&mut self, manifest: &Manifest) {
        for provided in &manifest.provides {
            for workflow in &provided.workflow {
                let group = provided.id.split('/').next().unwrap_or(&provided.id);
                let inherited = self.rows.iter().find(|row| row.workflow == *workflow && row.id == group).map(|row| row.flags.clone());
                let last = self.rows.iter().rposition(|row| row.workflow == *workflow && Catalog::within(&row.id, group));
                let at = last.map_or(self.rows.len(), |last| last + 1);
                self.rows.insert(
                    at,
                    Row {
                        id: provided.id.clone(),
                        title: provided.title.clone(),
                        workflow: *workflow,
                        kind: provided.kind,
                        needs: provided.needs.clone(),
                        requires: Vec::new(),
                        aliases: Vec::new(),
                        flags: inherited.unwrap_or_default(),
                        source: Source::Plugin { name: manifest.name.clone(), version: manifest.version.to_string() },
                        replaces: provided.replaces.clone(),
                        slot: provided.slot.clone(),
                        typical: built_in::PLAIN,
                        tidies: false,
                    },
                );
                for row in self.rows.iter_mut().filter(|row| row.workflow == *workflow && provided.before.contains(&row.id)) {
                    row.needs.push(provided.id.clone());
                }
            }
        }
    }

    pub fn of(&self, workflow: Workflow) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.workflow == workflow)
    }

    /// Whether `id` is `group` or lies below it.
    pub fn within(id: &str, group: &str) -> bool {
        id == group || id.strip_prefix(group).is_some_and(|rest| rest.starts_with('/'))
    }
}
