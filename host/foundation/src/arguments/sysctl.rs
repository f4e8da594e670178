//! Names of kernel parameters.
use super::{Argument, checked_text, refusal};
use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
const MAX_LENGTH: usize = 256;

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

/// Whether a text is a component of a key, in the spelling with dots. A slash in it becomes a dot
/// of the path, so a text of slashes alone (`.` or `..` in the path) is not a component.
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
        // The first separator tells the spelling (sysctl(8)).
        let separated_by_slashes = text
            .find(['.', '/'])
            .is_some_and(|at| text[at..].starts_with('/'));
        let dotted = if separated_by_slashes {
            swap_separators(text)
        } else {
            text.to_owned()
        };
        let rule = if dotted.len() > MAX_LENGTH {
            "it may have at most 256 bytes"
        } else if dotted.split('.').all(is_component) {
            return Ok(SysctlKey(dotted));
        } else {
            "it must have components of letters, digits, `_`, `:` and `-` (not first), with dots \
             between them; a component of slashes alone is not allowed"
        };
        Err(refusal(text, Self::WHAT, rule))
    }
}
