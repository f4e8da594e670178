//! The result of applying an effect.
use serde::{Deserialize, Serialize};

/// Whether an effect changed anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applied {
    Changed,
    /// the change was already there
    Unchanged,
    /// nothing was done, and why (for example because an external authority signs)
    #[serde(rename = "left")]
    Skipped(String),
}

/// An applied effect: its result, and lines about it.
#[derive(Debug)]
pub struct Done {
    pub applied: Applied,
    /// lines for the person, shown as `[phase] line`
    pub said: Vec<String>,
    pub warnings: Vec<String>,
    /// writes to the API, as they were sent
    pub sent: Vec<Sent>,
}

/// One write to the API.
#[derive(Clone, PartialEq)]
pub struct Sent {
    /// `CREATE`, `UPDATE`, `APPLY`, `PATCH`, `DELETE`
    pub verb: &'static str,
    pub resource: String,
    pub namespace: Option<String>,
    pub name: String,
    /// JSON: as values, all objects of a run would take much memory
    pub body: String,
}

impl std::fmt::Debug for Sent {
    /// Without the body, which may be a Secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} {:?} {}",
            self.verb, self.resource, self.namespace, self.name
        )
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
    /// Whether anything changed.
    fn from(changed: bool) -> Self {
        if changed {
            Applied::Changed
        } else {
            Applied::Unchanged
        }
        .into()
    }
}
