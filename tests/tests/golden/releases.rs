//! kubephase compared with kubeadm of the older minors. `tests/recorded` has what kubeadm of each
//! minor wrote for some configurations: the case `plain` as a whole, the other cases as far as they
//! differ from it.
use crate::{
    PROGRAM, expect_none,
    objects::{objects_of, without_empty},
    recorded_run::{for_each_case, rehearse_init},
};
use harness::{folders_in, kubephase, lines_of, run, workspace};
use regex::Regex;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The whole case.
const PLAIN: &str = "plain";

fn recorded() -> PathBuf {
    workspace().join("tests/recorded")
}

/// The result of a run: texts of files by path, servers of kubeconfigs, and objects.
type Outcome = BTreeMap<String, Value>;

/// Adds the files below a folder by their path from `root`.
fn add_files(root: &Path, folder: &Path, found: &mut Outcome) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            add_files(root, &path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "env")
        {
            let name = path.strip_prefix(root).expect("a path below it");
            let text = fs::read_to_string(&path).expect("a text");
            found.insert(format!("/{}", name.display()), text.into());
        }
    }
}

/// Returns the server of each kubeconfig, and whether it has the field `preferences`.
fn kubeconfigs(folder: &Path) -> Value {
    let mut found = json!({});
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".conf") {
            let text = fs::read_to_string(entry.path()).expect("a text");
            let document: Value = serde_yaml::from_str(&text).expect("YAML");
            found[&name] = json!({
                "server": document["clusters"][0]["cluster"]["server"],
                "preferences": document.get("preferences").is_some(),
            });
        }
    }
    found
}

/// Masks the parts that differ in every run.
fn mask(text: &str) -> String {
    let rules = [
        (
            r"certificate-authority-data: \S+",
            "certificate-authority-data: <CA_DATA>",
        ),
        (r"expiration: .*", "expiration: <TIME>"),
    ];
    rules.iter().fold(text.to_owned(), |text, (pattern, mask)| {
        let pattern = Regex::new(pattern).expect("a valid pattern");
        pattern.replace_all(&text, *mask).into_owned()
    })
}

fn add_objects(path: &Path, found: &mut Outcome) {
    let text = fs::read_to_string(path).unwrap_or_default();
    found.extend(objects_of(&mask(&text)));
}

/// Reads the parts that a case records in addition to `plain`.
fn add_recorded(case: &Path, found: &mut Outcome) {
    let files = case.join("files");
    add_files(&files, &files, found);
    add_objects(&case.join("objects.yaml"), found);
    if let Ok(text) = fs::read_to_string(case.join("kubeconfigs.json")) {
        let kubeconfigs = serde_json::from_str(&text).expect("JSON");
        found.insert("kubeconfigs".into(), kubeconfigs);
    }
    for name in lines_of(&case.join("absent")) {
        assert!(found.remove(&name).is_some(), "{name} is not in {PLAIN}");
    }
}

/// Reads the files and objects that kubephase left.
fn read_outcome(out: &Path) -> Outcome {
    let mut found = Outcome::new();
    let files = out.join("files");
    for folder in ["etc/kubernetes/manifests", "var/lib/kubelet"] {
        add_files(&files, &files.join(folder), &mut found);
    }
    add_objects(&out.join("objects.yaml"), &mut found);
    found.insert(
        "kubeconfigs".into(),
        kubeconfigs(&files.join("etc/kubernetes")),
    );
    found
}

/// Returns the first line in which two values differ.
fn difference(name: &str, expected: Option<&Value>, found: Option<&Value>) -> Option<String> {
    let text = |value: Option<&Value>| match value {
        None => "(nothing)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => format!("{:#}", without_empty(value)),
    };
    let (expected, found) = (text(expected), text(found));
    if expected == found {
        return None;
    }
    let mut lines = expected.lines().zip(found.lines());
    let (expected, found) = lines
        .find(|(expected, found)| expected != found)
        .unwrap_or(("(another length)", ""));
    Some(format!("{name}: expected {expected:?}, found {found:?}"))
}

/// Returns how the result of kubephase differs from a case.
fn compare_with(case: &Path) -> Option<String> {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let output = rehearse_init(case, scratch.path());
    if output.status != 0 {
        return Some(format!("exit {}\n{}", output.status, output.stderr));
    }
    let mut expected = Outcome::new();
    add_recorded(&case.with_file_name(PLAIN), &mut expected);
    if !case.ends_with(PLAIN) {
        add_recorded(case, &mut expected);
    }
    let found = read_outcome(&scratch.path().join("out"));
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differences: Vec<String> = names
        .into_iter()
        .filter_map(|name| difference(name, expected.get(name), found.get(name)))
        .collect();
    (!differences.is_empty()).then(|| format!("{}\n{}", case.display(), differences.join("\n")))
}

#[test]
fn every_release_is_set_up_as_by_its_own_kubeadm() {
    let minors = folders_in(&recorded());
    assert!(minors.len() >= 3);
    let cases: Vec<_> = minors.iter().flat_map(|minor| folders_in(minor)).collect();
    assert!(cases.len() >= 12 * minors.len());
    expect_none(&for_each_case(cases, compare_with));
}

#[test]
fn every_release_refuses_what_its_own_kubeadm_refuses() {
    let text = fs::read_to_string(recorded().join("refused.json")).expect("the recorded answers");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let mut problems = Vec::new();
    for case in &cases {
        for (version, answer) in case["answers"].as_object().expect("an answer by version") {
            let scratch = tempfile::tempdir().expect("a scratch folder");
            let file = scratch.path().join("cluster.yaml");
            let fields = case["cluster"]
                .as_str()
                .expect("fields of a ClusterConfiguration");
            let config = format!(
                "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n\
                 kubernetesVersion: {version}\n{fields}"
            );
            fs::write(&file, config).expect("the folder can be written");
            let output = run(kubephase(PROGRAM)
                .args(["config", "validate", "--config"])
                .arg(file));
            let answer = answer.as_str().unwrap_or_default();
            let is_as_recorded = if answer.is_empty() {
                output.status == 0
            } else {
                output.status != 0 && output.stderr.contains(answer)
            };
            if !is_as_recorded {
                problems.push(format!("{version} {fields}{answer:?}: {}", output.stderr));
            }
        }
    }
    expect_none(&problems);
}
