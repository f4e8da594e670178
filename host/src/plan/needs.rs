//! Which phases plugins need that do not exist.
use super::{catalog::Catalog, provided::PluginPhase, spec::PhaseSpec};
use std::collections::{BTreeSet, HashSet};

/// How many names a text has at most.
const MAX_NAMES: usize = 10;

/// Describes what the phases of a plugin need and neither the catalog nor the plugin has. Empty if
/// there is no such thing.
pub fn describe_unknown_needs(catalog: &Catalog, phases: &[PluginPhase]) -> String {
    let unknown = unknown_needs(catalog, phases);
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
/// each once.
fn unknown_needs(catalog: &Catalog, phases: &[PluginPhase]) -> Vec<String> {
    let of_plugin = phases.iter().map(|phase| &phase.spec);
    let known = KnownNames::new(catalog.specs().chain(of_plugin));
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
    pub fn new(specs: impl Iterator<Item = &'a PhaseSpec>) -> Self {
        let (mut ids, mut groups) = (HashSet::new(), HashSet::new());
        for spec in specs {
            ids.insert(spec.id.as_str());
            if spec.is_group() {
                groups.insert(spec.id.as_str());
            }
        }
        KnownNames { ids, groups }
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
