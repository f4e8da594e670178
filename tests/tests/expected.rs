//! The result of `init` for each example, compared with `tests/expected`: every file with its mode,
//! the text of files without secrets, and every object. With `KUBEPHASE_BLESS=1` the test writes
//! `tests/expected` again; read the difference before you commit it.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{kubephase, run, workspace};
use regex::Regex;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Adds every file and folder below `root`/`folder`, by its path from the root, with its mode.
fn add_files(root: &Path, folder: &str, found: &mut BTreeMap<String, u32>) {
    for entry in fs::read_dir(root.join(folder)).unwrap().flatten() {
        let path = Path::new(folder)
            .join(entry.file_name())
            .to_string_lossy()
            .into_owned();
        let meta = entry.metadata().unwrap();
        found.insert(path.clone(), meta.permissions().mode() & 0o7777);
        if meta.is_dir() {
            add_files(root, &path, found);
        }
    }
}

/// Masks what differs in every run: keys, tokens and times.
fn mask(text: &str) -> String {
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

/// Rehearses `init` of an example. Returns the result as the files of `tests/expected`, by name.
fn result_of(example: &Path) -> BTreeMap<String, String> {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let node = workspace().join("examples/single-node/node.yaml");
    let output = run(kubephase(PROGRAM)
        .args(["init", "--dry-run", "--config"])
        .arg(example.join("cluster.yaml"))
        .arg("--node")
        .arg(node)
        .arg("--root")
        .arg(scratch.path().join("root"))
        .arg("--out")
        .arg(&out));
    assert_eq!(output.status, 0, "{}", output.printed());
    let mut modes = BTreeMap::new();
    add_files(&out.join("files"), "", &mut modes);
    let mut result = BTreeMap::from([
        (
            "modes.txt".to_owned(),
            modes
                .iter()
                .map(|(path, mode)| format!("{mode:04o} /{path}\n"))
                .collect(),
        ),
        (
            "objects.yaml".to_owned(),
            mask(&fs::read_to_string(out.join("objects.yaml")).unwrap()),
        ),
    ]);
    for path in modes
        .keys()
        .filter(|path| path.ends_with(".yaml") || path.ends_with(".env"))
    {
        result.insert(
            format!("files/{path}"),
            mask(&fs::read_to_string(out.join("files").join(path)).unwrap()),
        );
    }
    result
}

#[test]
fn every_example_has_the_expected_result() {
    for example in ["single-node", "ha", "external-etcd"] {
        let expected = workspace().join("tests/expected").join(example);
        let result = result_of(&workspace().join("examples").join(example));
        if std::env::var_os("KUBEPHASE_BLESS").is_some() {
            let _ = fs::remove_dir_all(&expected);
            for (name, text) in &result {
                let path = expected.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        let mut known = BTreeMap::new();
        add_files(&expected, "", &mut known);
        let known: Vec<&String> = known
            .keys()
            .filter(|path| expected.join(path).is_file())
            .collect();
        assert_eq!(
            known,
            result.keys().collect::<Vec<_>>(),
            "{example}: the files differ"
        );
        for (name, text) in &result {
            let wanted = fs::read_to_string(expected.join(name)).unwrap();
            let difference = wanted
                .lines()
                .zip(text.lines())
                .enumerate()
                .find(|(_, (wanted, line))| wanted != line);
            assert!(
                difference.is_none() && wanted.len() == text.len(),
                "{example}/{name} is not as expected: {difference:?}"
            );
        }
    }
}
