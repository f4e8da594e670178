//! The errors of planning. The messages begin as kubeadm's do where kubeadm has them.
use crate::program;
use std::fmt;

/// One error that makes a plan impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// no phase has this name
    UnknownName {
        name: String,
        named_in: String,
        nearest: Option<String>,
    },
    /// each phase that requires others, with those that are not part of the run
    Unresolved(Vec<(String, Vec<String>)>),
    /// a plugin's phase needs a phase or group that no workflow has
    UnknownNeed {
        phase: String,
        plugin: String,
        name: String,
        nearest: Option<String>,
    },
    /// each phase waits for the phase before it, and the first for the last
    Cycle(Vec<String>),
    /// no phase of this plugin can replace the phase
    NoStandIn { phase: String, plugin: String },
    /// the configuration lets a plugin replace the phase, and does not name that plugin
    UnknownPlugin { phase: String, plugin: String },
    /// several phases would fill a slot that has room for one
    SlotTaken { slot: String, phases: Vec<String> },
}

/// The largest number of errors of a plan that are shown.
const MAX_SHOWN: usize = 50;
/// The largest number of phases that one error names.
const MAX_PHASES: usize = 50;

/// All errors that make a plan impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanErrors(pub Vec<PlanError>);

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().take(MAX_SHOWN);
        let mut lines: Vec<String> = shown.map(ToString::to_string).collect();
        if self.0.len() > MAX_SHOWN {
            lines.push(format!("and {} more problems", self.0.len() - MAX_SHOWN));
        }
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for PlanErrors {}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::UnknownName {
                name,
                named_in,
                nearest,
            } => {
                write!(f, "invalid phase name: {name} (in {named_in})")?;
                suggest(f, nearest.as_deref())
            }
            PlanError::UnknownNeed {
                phase,
                plugin,
                name,
                nearest,
            } => {
                write!(
                    f,
                    "invalid phase name: {name} (in `needs` of the phase {phase} of plugin \
                     {plugin})"
                )?;
                suggest(f, nearest.as_deref())?;
                f.write_str("\nits author has to mend plugin.yaml")
            }
            PlanError::Unresolved(missing) => write_unresolved(f, missing),
            PlanError::Cycle(ring) => {
                let first = ring.first().map_or("", String::as_str);
                write!(
                    f,
                    "phases wait for each other in a circle: {} → {first}; remove one of these \
                     edges",
                    join(ring, " → ")
                )
            }
            PlanError::NoStandIn { phase, plugin } => {
                write!(
                    f,
                    "plugin {plugin} cannot replace the phase {phase}: none of its phases says \
                     `replaces: [{phase}]`\nremove {phase} from `replaces` of the \
                     PhaseConfiguration, or name another plugin there"
                )
            }
            PlanError::UnknownPlugin { phase, plugin } => {
                write!(
                    f,
                    "the configuration lets plugin {plugin} replace the phase {phase}, but does \
                     not name that plugin\nadd it with: {}",
                    program::command("plugin add SOURCE --config FILE")
                )
            }
            PlanError::SlotTaken { slot, phases } => {
                write!(
                    f,
                    "{} all fill the slot {slot}; disable or replace all but one",
                    join(phases, ", ")
                )
            }
        }
    }
}

impl std::error::Error for PlanError {}

/// Writes the phases that require others which do not run, in kubeadm's words, and the remedy.
fn write_unresolved(f: &mut fmt::Formatter<'_>, missing: &[(String, Vec<String>)]) -> fmt::Result {
    f.write_str("unresolved dependencies:")?;
    for (phase, missing) in missing.iter().take(MAX_PHASES) {
        let missing = join(missing, " ");
        write!(
            f,
            "\n\tmissing [{missing}] phase(s) needed by \"{phase}\" phase"
        )?;
    }
    if let more @ 1.. = missing.len().saturating_sub(MAX_PHASES) {
        write!(f, "\n\tand {more} more phases")?;
    }
    f.write_str("\nlet the missing phases run as well, or leave out the phases that need them")?;
    if missing.len() > MAX_PHASES {
        return Ok(());
    }
    let phases: Vec<&str> = missing.iter().map(|(phase, _)| phase.as_str()).collect();
    write!(f, ": --skip-phases={}", phases.join(","))
}

/// Joins the first names of a list, and says how many more there are.
fn join(names: &[String], separator: &str) -> String {
    let shown = names[..names.len().min(MAX_PHASES)].join(separator);
    match names.len().saturating_sub(MAX_PHASES) {
        0 => shown,
        more => format!("{shown}{separator}… ({more} more)"),
    }
}

/// Writes the name that the user likely meant.
fn suggest(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    match nearest {
        Some(nearest) => write!(f, "; did you mean {nearest}?"),
        None => Ok(()),
    }
}
