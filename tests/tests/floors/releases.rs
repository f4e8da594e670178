//! Only the table of releases names versions of Kubernetes and compares them.
use harness::workspace;
use regex::Regex;
use std::{fs, path::Path};

/// The table.
const TABLE: &str = "plugins/sdk/src/release/";
/// Files that show a version as an example.
const EXAMPLES: &[&str] = &["plugins/sdk/src/facts.rs"];

/// What names a release, or decides by one.
fn patterns() -> [Regex; 4] {
    [
        r"(^|[^0-9.])1\.3[0-9]\b",
        r"Version::new\(1,",
        r"\bminor\b\s*(<|>|==|!=|<=|>=)\s*[0-9]",
        r"(==|!=|<=|>=|\s<|\s>)\s*\(1,",
    ]
    .map(|pattern| Regex::new(pattern).expect("a valid pattern"))
}

/// Adds the sources below a folder, except tests.
fn add_sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !["tests", "target", "cases", "node_modules"].contains(&name.as_str()) {
            add_sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let path = path.strip_prefix(workspace()).expect("a path below it");
            found.push(path.to_string_lossy().into_owned());
        }
    }
}

/// Returns the lines of a source that name or compare a release: without comments, and without the
/// tests at its end.
fn offending_lines(source: &str) -> Vec<&str> {
    let patterns = patterns();
    let code = source.split("#[cfg(test)]\nmod tests {").next();
    code.unwrap_or_default()
        .lines()
        .filter(|line| {
            let code = line.split("//").next().unwrap_or_default();
            patterns.iter().any(|pattern| pattern.is_match(code))
        })
        .collect()
}

#[test]
fn only_the_table_of_releases_compares_versions() {
    let mut sources = Vec::new();
    for folder in ["host/src", "plugins"] {
        add_sources(&workspace().join(folder), &mut sources);
    }
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
