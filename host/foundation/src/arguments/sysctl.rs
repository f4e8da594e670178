//! Names of kernel parameters.
use super::{Argument, checked_text, refusal};
use serde::{Deserialize, Serialize};

/// The name of a kernel parameter, spelled with dots: `net.ipv4.ip_forward`.
///
/// sysctl(8) allows two spellings, and parsing turns both into the spelling with dots. A name may
/// be spelled with slashes (`net/ipv4/ip_forward`). In a name with dots, a slash stands for a dot
/// within a component (`net.ipv4.conf.eth0/100.forwarding`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SysctlKey(String);

checked_text!(SysctlKey);

impl SysctlKey {
    /// Returns the path below `/proc/sys`.
    pub fn path(&self) -> String {
        swap_separators(&self.0)
    }
}

fn swap_separators(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect()
}

/// Whether a text is a component of a key. A slash stands for a dot: a component may not become `.`
/// or `..`.
fn is_component(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_/:-".contains(c))
        && text.chars().any(|c| c != '/')
        && !text.starts_with('-')
}

impl Argument for SysctlKey {
    const WHAT: &'static str = "the name of a kernel parameter";

    fn parse(text: &str) -> Result<Self, String> {
        let has_slashes = text
            .find(['.', '/'])
            .is_some_and(|at| text[at..].starts_with('/'));
        let dotted = if has_slashes {
            swap_separators(text)
        } else {
            text.to_owned()
        };
        if dotted.len() <= 256 && dotted.split('.').all(is_component) {
            return Ok(SysctlKey(dotted));
        }
        Err(refusal(
            text,
            Self::WHAT,
            "it must have components of letters, digits, `_`, `:` and `-`, with dots between them",
        ))
    }
}
