//! Why there is no plan. The messages begin as kubeadm's do where kubeadm has them.
use std::fmt;

/// One reason to refuse a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// no phase has this name
    UnknownName {
        name: String,
        named_in: String,
        nearest: Option<String>,
    },
    /// phases that others cannot do without: the phase, and what it misses
    Unresolved(Vec<(String, Vec<String>)>),
    /// each of these waits for the one before, and the first for the last
    Cycle(Vec<String>),
    /// this plugin does not offer a stand-in for the phase
    NoStandIn { phase: String, plugin: String },
    /// two phases would fill the same place
    SlotTaken { slot: String, phases: Vec<String> },
}

/// Why there is no plan, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub Vec<PlanError>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::UnknownName {
                name,
                named_in,
                nearest,
            } => {
                write!(f, "invalid phase name: {name} (in {named_in})")?;
                nearest
                    .as_ref()
                    .map_or(Ok(()), |near| write!(f, "; did you mean {near}?"))
            }
            PlanError::Unresolved(missing) => {
                f.write_str("unresolved dependencies:")?;
                missing.iter().try_for_each(|(phase, missing)| {
                    write!(
                        f,
                        "\n\tmissing [{}] phase(s) needed by \"{phase}\" phase",
                        missing.join(" ")
                    )
                })
            }
            PlanError::Cycle(ring) => {
                let first = ring.first().map_or("", String::as_str);
                write!(
                    f,
                    "phases wait for each other in a circle: {} → {first}; remove one of these \
                     edges",
                    ring.join(" → ")
                )
            }
            PlanError::NoStandIn { phase, plugin } => {
                write!(
                    f,
                    "plugin {plugin} is to replace phase {phase}, but provides no phase that says \
                     `replaces: [{phase}]`"
                )
            }
            PlanError::SlotTaken { slot, phases } => {
                write!(
                    f,
                    "{} all fill the slot {slot}; disable or replace all but one",
                    phases.join(", ")
                )
            }
        }
    }
}

impl std::error::Error for PlanError {}
