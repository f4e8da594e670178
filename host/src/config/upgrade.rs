//! The configuration of an upgrade: an UpgradeConfiguration, flags, or both. The rest of the
//! configuration is in the cluster; see `from_cluster`.
mod components;
mod configuration;
mod flags;
mod from_cluster;
mod plan_flags;
mod this_node;

pub use configuration::{UpgradeConfiguration, UpgradeDiff, UpgradeOptions};
pub use flags::{ApplyFlags, RollbackFlags, UpgradeNodeFlags};
pub use from_cluster::{UpgradeTarget, api_server_versions, upgrade_from_cluster};
pub use plan_flags::{UpgradeDiffFlags, UpgradePlanFlags};
pub use this_node::{describe_this_node, is_control_plane};

pub(super) use configuration::{complete, decode};

use super::{
    ConfigFile, Document, PhaseConfiguration, Problem, Problems,
    documents::GROUP,
    file::documents_of,
    flags::check_not_mixed,
    load::merge_ignored_checks,
    phases, phases_of_cluster,
    read::{Diagnostics, Strictness},
};

/// The configuration of an upgrade, before the cluster is asked.
#[derive(Debug)]
pub struct LoadedUpgrade {
    pub upgrade: UpgradeConfiguration,
    pub phases: PhaseConfiguration,
    /// the PhaseConfiguration, if only the machine's own files have it
    pub machine_phases: Option<Document>,
    pub warnings: Vec<Problem>,
}

/// Reads, completes and validates the configuration of an upgrade. `instead_of_config` are the
/// given flags that exclude a configuration file.
///
/// # Errors
/// There are problems; all are reported.
pub fn load_upgrade(
    file: Option<&ConfigFile>,
    instead_of_config: &[&str],
) -> Result<LoadedUpgrade, Problems> {
    check_not_mixed(file, instead_of_config)?;
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    let documents = documents_of(file, &mut diagnostics)?;
    let (mut found, mut phases) = (None, PhaseConfiguration::default());
    for document in documents {
        match (document.group(), document.kind.as_str()) {
            (GROUP, "UpgradeConfiguration") => found = Some(document),
            (_, phases::KIND) => match phases::read(document) {
                Ok(read) => phases = read,
                Err(Problems(problems)) => diagnostics.problems.extend(problems),
            },
            _ => diagnostics.warn_ignored(document),
        }
    }
    if let Some(file) = file.and_then(ConfigFile::operator_file)
        && found.is_none_or(|document| document.is_of_machine)
    {
        let message = "no UpgradeConfiguration found in the supplied config";
        diagnostics.add_fatal(Problem::new("", message).with_file(file));
    }
    let decoded = found.and_then(|document| decode(document, &mut diagnostics));
    if diagnostics.broken {
        return Err(Problems(diagnostics.problems));
    }
    let mut upgrade = decoded.unwrap_or_default();
    complete(&mut upgrade, &mut diagnostics);
    let warnings = diagnostics.finish(documents)?;
    Ok(LoadedUpgrade {
        upgrade,
        phases,
        machine_phases: phases_of_cluster::of_machine(documents),
        warnings,
    })
}

/// Merges the ignored checks of the flag into those of the configuration.
///
/// # Errors
/// `all` stands beside other names.
pub(super) fn merge_checks(options: &mut UpgradeOptions, more: &[String]) -> Result<(), Problems> {
    match merge_ignored_checks(&mut options.ignore_preflight_errors, more) {
        Some(problem) => Err(problem.into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
