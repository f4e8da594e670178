//! The files of a machine, compared before and after.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The content of files by path.
pub type NodeFiles = BTreeMap<PathBuf, Vec<u8>>;

/// Returns the files of the node, without the state of the run and of the rehearsed cluster.
///
/// # Panics
/// If a directory cannot be read.
pub fn node_files(root: &Path) -> NodeFiles {
    let mut found = BTreeMap::new();
    let mut open = vec![root.join("etc"), root.join("var/lib/kubelet")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
        {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else {
                let content = fs::read(&path).unwrap_or_default();
                found.insert(path.strip_prefix(root).unwrap().to_owned(), content);
            }
        }
    }
    found
}

/// Checks the files after a run that was disturbed and a second run: their names have to be those
/// of an undisturbed run, and keys and certificates that were complete before the second run have
/// to be unchanged.
///
/// # Errors
/// The first problem.
pub fn check_convergence(
    before: &NodeFiles,
    after: &NodeFiles,
    undisturbed: &NodeFiles,
) -> Result<(), String> {
    for (path, content) in before {
        let is_credential = path.extension().is_some_and(|extension| {
            extension == "key" || extension == "crt" || extension == "pub"
        });
        if is_credential && after.get(path) != Some(content) {
            return Err(format!("{} was made again", path.display()));
        }
    }
    let missing = undisturbed.keys().find(|path| !after.contains_key(*path));
    if let Some(path) = missing {
        return Err(format!("{} is missing", path.display()));
    }
    let surplus = after.keys().find(|path| !undisturbed.contains_key(*path));
    surplus.map_or(Ok(()), |path| Err(format!("{} is left", path.display())))
}

/// Checks the files as [`check_convergence`] does.
///
/// # Panics
/// If there is a problem.
#[track_caller]
pub fn expect_convergence(
    before: &NodeFiles,
    after: &NodeFiles,
    undisturbed: &NodeFiles,
    case: &str,
) {
    if let Err(problem) = check_convergence(before, after, undisturbed) {
        panic!("{case}: {problem}");
    }
}
