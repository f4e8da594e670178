//! The gate between plugins and the world: one row for every host function.
//!
//! A row holds everything that decides about a call: the types that its arguments are parsed into,
//! the dimensions in which a grant limits it, its other limits, the risk of granting it, and the
//! words that describe it. Only [`HostFunction::admit`] parses what a plugin hands over, and the
//! session carries out a call only with arguments that `admit` returned.
mod arguments;
mod content;
mod own;
mod pattern;
mod risk;
mod table;

pub use arguments::{Arguments, Identity, Listing, NewOwner, Origin, Plain};
pub use content::{OwnerPlugin, checked_kinds, find_excess, has_pods, shape_of};
pub use pattern::{
    Demand, Dimension, check_ascii, check_name, check_pattern, check_usage, covers_object,
    pattern_matches,
};
pub use risk::{
    Danger, NAMESPACE, PLUGIN_DIRECTORIES, Risk, check_host, dangers_of_nearby_servers,
    has_to_be_named, identifies_others, is_harmless, is_own_or_harmless, is_shared, names_host,
    owner_of_path,
};
pub use table::*;

use std::{marker::PhantomData, time::Duration};

/// The permission that a host function requires of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// none: every plugin may call it
    Free,
    /// a grant that has patterns in each of these dimensions
    Granted(&'static [Dimension]),
    /// the caller is a built-in phase; no plugin may call it
    Core,
}

/// The limits of one call of a host function, and of the number of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// bytes that the plugin hands over
    pub bytes_in: usize,
    /// bytes of the answer
    pub bytes_out: usize,
    /// how long the host works for the call
    pub time: Duration,
    /// how often a phase may call the function during one call of its `run`
    pub calls: usize,
}

/// Everything that decides about calls of one host function.
#[derive(Debug)]
pub struct Row {
    /// the interface of the WIT package: `observe-files`
    pub interface: &'static str,
    /// the function of that interface: `read-file`
    pub function: &'static str,
    /// the kind of each argument, as messages call it
    pub arguments: &'static [&'static str],
    pub permit: Permit,
    pub allowance: Allowance,
    /// whether answers are large, and come from this machine or its cluster without a long wait
    pub has_large_answers: bool,
    /// the rule that judges the risk of a grant
    pub risk: risk::Rule,
    /// what the function lets a plugin do: `read files`
    pub words: &'static str,
}

impl Row {
    /// Returns the name that manifests and messages use: `observe-files.read-file`.
    pub fn capability(&self) -> String {
        format!("{}.{}", self.interface, self.function)
    }

    /// Whether every plugin may call the function.
    pub fn is_free(&self) -> bool {
        matches!(self.permit, Permit::Free)
    }

    /// Returns the dimensions in which a grant limits the function; empty if it needs no grant.
    pub fn dimensions(&self) -> &'static [Dimension] {
        match self.permit {
            Permit::Granted(dimensions) => dimensions,
            Permit::Free | Permit::Core => &[],
        }
    }
}

/// The row of a host function together with the type of its arguments.
#[derive(Debug)]
pub struct HostFunction<A> {
    pub row: Row,
    arguments: PhantomData<fn() -> A>,
}

impl<A: Arguments> HostFunction<A> {
    /// Makes the row of a host function that has no risk.
    const fn new(
        interface: &'static str,
        function: &'static str,
        permit: Permit,
        allowance: Allowance,
        words: &'static str,
    ) -> Self {
        let row = Row {
            interface,
            function,
            arguments: A::KINDS,
            permit,
            allowance,
            has_large_answers: false,
            risk: risk::NONE,
            words,
        };
        HostFunction {
            row,
            arguments: PhantomData,
        }
    }

    /// Sets the rule that judges the risk of a grant.
    const fn with_risk(mut self, risk: risk::Rule) -> Self {
        self.row.risk = risk;
        self
    }

    /// Lets the host hold only a few answers of the function at a time.
    const fn with_large_answers(mut self) -> Self {
        self.row.has_large_answers = true;
        self
    }

    /// Parses the arguments that a phase hands over.
    ///
    /// # Errors
    /// An argument is not valid: the message says which, and the rule that it breaks. Or the
    /// arguments of a plugin are longer than [`Allowance::bytes_in`].
    pub fn admit(&self, raw: A::Raw, origin: Origin) -> Result<A, String> {
        let (given, most) = (A::length(&raw), self.row.allowance.bytes_in);
        // Files of built-in phases may be larger than those of a plugin.
        if given > most && origin == Origin::Plugin {
            return Err(format!(
                "{} takes at most {most} bytes of arguments, not {given}",
                self.row.capability()
            ));
        }
        A::parse(raw, origin).map_err(|why| format!("{}: {why}", self.row.capability()))
    }
}

/// Returns the row of `interface.function`; `None` for a function that the host does not have.
pub fn row(capability: &str) -> Option<&'static Row> {
    let (interface, function) = capability.split_once('.')?;
    rows().find(|row| row.interface == interface && row.function == function)
}

/// Whether a plugin needs a grant to call a function. Also true for functions that no plugin may
/// call, and for functions that the host does not have.
pub fn needs_grant(capability: &str) -> bool {
    row(capability).is_none_or(|row| !row.is_free())
}

/// Writes the table of `plugins/SANDBOX.md`: a row for each capability that needs a grant.
pub fn documentation() -> String {
    let mut text = String::from(
        "| capability | lets a plugin | bounded by | amounts to |\n|---|---|---|---|\n",
    );
    for row in rows() {
        let Permit::Granted(dimensions) = row.permit else {
            continue;
        };
        let fields: Vec<String> = dimensions
            .iter()
            .map(|dimension| format!("`{}`", dimension.field()))
            .collect();
        text += &format!(
            "| `{}` | {} | {} | {} |\n",
            row.capability(),
            row.words,
            fields.join(", "),
            row.risk.when
        );
    }
    text
}

/// Writes the table of `plugins/SANDBOX.md` of functions that need no grant. Those that only shape
/// the plugin's own proposals are left out.
pub fn documentation_of_free() -> String {
    let mut text = String::from("| function | lets a plugin | takes |\n|---|---|---|\n");
    let is_own = |row: &Row| row.interface.starts_with("effects");
    for row in rows().filter(|row| row.is_free() && !is_own(row)) {
        text += &format!(
            "| `{}` | {} | {} |\n",
            row.capability(),
            row.words,
            row.arguments.join(", ")
        );
    }
    text
}

/// The largest number of bytes of a name for which a similar one is suggested: comparing takes time
/// in proportion to the length.
const MAX_COMPARED: usize = 64;

/// Returns the end of a message about an unknown capability, which suggests the capability with the
/// most similar name.
pub fn suggest_capability(capability: &str) -> String {
    if capability.len() > MAX_COMPARED {
        return String::new();
    }
    let nearest = rows()
        .map(|row| row.capability())
        .min_by_key(|known| strsim::damerau_levenshtein(known, capability));
    nearest
        .map(|nearest| format!("; did you mean {nearest}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
