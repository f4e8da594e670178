//! Paths and names of files.
use super::{Argument, checked_text, refusal};
use crate::text::sanitise::is_trick;
use serde::{Deserialize, Serialize};

/// Largest length of a path in bytes (`PATH_MAX` of Linux).
const MAX_PATH: usize = 4095;
/// The largest number of components of a path of a plugin. Files of a node lie about a dozen
/// directories deep; a plugin could otherwise have two thousand directories made by naming one
/// file.
const MAX_DEPTH: usize = 32;
/// Largest length of a file's name in bytes (`NAME_MAX` of Linux).
const MAX_NAME: usize = 255;

/// An absolute path: no `.` or `..`, no empty components, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AbsolutePath(String);

checked_text!(AbsolutePath);

impl Argument for AbsolutePath {
    const WHAT: &'static str = "an absolute path";

    /// Parses a path. Drops empty components and `.`; refuses `..`, because it depends on symbolic
    /// links where `..` leads, and paths of more than 32 components.
    fn parse(text: &str) -> Result<Self, String> {
        if text.split('/').any(|component| component == "..") {
            return Err(refusal(text, Self::WHAT, "it must not contain `..`"));
        }
        let path = Self::clean(text)?;
        if path.0.split('/').skip(1).count() > MAX_DEPTH {
            let rule = format!("it has more than {MAX_DEPTH} components");
            return Err(refusal(text, Self::WHAT, &rule));
        }
        Ok(path)
    }
}

impl AbsolutePath {
    /// Parses a path of the operator's configuration: `..` removes the component before it, as Go's
    /// `filepath.Clean` does (kubeadm behaviour).
    ///
    /// # Errors
    /// The text breaks a rule, which the message states.
    pub fn clean(text: &str) -> Result<Self, String> {
        Self::clean_components(text).map_err(|rule| refusal(text, Self::WHAT, rule))
    }

    /// Removes `.`, `..` and doubled slashes.
    ///
    /// # Errors
    /// The text breaks a rule, which the message states.
    fn clean_components(text: &str) -> Result<Self, &'static str> {
        if !text.starts_with('/') {
            return Err("it has to begin with a slash");
        }
        if text.len() > MAX_PATH {
            return Err("it is longer than 4095 bytes");
        }
        if text.chars().any(is_trick) {
            return Err("it must not contain control characters");
        }
        let mut components = Vec::new();
        for component in text.split('/') {
            match component {
                "" | "." => {}
                ".." => drop(components.pop()),
                name if name.len() > MAX_NAME => {
                    return Err("a component is longer than 255 bytes");
                }
                name => components.push(name),
            }
        }
        Ok(AbsolutePath(format!("/{}", components.join("/"))))
    }
}

/// The name of one file in a directory: no slash, neither `.` nor `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

checked_text!(FileName);

impl Argument for FileName {
    const WHAT: &'static str = "a file name";

    fn parse(text: &str) -> Result<Self, String> {
        let is_plain = !matches!(text, "" | "." | "..")
            && text.len() <= MAX_NAME
            && !text.contains('/')
            && !text.chars().any(is_trick);
        if is_plain {
            return Ok(FileName(text.to_owned()));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have 1 to 255 bytes, no slash and no control character, and be neither `.` \
             nor `..`",
        ))
    }
}
