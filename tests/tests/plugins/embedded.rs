//! Plugins that are part of kubephase: their checks have cases that pass and cases that do not.
use harness::{folders_in, workspace};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

fn read_yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the ids of the checks that a manifest provides.
fn checks_of(manifest: &Value) -> Vec<&str> {
    let phases = manifest["provides"].as_array().unwrap();
    phases
        .iter()
        .filter(|phase| phase["kind"] == "check")
        .map(|phase| phase["id"].as_str().unwrap())
        .collect()
}

/// Returns how many findings the cases of each check expect to pass, and how many not.
fn expected_verdicts(folder: &Path, first_check: &str) -> BTreeMap<String, [usize; 2]> {
    let mut checks: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for entry in fs::read_dir(folder.join("cases")).unwrap().flatten() {
        let case = read_yaml(&entry.path());
        let check = case["phase"].as_str().unwrap_or(first_check).to_owned();
        for finding in case["expect"]["findings"].as_array().into_iter().flatten() {
            let column = usize::from(finding["verdict"] != "pass");
            checks.entry(check.clone()).or_default()[column] += 1;
        }
    }
    checks
}

#[test]
fn every_check_of_an_embedded_plugin_has_passing_and_failing_cases() {
    let mut count = 0;
    for folder in folders_in(&workspace().join("plugins")) {
        let manifest = folder.join("plugin.yaml");
        if !manifest.is_file() {
            continue;
        }
        let manifest = read_yaml(&manifest);
        let checks = checks_of(&manifest);
        let Some(first) = checks.first() else {
            continue;
        };
        let verdicts = expected_verdicts(&folder, first);
        for check in checks {
            let [passed, failed] = verdicts.get(check).copied().unwrap_or_default();
            assert!(
                passed > 0 && failed > 0,
                "{}: the cases of {check} pass {passed} times and fail {failed} times",
                folder.display()
            );
            count += 1;
        }
    }
    assert_eq!(count, 12, "the number of checks of embedded plugins");
}
