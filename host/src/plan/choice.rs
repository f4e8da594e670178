//! The operator's choice of phases.
use super::{catalog::CatalogEntry, spec::is_within};
use std::collections::BTreeMap;

/// The phases to run and to leave out, from flags and configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// phases or groups, as in `--skip-phases`
    pub skip: Vec<String>,
    /// where `skip` comes from, for people; empty means `--skip-phases`
    pub skipped_by: String,
    /// only these phases or groups with their members (`init phase certs/ca`)
    pub only: Option<Vec<String>>,
    /// phases or groups switched off, and by what (`dns.disabled`)
    pub disabled: BTreeMap<String, String>,
    /// phases that a plugin stands in for: phase to plugin
    pub replaced: BTreeMap<String, String>,
    /// further edges: the first of each pair settles before the second starts; groups are allowed
    pub extra_edges: Vec<(String, String)>,
}

impl Choice {
    pub(super) fn skip_source(&self) -> &str {
        if self.skipped_by.is_empty() {
            "--skip-phases"
        } else {
            &self.skipped_by
        }
    }
}

/// Whether the choice makes `entry` the stand-in for `phase`, or for a group that holds it.
pub(super) fn is_stand_in(entry: &CatalogEntry, phase: &str, choice: &Choice) -> bool {
    let Some(plugin) = entry.source.plugin() else {
        return false;
    };
    entry.spec.replaces.iter().any(|replaced| {
        is_within(phase, replaced) && choice.replaced.get(replaced).is_some_and(|by| by == plugin)
    })
}
