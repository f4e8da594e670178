//! Which phases plugins need that do not exist.
use super::{
    catalog::Catalog,
    provided::PluginPhase,
    spec::{PhaseSource, PhaseSpec},
};
use std::collections::{BTreeSet, HashSet};

/// How many names a text has at most.
const MAX_NAMES: usize = 10;

/// Describes what the phases of a plugin need and neither the catalog nor the plugin has. Empty if
/// there is no such thing.
pub fn describe_unknown_needs(
    catalog: &Catalog,
    source: &PhaseSource,
    phases: &[PluginPhase],
) -> String {
    let unknown = unknown_needs(catalog, source, phases);
    if unknown.is_empty() {
        return String::new();
    }
    let shown = unknown[..unknown.len().min(MAX_NAMES)].join(", ");
    let more = match unknown.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "Its phases need {shown}{more}, which neither kubephase nor the plugin has: a run ends \
         with an error, unless another plugin provides what is needed.\n"
    )
}

/// Returns the names that the phases of a plugin need and neither the catalog nor the plugin has,
/// each once. None if the catalog refuses the plugin.
fn unknown_needs(catalog: &Catalog, source: &PhaseSource, phases: &[PluginPhase]) -> Vec<String> {
    let mut with_plugin = catalog.clone();
    if with_plugin.add_plugin(source, phases).is_err() {
        return Vec::new();
    }
    let known = KnownNames::new(&with_plugin);
    let needs = phases
        .iter()
        .flat_map(|phase| known.unknown_needs(&phase.spec));
    needs
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The names of all phases and groups of all workflows.
pub(super) struct KnownNames<'a> {
    ids: HashSet<&'a str>,
    groups: HashSet<&'a str>,
}

impl<'a> KnownNames<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        let ids = catalog.entries.iter().map(|entry| entry.spec.id.as_str());
        let groups = catalog.entries.iter().filter(|entry| entry.spec.is_group());
        KnownNames {
            ids: ids.collect(),
            groups: groups.map(|entry| entry.spec.id.as_str()).collect(),
        }
    }

    /// Returns what a phase needs and no workflow has. A phase that only another workflow has is
    /// known: a manifest describes the phase once for all workflows.
    pub fn unknown_needs<'s>(&self, spec: &'s PhaseSpec) -> impl Iterator<Item = &'s String> {
        let is_group_of_all = |name: &str| {
            let group = name.strip_suffix("/all");
            group.is_some_and(|group| self.groups.contains(group))
        };
        spec.needs
            .iter()
            .filter(move |name| !self.ids.contains(name.as_str()) && !is_group_of_all(name))
    }
}
