//! The files of a machine, compared before and after.
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The content of files by path.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Returns the files of the node, without the state of the run and of the rehearsed cluster.
pub fn files(root: &Path) -> Files {
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

/// Checks the files after a kill and a second run: the files equal the files of an undisturbed run,
/// and keys and certificates that were complete when the run was killed are unchanged.
pub fn expect_convergence(before: &Files, after: &Files, undisturbed: &Files, case: &str) {
    for (path, content) in before {
        let is_credential = path.extension().is_some_and(|extension| {
            extension == "key" || extension == "crt" || extension == "pub"
        });
        assert!(
            !is_credential || after.get(path) == Some(content),
            "{case}: {} was made again",
            path.display()
        );
    }
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        undisturbed.keys().collect::<Vec<_>>(),
        "{case}"
    );
}
