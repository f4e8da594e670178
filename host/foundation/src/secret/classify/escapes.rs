//! Characters that are written as escapes: `%3D`, `&#61;`, `&quot;`, `\u003d`, `\x3d`.
use regex::bytes::{Captures, Regex, RegexBuilder};
use std::{borrow::Cow, str, sync::LazyLock};

/// The pattern of an escape. The group that matches has the number or the name of the character.
static ESCAPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = concat!(
        r"%(?<percent>[0-9a-f]{2})|&#(?<decimal>[0-9]{1,7});|&#x(?<hex>[0-9a-f]{1,6});",
        r"|&(?<name>amp|lt|gt|quot|apos);|\\u(?<unicode>[0-9a-f]{4})|\\x(?<byte>[0-9a-f]{2})"
    );
    RegexBuilder::new(pattern)
        .unicode(false)
        .case_insensitive(true)
        .build()
        .ok()
});

/// Returns a text with its escapes decoded, once; `None` if it is not text or has no escapes.
pub(super) fn unescape(content: &[u8]) -> Option<Vec<u8>> {
    str::from_utf8(content).ok()?;
    match ESCAPE.as_ref()?.replace_all(content, decode) {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    }
}

/// Returns the bytes that an escape stands for.
fn decode(found: &Captures<'_>) -> Vec<u8> {
    let number = |group: &str, radix: u32| {
        let digits = str::from_utf8(found.name(group)?.as_bytes()).ok()?;
        u32::from_str_radix(digits, radix).ok()
    };
    let byte = number("percent", 16).or_else(|| number("byte", 16));
    if let Some(byte) = byte.and_then(|byte| u8::try_from(byte).ok()) {
        return vec![byte];
    }
    let code = number("decimal", 10)
        .or_else(|| number("hex", 16))
        .or_else(|| number("unicode", 16));
    let named = || {
        let name = found.name("name")?.as_bytes().to_ascii_lowercase();
        Some(match name.as_slice() {
            b"amp" => '&',
            b"lt" => '<',
            b"gt" => '>',
            b"quot" => '"',
            _ => '\'',
        })
    };
    let character = code.and_then(char::from_u32).or_else(named);
    character
        .unwrap_or(char::REPLACEMENT_CHARACTER)
        .to_string()
        .into_bytes()
}
