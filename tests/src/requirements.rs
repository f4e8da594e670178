//! The requirements of a test: the programs, rights and files that it needs on the machine. If they
//! are not met, the test says so and passes; `.ci/run` counts these tests at its end. The unit
//! tests of the host share this file.
use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The environment variable with the file that lists the skipped tests.
const LIST: &str = "KUBEPHASE_SKIPPED_TESTS";

/// Says that the running test is skipped, and what it needs: `skipped: needs WHAT (TEST)`. Appends
/// a line `WHAT<tab>TEST` to the file that `KUBEPHASE_SKIPPED_TESTS` names.
///
/// # Panics
/// If that file cannot be written: `.ci/run` would miss a skipped test.
pub fn skip(what: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("?");
    // The test runner hides what `eprintln!` prints in a test that passes. A line that cannot be
    // written is not a reason to fail.
    let _ = std::io::stderr().write_all(format!("skipped: needs {what} ({test})\n").as_bytes());
    if let Some(path) = std::env::var_os(LIST) {
        let list = OpenOptions::new().create(true).append(true).open(path);
        list.and_then(|mut list| list.write_all(format!("{what}\t{test}\n").as_bytes()))
            .expect("the list of skipped tests can be written");
    }
}

/// Whether a program is in `PATH`. If it is not, says that the test is skipped.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if !is_found {
        skip(name);
    }
    is_found
}

/// Whether the tests run as root. If they do not, says that the test is skipped.
pub fn is_root() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root {
        skip("root");
    }
    is_root
}

/// Returns the folder of kubeadm's recorded runs: `KUBEPHASE_GOLDEN`; without it, `shared/golden`
/// beside the workspace. If this machine has no such folder, says that the test is skipped.
pub fn recorded_runs() -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let from_environment = std::env::var_os("KUBEPHASE_GOLDEN").map(PathBuf::from);
    let folder = from_environment
        .unwrap_or_else(|| package.join("../../shared/golden"))
        .canonicalize()
        .ok()
        .filter(|folder| folder.join("compare.py").is_file());
    if folder.is_none() {
        skip("kubeadm's recorded runs (KUBEPHASE_GOLDEN)");
    }
    folder
}
