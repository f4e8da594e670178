//! The result of applying an effect.
use serde::{Deserialize, Serialize};

/// Whether an effect changed anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applied {
    Changed,
    /// the change was already there
    Unchanged,
    /// nothing was done; the text says why (for example because an external authority signs)
    #[serde(rename = "left")]
    Skipped(String),
}

/// The result of an effect that was applied.
#[derive(Debug)]
pub struct EffectOutcome {
    pub applied: Applied,
    /// lines about the effect, which the run prints as `[phase] line`
    pub lines: Vec<String>,
    pub warnings: Vec<String>,
    /// the writes to the API server that the effect asks for, also of objects that are in the
    /// wanted state already; none of an object that is kept as another client wrote it
    pub writes: Vec<ObjectWrite>,
}

/// One write of an object to the API server, as an effect asks for it.
#[derive(Clone, PartialEq)]
pub struct ObjectWrite {
    /// `CREATE`, `UPDATE`, `APPLY`, `PATCH`, `DELETE`
    pub verb: &'static str,
    pub resource: String,
    pub namespace: Option<String>,
    pub name: String,
    /// JSON as text: all objects of a run, parsed, would take much memory
    pub body: String,
}

impl std::fmt::Debug for ObjectWrite {
    /// Leaves out the body, which may be a Secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} {:?} {}",
            self.verb, self.resource, self.namespace, self.name
        )
    }
}

impl EffectOutcome {
    /// Returns a result with lines about the effect.
    pub fn with_lines(applied: Applied, lines: impl IntoIterator<Item = String>) -> EffectOutcome {
        EffectOutcome {
            lines: lines.into_iter().collect(),
            ..applied.into()
        }
    }
}

impl From<Applied> for EffectOutcome {
    fn from(applied: Applied) -> Self {
        EffectOutcome {
            applied,
            lines: Vec::new(),
            warnings: Vec::new(),
            writes: Vec::new(),
        }
    }
}

impl From<bool> for EffectOutcome {
    /// Converts a flag that says whether anything changed.
    fn from(changed: bool) -> Self {
        if changed {
            Applied::Changed
        } else {
            Applied::Unchanged
        }
        .into()
    }
}
