//! The phases that plugins name in `needs` and `before` although they do not exist.
use super::{catalog::Catalog, provided::PluginPhase, spec::PhaseSpec};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The largest number of names in a text.
const MAX_NAMES: usize = 10;

/// Describes the phases that a plugin's phases wait for or precede and that neither the catalog nor
/// the plugin has. Empty if there are none.
pub fn describe_unknown_names(catalog: &Catalog, phases: &[PluginPhase]) -> String {
    let of_plugin = phases.iter().map(|phase| &phase.spec);
    let known = KnownNames::new(catalog.specs().chain(of_plugin.clone()));
    let listed = |names: &dyn Fn(&PhaseSpec) -> &[String]| {
        let names = of_plugin
            .clone()
            .flat_map(|spec| known.unknown_names(names(spec)));
        list(&names.map(String::as_str).collect())
    };
    let mut text = String::new();
    if let Some(needs) = listed(&|spec| &spec.needs) {
        text += &format!(
            "Its phases need {needs}, which neither kubephase nor the plugin has: a run ends with \
             an error, unless another plugin provides what is needed.\n"
        );
    }
    if let Some(before) = listed(&|spec| &spec.before) {
        text += &format!(
            "Its phases are to run before {before}, which neither kubephase nor the plugin has: \
             that has no effect, unless another plugin provides it.\n"
        );
    }
    text
}

/// Returns a warning for each plugin of a run whose phases are to run before a phase that no
/// workflow has: most often the name is misspelled. A need that no workflow has is an error.
pub fn warn_of_unknown_names(catalog: &Catalog) -> Vec<String> {
    let known = KnownNames::new(catalog.specs());
    let mut unknown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in &catalog.entries {
        if let Some(plugin) = entry.source.third_party() {
            let names = known.unknown_names(&entry.spec.before).map(String::as_str);
            unknown.entry(plugin).or_default().extend(names);
        }
    }
    let warn = |(plugin, names): (&str, BTreeSet<&str>)| {
        let names = list(&names)?;
        Some(format!(
            "plugin {plugin}: its phases are to run before {names}, which no workflow has, so that \
             has no effect"
        ))
    };
    unknown.into_iter().filter_map(warn).collect()
}

/// Writes names, separated by commas, and the number of those that are left out; `None` if there
/// are no names.
fn list(names: &BTreeSet<&str>) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let shown: Vec<&str> = names.iter().copied().take(MAX_NAMES).collect();
    let more = match names.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{}{more}", shown.join(", ")))
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

    /// Returns the names that no workflow has. A phase that only another workflow has is known: a
    /// manifest describes the phase once for all workflows.
    pub fn unknown_names<'s>(&self, names: &'s [String]) -> impl Iterator<Item = &'s String> {
        let is_group_of_all = |name: &str| {
            let group = name.strip_suffix("/all");
            group.is_some_and(|group| self.groups.contains(group))
        };
        names
            .iter()
            .filter(move |name| !self.ids.contains(name.as_str()) && !is_group_of_all(name))
    }
}
