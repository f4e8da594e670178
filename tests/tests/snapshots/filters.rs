//! Replaces the parts of a text that differ from run to run: folders, times, durations, digests.
use regex::Regex;
use std::{path::Path, sync::LazyLock};

/// Patterns, each with the text that replaces a match.
static FILTERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?",
            "[time]",
        ),
        (r"\b\d+(\.\d+)? (µs|ms|s|min)\b", "[duration]"),
        (r"\b(sha256:)?[0-9a-f]{64}\b", "${1}[digest]"),
        (r"\bRW[A-Za-z0-9+/]{54}", "[public key]"),
        (r"\bkey [0-9A-F]{16}\b", "key [id]"),
        // Phases run side by side.
        (
            r"\b\d+ of (\d+) phases were not reached",
            "[some] of $1 phases were not reached",
        ),
        (r"\(process \d+\)", "(process [number])"),
    ]
    .map(|(pattern, replacement)| (Regex::new(pattern).expect("a valid pattern"), replacement))
    .into()
});

/// Returns the text without the parts that differ from run to run. `folder` is shown as `[folder]`.
pub fn without_changing_parts(text: &str, folder: &Path) -> String {
    let folder = folder.display().to_string();
    let text = text.replace(&folder, "[folder]");
    FILTERS.iter().fold(text, |text, (pattern, replacement)| {
        pattern.replace_all(&text, *replacement).into_owned()
    })
}
