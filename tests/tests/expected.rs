//! What `init` leaves behind for each example, against what the repository keeps of it in
//! `tests/expected`: every file with its mode, the text of those that are no secrets, and every
//! object. `KUBEPHASE_BLESS=1` writes it anew, for a person to read the difference.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{kubephase, run, workspace};
use regex::Regex;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Every file below a folder, by its path from there.
fn files(root: &Path, below: &str, found: &mut BTreeMap<String, u32>) {
    for entry in fs::read_dir(root.join(below)).unwrap().flatten() {
        let path = Path::new(below)
            .join(entry.file_name())
            .to_string_lossy()
            .into_owned();
        let meta = entry.metadata().unwrap();
        found.insert(path.clone(), meta.permissions().mode() & 0o7777);
        if meta.is_dir() {
            files(root, &path, found);
        }
    }
}

/// Without what is made up anew in every run: keys, tokens, times.
fn masked(text: &str) -> String {
    let rules = [
        (r"bootstrap-token-[a-z0-9]{6}", "bootstrap-token-<id>"),
        (r"(token-id|token-secret|expiration): .*", "$1: <made up>"),
        (
            r"(?m)^(\s*(?:certificate-authority-data|[\w.-]+\.(?:crt|key)): )[A-Za-z0-9+/=]{40,}$",
            "$1<PEM>",
        ),
        (
            r"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----",
            "<PEM>",
        ),
        (r"(jws-kubeconfig-)[a-z0-9]{6}: .*", "$1<id>: <signature>"),
    ];
    rules.iter().fold(text.to_owned(), |text, (pattern, mask)| {
        Regex::new(pattern)
            .unwrap()
            .replace_all(&text, *mask)
            .into_owned()
    })
}

/// Files by name, as the repository keeps them.
fn left_by(example: &Path) -> BTreeMap<String, String> {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let node = workspace().join("examples/single-node/node.yaml");
    let said = run(kubephase(PROGRAM)
        .args(["init", "--dry-run", "--config"])
        .arg(example.join("cluster.yaml"))
        .arg("--node")
        .arg(node)
        .arg("--root")
        .arg(scratch.path().join("root"))
        .arg("--out")
        .arg(&out));
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let mut modes = BTreeMap::new();
    files(&out.join("files"), "", &mut modes);
    let mut kept = BTreeMap::from([
        (
            "modes.txt".to_owned(),
            modes
                .iter()
                .map(|(path, mode)| format!("{mode:04o} /{path}\n"))
                .collect(),
        ),
        (
            "objects.yaml".to_owned(),
            masked(&fs::read_to_string(out.join("objects.yaml")).unwrap()),
        ),
    ]);
    for path in modes
        .keys()
        .filter(|path| path.ends_with(".yaml") || path.ends_with(".env"))
    {
        kept.insert(
            format!("files/{path}"),
            masked(&fs::read_to_string(out.join("files").join(path)).unwrap()),
        );
    }
    kept
}

#[test]
fn every_example_leaves_what_is_expected() {
    for example in ["single-node", "ha", "external-etcd"] {
        let expected = workspace().join("tests/expected").join(example);
        let left = left_by(&workspace().join("examples").join(example));
        if std::env::var_os("KUBEPHASE_BLESS").is_some() {
            let _ = fs::remove_dir_all(&expected);
            for (name, text) in &left {
                let path = expected.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        let mut known = BTreeMap::new();
        files(&expected, "", &mut known);
        let known: Vec<&String> = known
            .keys()
            .filter(|path| expected.join(path).is_file())
            .collect();
        assert_eq!(
            known,
            left.keys().collect::<Vec<_>>(),
            "{example}: other files than expected"
        );
        for (name, text) in &left {
            let wanted = fs::read_to_string(expected.join(name)).unwrap();
            let differ = wanted
                .lines()
                .zip(text.lines())
                .enumerate()
                .find(|(_, (wanted, left))| wanted != left);
            assert!(
                differ.is_none() && wanted.len() == text.len(),
                "{example}/{name} is not as expected: {differ:?}"
            );
        }
    }
}
