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

/// Whether `entry` is a phase of the plugin that can replace a phase or group. The manifest of the
/// plugin has to name exactly this phase or group: a plugin that replaces a whole group does not
/// replace only one of its members.
pub fn can_replace(entry: &CatalogEntry, replaced: &str, plugin: &str) -> bool {
    let mut names = entry.spec.replaces.iter();
    entry.source.plugin() == Some(plugin) && names.any(|name| name == replaced)
}

/// Whether the choice makes `entry` the stand-in for `phase`, or for a group that holds it.
pub(super) fn is_stand_in(entry: &CatalogEntry, phase: &str, choice: &Choice) -> bool {
    entry.spec.replaces.iter().any(|replaced| {
        let plugin = choice.replaced.get(replaced);
        is_within(phase, replaced)
            && plugin.is_some_and(|plugin| can_replace(entry, replaced, plugin))
    })
}
