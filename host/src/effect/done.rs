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

/// An applied effect: its result, and lines about it.
#[derive(Debug)]
pub struct Done {
    pub applied: Applied,
    /// lines that the run prints, as `[phase] line`
    pub said: Vec<String>,
    pub warnings: Vec<String>,
    /// writes to the API server, as they were sent
    pub sent: Vec<Sent>,
}

/// One write to the API server.
#[derive(Clone, PartialEq)]
pub struct Sent {
    /// `CREATE`, `UPDATE`, `APPLY`, `PATCH`, `DELETE`
    pub verb: &'static str,
    pub resource: String,
    pub namespace: Option<String>,
    pub name: String,
    /// JSON text: parsed, all objects of a run would take much memory
    pub body: String,
}

impl std::fmt::Debug for Sent {
    /// Leaves the body out, which may be a Secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} {:?} {}",
            self.verb, self.resource, self.namespace, self.name
        )
    }
}

impl Done {
    /// A result with lines about it.
    pub fn with_lines(applied: Applied, said: impl IntoIterator<Item = String>) -> Done {
        Done {
            said: said.into_iter().collect(),
            ..applied.into()
        }
    }
}

impl From<Applied> for Done {
    fn from(applied: Applied) -> Self {
        Done {
            applied,
            said: Vec::new(),
            warnings: Vec::new(),
            sent: Vec::new(),
        }
    }
}

impl From<bool> for Done {
    /// Converts whether anything changed.
    fn from(changed: bool) -> Self {
        if changed {
            Applied::Changed
        } else {
            Applied::Unchanged
        }
        .into()
    }
}
