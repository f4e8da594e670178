//! Colours, if the output is a terminal with colours and `NO_COLOR` does not forbid them.
use crate::text::sanitise;
use console::{Style, Term};
use std::{fmt, sync::OnceLock};

/// The colours of an output. A plain palette has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    has_colours: bool,
}

impl Palette {
    /// The palette without colours, for files, pipes and tests.
    pub const PLAIN: Palette = Palette { has_colours: false };

    /// Returns the colours of standard output.
    pub fn stdout() -> Self {
        Self::for_terminal(&Term::stdout())
    }

    /// Returns the colours of standard error.
    pub fn stderr() -> Self {
        Self::for_terminal(&Term::stderr())
    }

    fn for_terminal(term: &Term) -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Palette {
            has_colours: !forbidden && term.features().colors_supported(),
        }
    }

    /// Returns the text as a heading.
    pub fn bold(self, text: &str) -> String {
        self.apply(bold(), text)
    }

    /// Returns the text as a detail.
    pub fn dim(self, text: &str) -> String {
        self.apply(dim(), text)
    }

    /// Returns the text of a good result.
    pub fn success(self, text: &str) -> String {
        self.apply(success(), text)
    }

    /// Returns the text of a warning.
    pub fn warn(self, text: &str) -> String {
        self.apply(warn(), text)
    }

    /// Returns the text of an error.
    pub fn error(self, text: &str) -> String {
        self.apply(error(), text)
    }

    fn apply(self, style: Style, text: &str) -> String {
        if self.has_colours {
            style.apply_to(text).to_string()
        } else {
            text.to_owned()
        }
    }
}

fn bold() -> Style {
    Style::new().force_styling(true).bold()
}

fn dim() -> Style {
    Style::new().force_styling(true).dim()
}

fn success() -> Style {
    Style::new().force_styling(true).green()
}

fn warn() -> Style {
    Style::new().force_styling(true).yellow()
}

fn error() -> Style {
    Style::new().force_styling(true).red().bold()
}

/// Text with the host's own colours. Of all escape sequences, only those of a [`Palette`] act on a
/// terminal; the sanitiser escapes all others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Painted(String);

impl Painted {
    /// Returns text of several lines, parts of which a palette coloured, with all other escape
    /// sequences escaped.
    pub fn new(text: &str) -> Painted {
        let mut painted = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(escape) = rest.find('\u{1b}') {
            let (before, from) = rest.split_at(escape);
            painted.push_str(&sanitise::multiline(before));
            let sequence = sequences()
                .find(|sequence| from.starts_with(sequence.as_str()))
                .map_or("", String::as_str);
            // The escape character of a sequence that is not in a palette is shown as text.
            let shown = if sequence.is_empty() { 1 } else { 0 };
            painted.push_str(sequence);
            painted.push_str(&sanitise::multiline(&from[..shown]));
            rest = &from[sequence.len() + shown..];
        }
        painted.push_str(&sanitise::multiline(rest));
        Painted(painted)
    }
}

impl fmt::Display for Painted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the escape sequences with which a palette begins and ends its colours.
fn sequences() -> impl Iterator<Item = &'static String> {
    static SEQUENCES: OnceLock<Vec<String>> = OnceLock::new();
    SEQUENCES
        .get_or_init(|| {
            [bold(), dim(), success(), warn(), error()]
                .into_iter()
                .flat_map(sequences_of)
                .collect()
        })
        .iter()
}

/// Returns the sequence before and the sequence after a text of this style.
fn sequences_of(style: Style) -> Vec<String> {
    let applied = style.apply_to("|").to_string();
    applied.split('|').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
