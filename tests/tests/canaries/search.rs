//! Searching texts and trees for secrets.
use crate::{CERTIFICATE_KEY, TOKEN_SECRET};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Parts of the secrets, each of which a leak would show.
const CANARIES: &[&str] = &[
    "canary-cloud",
    "canary-signing",
    "canary-proxy",
    TOKEN_SECRET,
    CERTIFICATE_KEY,
    "PRIVATE KEY",
    "client-key-data",
];

/// Files and objects that are meant to hold secrets.
const HOLDERS: &[&str] = &[
    "secrets.json",
    "cluster.jsonl",
    ".key",
    ".conf",
    "kubelet-client-current.pem",
];

/// Returns the secrets that a text holds.
fn canaries_in(text: &str) -> Vec<&'static str> {
    CANARIES
        .iter()
        .copied()
        .filter(|canary| text.contains(canary))
        .collect()
}

/// Refuses a text that holds a secret.
#[track_caller]
pub fn assert_clean(name: &str, text: &str) {
    let found = canaries_in(text);
    assert!(found.is_empty(), "{name} holds {found:?}: {text}");
}

/// Returns every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    entries
        .flat_map(|path| {
            if path.is_dir() && !path.is_symlink() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Refuses a tree with a secret in a file that is not meant to hold secrets.
pub fn assert_tree_clean(root: &Path) {
    for path in files(root) {
        let name = path.display().to_string();
        // The control plane's Pods reach the outside through the proxy, with its password.
        let may_hold_secrets = HOLDERS.iter().any(|end| name.ends_with(end))
            || name.contains("/etc/kubernetes/manifests/");
        if !may_hold_secrets {
            assert_clean(&name, &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}
