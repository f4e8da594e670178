//! The settings of the hostile plugin.
use crate::endings::Ending;
use serde::Deserialize;

/// The script of the plugin, round by round. The plugin ignores all other settings. Some cases set
/// others, to check where the host shows them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Script {
    /// one entry for each round; the last one serves all further rounds
    #[serde(default)]
    pub rounds: Vec<Round>,
    /// bytes of each answer that are reported; default 600
    #[serde(default = "Script::default_shown_bytes")]
    pub shown_bytes: usize,
}

impl Script {
    fn default_shown_bytes() -> usize {
        600
    }
}

/// The script of one call of `run`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Round {
    /// steps of computing before the calls
    #[serde(default)]
    pub steps: u64,
    #[serde(default)]
    pub calls: Vec<Call>,
    #[serde(default)]
    pub ending: Ending,
}

/// A call of one host function.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// `interface.function`, as in a manifest
    pub function: String,
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// how often the call is made; default 1
    #[serde(default = "Call::default_times")]
    pub times: u32,
    /// whether the answer is not reported
    #[serde(default)]
    pub quiet: bool,
}

impl Call {
    fn default_times() -> u32 {
        1
    }
}

/// One argument of a host function.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    Text(String),
    Number(u64),
    /// a list of texts, such as the arguments of a program; or the parts of one long text
    List(Vec<Argument>),
    /// a text that JSON or YAML cannot carry well: `characters` are code points, repeated `times`
    Repeated {
        characters: Vec<u32>,
        times: usize,
    },
    /// no value, for an optional argument
    Absent(()),
}

impl Argument {
    pub fn text(&self) -> String {
        match self {
            Argument::Text(text) => text.clone(),
            Argument::Number(number) => number.to_string(),
            Argument::Repeated { characters, times } => {
                let text: String = characters
                    .iter()
                    .filter_map(|code| char::from_u32(*code))
                    .collect();
                text.repeat(*times)
            }
            Argument::List(parts) => parts.iter().map(Argument::text).collect(),
            Argument::Absent(()) => String::new(),
        }
    }

    pub fn optional_text(&self) -> Option<String> {
        match self {
            Argument::Absent(()) => None,
            other => Some(other.text()),
        }
    }

    pub fn number(&self) -> u32 {
        match self {
            Argument::Number(number) => u32::try_from(*number).unwrap_or(u32::MAX),
            _ => 0,
        }
    }

    pub fn texts(&self) -> Vec<String> {
        match self {
            Argument::List(items) => items.iter().map(Argument::text).collect(),
            _ => Vec::new(),
        }
    }
}
