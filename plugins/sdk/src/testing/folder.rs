//! Folders of cases.
#![allow(clippy::disallowed_methods, reason = "cases are the author's files")]
use super::Case;
use crate::Phase;
use std::path::{Path, PathBuf};

/// Runs every case of a folder of the crate under test, natively.
///
/// # Panics
/// If a case cannot be read, or has another result than expected.
pub fn run_cases<P: Phase + 'static>(folder: &str) {
    let crate_folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let cases = read_cases(&Path::new(&crate_folder).join(folder));
    for (path, case) in cases.unwrap_or_else(|error| panic!("{error}")) {
        let result = case.run::<P>();
        let proposals: Vec<String> = result
            .proposals
            .iter()
            .map(|proposed| format!("{} {}", proposed.kind, proposed.target))
            .collect();
        let expected = case.expect.unwrap_or_default();
        let differences = expected.differences(&result.outcome, &result.findings, &proposals);
        assert!(
            differences.is_empty(),
            "{} ({}):\n  {}",
            path.display(),
            case.name,
            differences.join("\n  ")
        );
    }
}

/// Returns the cases of a folder with their paths, sorted: its files that end in `.yaml`.
///
/// # Errors
/// A message if the folder has no cases, or one cannot be read.
pub fn read_cases(folder: &Path) -> Result<Vec<(PathBuf, Case)>, String> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("cannot read the cases in {}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{} has no cases", folder.display()));
    }
    paths.into_iter().map(read_case).collect()
}

fn read_case(path: PathBuf) -> Result<(PathBuf, Case), String> {
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let case = Case::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((path, case))
}
