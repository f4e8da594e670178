//! Only the table of releases names versions of Kubernetes and compares them.
use super::rust_files;
use harness::workspace;
use regex::Regex;
use std::{fs, path::Path, sync::LazyLock};

/// The table.
const TABLE: &str = "plugins/sdk/src/release/";
/// Files that show a version as an example.
const EXAMPLES: &[&str] = &["plugins/sdk/src/facts.rs"];

/// Patterns of code that names a release, or decides by one.
static PATTERNS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"(^|[^0-9.])1\.3[0-9]\b",
        r"Version::new\(1,",
        r"\bminor\b\s*(<|>|==|!=|<=|>=)\s*[0-9]",
        r"(==|!=|<=|>=|\s<|\s>)\s*\(1,",
    ]
    .map(|pattern| Regex::new(pattern).expect("a valid pattern"))
});

/// Returns the paths of the sources below a folder of the workspace, except tests.
fn sources(folder: &str) -> impl Iterator<Item = String> {
    const LEFT_OUT: [&str; 3] = ["tests", "cases", "node_modules"];
    let is_source = |path: &Path| {
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        !is_test
            && !path
                .iter()
                .any(|part| LEFT_OUT.iter().any(|name| part == *name))
    };
    let files = rust_files(&workspace().join(folder)).into_iter();
    files.filter_map(move |path| {
        let path = path.strip_prefix(workspace()).expect("a path below it");
        is_source(path).then(|| path.to_string_lossy().into_owned())
    })
}

/// Returns the lines of a source that name or compare a release: without comments, and without the
/// tests at its end.
fn offending_lines(source: &str) -> Vec<&str> {
    let code = source.split("#[cfg(test)]\nmod tests {").next();
    code.unwrap_or_default()
        .lines()
        .filter(|line| {
            let code = line.split("//").next().unwrap_or_default();
            PATTERNS.iter().any(|pattern| pattern.is_match(code))
        })
        .collect()
}

#[test]
fn only_the_table_of_releases_compares_versions() {
    let sources: Vec<String> = ["host", "plugins"].into_iter().flat_map(sources).collect();
    assert!(sources.iter().any(|path| path.starts_with(TABLE)));
    let mut offences = Vec::new();
    for path in sources
        .iter()
        .filter(|path| !path.starts_with(TABLE) && !EXAMPLES.contains(&path.as_str()))
    {
        let source = fs::read_to_string(workspace().join(path)).expect("a source");
        let lines = offending_lines(&source).into_iter();
        offences.extend(lines.map(|line| format!("{path}: {}", line.trim())));
    }
    assert!(
        offences.is_empty(),
        "read a row of plugins/sdk/src/release instead:\n{}",
        offences.join("\n")
    );
}

#[test]
fn the_patterns_find_versions_and_comparisons() {
    for line in [
        r#"const CURRENT: &str = "v1.36.2";"#,
        "if version.minor >= 35 {",
        "version >= (1, 35)",
        "const MINIMUM: Version = Version::new(1, 35, 0);",
    ] {
        assert_eq!(offending_lines(line), [line]);
    }
    for line in [
        "/// as kubeadm 1.36 does",
        "cluster.release().minor",
        "let port = 1.5;",
    ] {
        assert!(offending_lines(line).is_empty(), "{line}");
    }
}
