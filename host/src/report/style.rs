//! Colours, only where a terminal shows them and `NO_COLOR` does not forbid them.
use console::{Style, Term};

/// Whether to colour, decided once for each output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    on: bool,
}

impl Palette {
    /// No colours: files, pipes, tests.
    pub const PLAIN: Palette = Palette { on: false };

    pub fn stdout() -> Self {
        Self::of(&Term::stdout())
    }

    pub fn stderr() -> Self {
        Self::of(&Term::stderr())
    }

    fn of(term: &Term) -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Palette { on: !forbidden && term.features().colors_supported() }
    }

    pub fn bold(self, text: &str) -> String {
        self.apply(Style::new().bold(), text)
    }

    pub fn dim(self, text: &str) -> String {
        self.apply(Style::new().dim(), text)
    }

    pub fn good(self, text: &str) -> String {
        self.apply(Style::new().green(), text)
    }

    pub fn warn(self, text: &str) -> String {
        self.apply(Style::new().yellow(), text)
    }

    pub fn bad(self, text: &str) -> String {
        self.apply(Style::new().red().bold(), text)
    }

    fn apply(self, style: Style, text: &str) -> String {
        if self.on { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }
}
