//! Finds waivers whose code no check of the run has. Most often the code is misspelled, and the
//! check that was to be waived still stops the run.
use crate::{
    config::PhaseConfiguration,
    phase::preflight,
    plan::{catalog::Catalog, spec::PhaseKind},
};
use kubephase_sdk::codes;

/// The least similarity, from 0 to 1, with which a code counts as a misspelling of a known code.
const ALMOST_EQUAL: f64 = 0.9;
/// Bytes of the longest code that is compared with others.
const MAX_COMPARED: usize = 128;

/// Returns a warning for each waiver whose code no check has. `catalog` has the phases of the run's
/// plugins, if they are loaded. A plugin chooses the codes of its findings. So in a run with phases
/// of third parties, a code counts as a mistake only if it is almost one of the program's codes.
pub fn warn_of_unknown(phases: &PhaseConfiguration, catalog: &Catalog) -> Vec<String> {
    let known = known_codes(phases, catalog);
    let has_foreign_codes = !phases.plugins.is_empty()
        || catalog
            .entries
            .iter()
            .any(|entry| entry.source.third_party().is_some());
    let warn = |code: &str| {
        if is_known(code, &known, phases, catalog) {
            return None;
        }
        let nearest = nearest(code, &known);
        let is_misspelled = nearest.as_ref().is_some_and(|(_, s)| *s >= ALMOST_EQUAL);
        if has_foreign_codes && !is_misspelled {
            return None;
        }
        let meant = nearest.map(|(code, _)| format!("; did you mean {code}?"));
        Some(format!(
            "`waivers` of the PhaseConfiguration: no check has the code {code:?}, so this waiver \
             has no effect{}",
            meant.unwrap_or_default()
        ))
    };
    let waivers = phases.waivers.iter();
    waivers.filter_map(|waiver| warn(&waiver.check)).collect()
}

/// Returns the codes that are known before the run: those of built-in checks, of rules, and of
/// checks that cannot do their job.
fn known_codes(phases: &PhaseConfiguration, catalog: &Catalog) -> Vec<String> {
    let rules = phases.rules.iter().chain(phases.rules_of_checks());
    let rules = rules.map(|rule| rule.code.as_str());
    let checks = catalog.entries.iter().map(|entry| &entry.spec);
    let checks = checks
        .filter(|spec| spec.kind == PhaseKind::Check)
        .map(|spec| preflight::code(&spec.id));
    let others = rules.chain(checks).map(str::to_owned);
    codes::without_family()
        .map(str::to_owned)
        .chain(others)
        .collect()
}

/// Whether a check of the run may have a code. Case does not matter.
fn is_known(code: &str, known: &[String], phases: &PhaseConfiguration, catalog: &Catalog) -> bool {
    let is_of_plugin = || {
        code.split_once('/').is_some_and(|(plugin, _)| {
            let mut entries = phases.plugins.iter();
            catalog.has_plugin(plugin) || entries.any(|entry| entry.name == plugin)
        })
    };
    codes::is_of_family(code)
        || known.iter().any(|known| known.eq_ignore_ascii_case(code))
        || is_of_plugin()
}

/// Returns the known code that is the most similar to this one, and how similar it is.
fn nearest(code: &str, known: &[String]) -> Option<(String, f64)> {
    if code.len() > MAX_COMPARED {
        return None;
    }
    let lower = code.to_lowercase();
    let subjects = codes::families_of_subject(code);
    let similar = |known: &String| {
        let similarity = strsim::normalized_damerau_levenshtein(&lower, &known.to_lowercase());
        (
            known.clone(),
            similarity.max(strsim::jaro_winkler(&lower, &known.to_lowercase())),
        )
    };
    known
        .iter()
        .chain(&subjects)
        .map(similar)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
mod tests;
