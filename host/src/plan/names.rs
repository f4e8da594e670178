//! Which names of phases there are, and which was meant.
use super::PlanError;
use crate::phase::catalog::{Catalog, Kind, Row, Workflow};
use std::{collections::BTreeMap, ops::Bound};

/// The rows of one workflow, by name.
pub(super) struct Names<'a> {
    /// in the catalog's order
    pub rows: Vec<&'a Row>,
    /// the rows by id, so that the members of a group are neighbours
    by_id: BTreeMap<&'a str, &'a Row>,
}

impl<'a> Names<'a> {
    pub fn of(catalog: &'a Catalog, workflow: Workflow) -> Self {
        let rows: Vec<&Row> = catalog.of(workflow).collect();
        let by_id = rows.iter().map(|row| (row.id.as_str(), *row)).collect();
        Names { rows, by_id }
    }

    pub fn row(&self, id: &str) -> Option<&'a Row> {
        self.by_id.get(id).copied()
    }

    /// Whether this is `group/all`, and of which group. kubeadm knows the name, but no phase has
    /// it.
    pub fn all_of<'n>(&self, name: &'n str) -> Option<&'n str> {
        let group = name.strip_suffix("/all")?;
        self.row(group)
            .filter(|row| row.kind == Kind::Group)
            .map(|_| group)
    }

    /// Phases (no groups) that `name` stands for: itself, or all below it. A plan may have
    /// thousands of edges, so not every row is looked at for each.
    pub fn members(&self, name: &str) -> impl Iterator<Item = &'a Row> {
        let below = format!("{name}/");
        let from = self
            .by_id
            .range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded))
            .map(|(_, row)| *row);
        let below = from
            .take_while(|row| row.id.starts_with(&below))
            .collect::<Vec<_>>();
        self.row(name)
            .into_iter()
            .chain(below)
            .filter(|row| row.kind != Kind::Group)
    }

    /// Refuses a name that no row has; aliases are for subcommands only.
    pub fn check(&self, name: &str, named_in: &str) -> Result<(), PlanError> {
        if self.row(name).is_some() || self.all_of(name).is_some() {
            return Ok(());
        }
        Err(PlanError::UnknownName {
            name: name.into(),
            named_in: named_in.into(),
            nearest: self.nearest(name),
        })
    }

    /// The id that was likely meant: by alias, by last part, or by likeness.
    fn nearest(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        let exact = self.rows.iter().find(|row| {
            row.id == lower
                || row.aliases.contains(&lower)
                || row.id.rsplit('/').next().is_some_and(|last| last == lower)
        });
        if let Some(row) = exact {
            return Some(row.id.clone());
        }
        let likeness = |row: &&Row| (strsim::jaro_winkler(&lower, &row.id) * 1000.0) as u32;
        self.rows
            .iter()
            .map(|row| (likeness(row), row))
            .filter(|(score, _)| *score > 750)
            .max_by_key(|(score, _)| *score)
            .map(|(_, row)| row.id.clone())
    }
}
