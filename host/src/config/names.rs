//! The form of image repositories.
use regex::Regex;
use std::sync::LazyLock;

/// The name of an image in the grammar of registries: a host with an optional port, and then
/// components of a path in small letters.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
    let host = format!(r"(?:{label}(?:\.{label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
    let component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    Regex::new(&format!(r"\A(?:{host}/)?{component}(?:/{component})*\z")).expect("a valid pattern")
});

/// Whether a text is an image repository: together with a name after it, it is the name of an
/// image.
pub fn is_repository(text: &str) -> bool {
    NAME.is_match(&format!("{text}/name"))
}

#[cfg(test)]
mod tests;
