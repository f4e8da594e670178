//! Arguments of a call, in the types of the interface.
use crate::script::Argument;
use kubephase_sdk::{Effect, Finding, ObjectRef, Verdict};

/// The arguments of one call; a missing argument is empty.
pub struct Arguments<'a>(pub &'a [Argument]);

impl Arguments<'_> {
    pub fn text(&self, index: usize) -> String {
        self.0.get(index).map(Argument::text).unwrap_or_default()
    }

    pub fn optional(&self, index: usize) -> Option<String> {
        self.0.get(index).and_then(Argument::optional_text)
    }

    pub fn number(&self, index: usize) -> u32 {
        self.0.get(index).map(Argument::number).unwrap_or_default()
    }

    pub fn texts(&self, index: usize) -> Vec<String> {
        self.0.get(index).map(Argument::texts).unwrap_or_default()
    }

    pub fn effect(&self, index: usize) -> Effect {
        Effect {
            id: self.number(index),
        }
    }

    /// Returns the object of the arguments `apiVersion`, `kind`, `namespace` and `name`, in this
    /// order.
    pub fn object(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.text(0),
            kind: self.text(1),
            namespace: self.optional(2),
            name: self.text(3),
        }
    }

    /// Returns the finding of the arguments `verdict`, `code`, `summary`, name and value of the
    /// evidence, `remedy` and `url`.
    pub fn finding(&self) -> Finding {
        let verdict = match self.text(0).as_str() {
            "fail" => Verdict::Fail,
            "warn" => Verdict::Warn,
            "skipped" => Verdict::Skipped,
            "could-not-run" => Verdict::CouldNotRun,
            _ => Verdict::Pass,
        };
        let evidence = self
            .optional(3)
            .map(|name| (name, self.text(4)))
            .into_iter()
            .collect();
        Finding {
            code: self.text(1),
            verdict,
            summary: self.text(2),
            evidence,
            remedy: self.optional(5),
            url: self.optional(6),
        }
    }
}
