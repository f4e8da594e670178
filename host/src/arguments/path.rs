//! Paths and names of files.
use super::{Argument, checked_text, refusal, text::is_trick};
use serde::{Deserialize, Serialize};

/// Longest path in bytes (Linux' `PATH_MAX`).
const LONGEST_PATH: usize = 4095;
/// Longest name of a file in bytes (Linux' `NAME_MAX`).
const LONGEST_NAME: usize = 255;

/// A path from the root: no `.` or `..`, no empty components, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AbsolutePath(String);

checked_text!(AbsolutePath);

impl Argument for AbsolutePath {
    const WHAT: &'static str = "an absolute path";

    /// Empty components and `.` are dropped; `..` is refused, because what it leads to depends on links.
    fn parse(text: &str) -> Result<Self, String> {
        if text.split('/').any(|component| component == "..") {
            return Err(refusal(text, Self::WHAT, "it must not contain `..`"));
        }
        Self::clean(text)
    }
}

impl AbsolutePath {
    /// Parses a path of the operator's configuration: `..` takes the component before it away, as Go's `filepath.Clean`
    /// does (kubeadm behaviour).
    ///
    /// # Errors
    /// Why the text is not an absolute path.
    pub fn clean(text: &str) -> Result<Self, String> {
        let refused = |rule: &str| refusal(text, Self::WHAT, rule);
        if !text.starts_with('/') {
            return Err(refused("it has to begin with a slash"));
        }
        if text.len() > LONGEST_PATH {
            return Err(refused("it is longer than 4095 bytes"));
        }
        if text.chars().any(is_trick) {
            return Err(refused("it must not contain control characters"));
        }
        let mut components = Vec::new();
        for component in text.split('/') {
            match component {
                "" | "." => {}
                ".." => drop(components.pop()),
                name if name.len() > LONGEST_NAME => return Err(refused("a component is longer than 255 bytes")),
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
        let plain = !matches!(text, "" | "." | "..") && text.len() <= LONGEST_NAME && !text.contains('/') && !text.chars().any(is_trick);
        if plain {
            return Ok(FileName(text.to_owned()));
        }
        Err(refusal(text, Self::WHAT, "it has 1 to 255 bytes, no slash and no control character, and is neither `.` nor `..`"))
    }
}
