//! Looks up phases by name, and finds the name that the user likely meant.
use super::{
    catalog::{Catalog, CatalogEntry},
    groups::values_below,
    spec::{PhaseSpec, WorkflowId},
};
use std::collections::BTreeMap;

/// The largest number of unknown names for which the nearest known name is looked for: each is
/// compared with all known names.
const MAX_NEAREST: usize = 10;

/// The names in one workflow: its entries of the catalog, by id.
pub(super) struct PhaseNames<'a> {
    /// in the catalog's order
    pub entries: Vec<&'a CatalogEntry>,
    /// in the order of the ids, so that the members of a group are neighbours
    by_id: BTreeMap<&'a str, &'a CatalogEntry>,
}

impl<'a> PhaseNames<'a> {
    pub fn new(catalog: &'a Catalog, workflow: &WorkflowId) -> Self {
        let entries: Vec<&CatalogEntry> = catalog
            .entries
            .iter()
            .filter(|entry| entry.workflow == *workflow)
            .collect();
        let by_id = entries
            .iter()
            .map(|entry| (entry.spec.id.as_str(), *entry))
            .collect();
        PhaseNames { entries, by_id }
    }

    /// Returns the entry of a phase or group; `None` if the workflow has none.
    pub fn entry(&self, id: &str) -> Option<&'a CatalogEntry> {
        self.by_id.get(id).copied()
    }

    /// Returns the group if the name is `GROUP/all`. kubeadm knows that name, but no phase has it.
    pub fn group_named_by_all<'n>(&self, name: &'n str) -> Option<&'n str> {
        let group = name.strip_suffix("/all")?;
        self.entry(group)
            .filter(|entry| entry.spec.is_group())
            .map(|_| group)
    }

    /// Returns the phases (no groups) that a name means: the phase itself, or all members.
    pub fn members(&self, name: &str) -> impl Iterator<Item = &'a CatalogEntry> {
        self.entry(name)
            .into_iter()
            .chain(values_below(&self.by_id, name).copied())
            .filter(|entry| !entry.spec.is_group())
    }

    /// Whether `name` is the name of a phase or group. An alias does not count: aliases are for
    /// subcommands only.
    pub fn contains(&self, name: &str) -> bool {
        self.entry(name).is_some() || self.group_named_by_all(name).is_some()
    }

    fn specs(&self) -> impl Iterator<Item = &'a PhaseSpec> {
        self.entries.iter().map(|entry| &entry.spec)
    }

    /// Returns the id that the user likely meant by an unknown name, if fewer than
    /// [`MAX_NEAREST`] others were unknown before it.
    pub fn nearest_for(&self, before: usize, name: &str) -> Option<String> {
        (before < MAX_NEAREST).then(|| self.nearest(name)).flatten()
    }

    /// Returns the id that the user likely meant: by alias, by last part, or by similarity.
    pub fn nearest(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        let exact = self.specs().find(|spec| {
            spec.id == lower
                || spec.aliases.contains(&lower)
                || spec.id.rsplit('/').next() == Some(lower.as_str())
        });
        if let Some(spec) = exact {
            return Some(spec.id.clone());
        }
        self.specs()
            .map(|spec| (similarity(&lower, &spec.id), spec))
            .filter(|(score, _)| *score > 750)
            .max_by_key(|(score, _)| *score)
            .map(|(_, spec)| spec.id.clone())
    }
}

/// Returns how similar two names are, from 0 to 1000.
fn similarity(left: &str, right: &str) -> u32 {
    (strsim::jaro_winkler(left, right) * 1000.0) as u32
}
