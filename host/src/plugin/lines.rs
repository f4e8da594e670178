//! Lines of text that describe what a plugin asks for and provides. The operator allows a plugin by
//! these lines, and `kubephase.lock` holds the lines that were allowed.
use crate::{
    plan::{
        provided::PluginPhase,
        spec::{FailurePolicy, PhaseKind},
    },
    secret::settings::list_secrets,
    wasm::{manifest::Manifest, plugin::Plugin, request::Request},
};

/// The lines that the operator allowed a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedLines {
    /// lines of its requests
    pub granted: Vec<String>,
    /// lines of what it provides; `None` if that was not recorded, as in locks of older versions
    pub provides: Option<Vec<String>>,
}

impl AllowedLines {
    /// Returns all lines of a plugin: it is allowed everything that it asks for and provides.
    pub fn all_of(plugin: &Plugin) -> AllowedLines {
        AllowedLines {
            granted: request_lines(plugin),
            provides: Some(provided_lines(plugin.manifest())),
        }
    }

    /// Compares the allowed lines with the lines of a plugin.
    pub fn change_to(&self, plugin: &Plugin) -> Changes {
        let before = self.provides.as_deref().unwrap_or_default();
        Changes {
            requests: Change::between(&self.granted, &request_lines(plugin)),
            provides: Change::between(before, &provided_lines(plugin.manifest())),
        }
    }
}

/// The difference between what the operator allowed and a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// lines of what the plugin asks for
    pub requests: Change,
    /// lines of what the plugin provides
    pub provides: Change,
}

/// The difference between allowed lines and lines of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// lines of the plugin that are not allowed
    pub new: Vec<String>,
    /// allowed lines that the plugin does not have
    pub gone: Vec<String>,
}

impl Change {
    /// Compares allowed lines with the lines of a plugin.
    fn between(before: &[String], now: &[String]) -> Change {
        Change {
            new: added_lines(before, now),
            gone: added_lines(now, before),
        }
    }

    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.gone.is_empty()
    }
}

/// Returns the lines of `now` that `before` does not have.
fn added_lines(before: &[String], now: &[String]) -> Vec<String> {
    now.iter()
        .filter(|line| !before.contains(line))
        .cloned()
        .collect()
}

/// Returns the lines of all requests of a plugin.
pub fn request_lines(plugin: &Plugin) -> Vec<String> {
    let requests = plugin.manifest().grants.iter();
    requests.flat_map(Request::lines).collect()
}

/// Returns the lines of what a plugin provides: its phases with their places in a run, and which
/// of its settings are secret.
pub fn provided_lines(manifest: &Manifest) -> Vec<String> {
    let phases = manifest.provides.iter().flat_map(phase_lines);
    phases.chain(list_secrets(&manifest.settings)).collect()
}

/// Returns the lines of one phase. Ids hold neither spaces nor line ends, so two different phases
/// never have equal lines.
fn phase_lines(phase: &PluginPhase) -> Vec<String> {
    let PluginPhase {
        spec: phase,
        workflows,
    } = phase;
    let id = &phase.id;
    let kind = match phase.kind {
        PhaseKind::Addon => "an addon",
        PhaseKind::Check => "a check",
        PhaseKind::Group => "a group",
        PhaseKind::Phase => "a phase",
    };
    let mut lines = vec![format!("{id} is {kind}")];
    lines.extend(
        workflows
            .iter()
            .map(|workflow| format!("{id} runs in {workflow}")),
    );
    for (what, others) in [
        ("waits for", &phase.needs),
        ("runs before", &phase.before),
        ("can stand in for", &phase.replaces),
    ] {
        lines.extend(others.iter().map(|other| format!("{id} {what} {other}")));
    }
    let slot = phase.slot.iter();
    lines.extend(slot.map(|slot| format!("{id} fills the place of the cluster's {slot}")));
    match phase.failure_policy {
        FailurePolicy::Fail => {}
        FailurePolicy::Warn => lines.push(format!("{id} only warns where it fails")),
        FailurePolicy::Ignore => lines.push(format!("{id} is ignored where it fails")),
    }
    lines
}
