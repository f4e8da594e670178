//! A version that provides something else, or keeps fewer settings secret, needs the operator's
//! consent.
use super::{Operator, expect_refusal};
use crate::support::Trial;

const SECRET: &str = "{type: object, properties: {apiToken: {type: string, writeOnly: true}}}";
const SHOWN: &str = "{type: object, properties: {apiToken: {type: string, writeOnly: false}}}";
const STAT: &str = "capability: observe-files.stat, paths: [/etc/hostname]";
/// More workflows, a further phase, and phases before and in place of other phases.
const MORE: &str = "- {id: preflight/hostile, title: T, kind: check, workflow: [init, join], \
    before: [certs], failurePolicy: ignore}\n- {id: hostile/kubeconfig, title: T, kind: phase, \
    workflow: [init], needs: [certs], replaces: [certs/ca], slot: dns}\n";
/// Parts of the message that shows the change.
const CHANGE: [&str; 9] = [
    "+ preflight/hostile runs in join",
    "+ preflight/hostile runs before certs",
    "+ preflight/hostile is ignored where it fails",
    "+ hostile/kubeconfig is a phase",
    "+ hostile/kubeconfig waits for certs",
    "+ hostile/kubeconfig can stand in for certs/ca",
    "+ hostile/kubeconfig fills the place of the cluster's dns",
    "- setting /apiToken is secret",
    "+ setting /apiToken is not secret",
];

fn put(operator: &Operator, plugin: &Trial, settings: &str) {
    let manifest = plugin.manifest();
    let settings = format!("settings: {settings}\n");
    operator.put_manifest(
        "hostile.wasm",
        &manifest.replace("settings: {}\n", &settings),
    );
}

/// Makes an operator who added a plugin with a secret setting. Then a version is offered that has
/// only the grants of the first.
fn operator_with_upgrade() -> Operator {
    let operator = Operator::new();
    put(&operator, &Trial::check(), SECRET);
    operator.plugin("add hostile.wasm").expect_status(0);
    operator.edit_config(|text| {
        let settings = "hostile.wasm\n  settings: {apiToken: canary-setting, rounds: []}\n";
        text.replace("hostile.wasm\n", settings)
    });
    operator.plan().expect_status(0);
    put(&operator, &Trial::with_phases(MORE), SHOWN);
    operator
}

#[test]
fn what_a_version_provides_is_shown_and_allowed() {
    let operator = operator_with_upgrade();
    let message = expect_refusal(operator.plan(), &CHANGE);
    assert!(!message.contains("the same"), "{message}");
    let allowed = operator.paste(&message).expect_status(0).output();
    for line in CHANGE {
        assert!(allowed.contains(line), "{line} is missing:\n{allowed}");
    }
    assert!(allowed.contains("as plain text"), "{allowed}");
    operator.plan().expect_status(0);
}

#[test]
fn adding_a_version_allows_nothing_of_what_it_provides() {
    let operator = operator_with_upgrade();
    let added = operator
        .plugin("add hostile.wasm")
        .expect_status(0)
        .output();
    for line in CHANGE {
        assert!(added.contains(line), "{line} is missing:\n{added}");
    }
    // The plugin is not run, so nothing shows the setting.
    expect_refusal(operator.plan(), &CHANGE);
    assert_eq!(operator.0.rehearse_again().status, 6);
    let config = operator.0.config();
    for (path, text) in operator.0.all_files(&[&config]) {
        assert!(!text.contains("canary-setting"), "{}", path.display());
    }
    operator.paste(&added).expect_status(0);
    operator.plan().expect_status(0);
}

#[test]
fn a_lock_of_an_older_version_is_read_and_its_next_change_is_shown() {
    let operator = Operator::new();
    put(&operator, &Trial::check(), SECRET);
    operator.plugin("add hostile.wasm").expect_status(0);
    let lock = operator.lock();
    let (before, after) = lock.split_once("  provides:\n").expect("the lock has it");
    let after: String = after
        .lines()
        .skip_while(|line| line.starts_with("  - "))
        .collect();
    let path = operator.0.folder().join("kubephase.lock");
    std::fs::write(path, format!("{before}{after}")).unwrap();
    operator.plan().expect_status(0);
    put(&operator, &Trial::with_phases(MORE), SHOWN);
    let shown = [
        "+ preflight/hostile is a check",
        "+ preflight/hostile runs before certs",
        "+ preflight/hostile runs in init",
    ];
    expect_refusal(operator.plan(), &shown);
    operator.plugin("add hostile.wasm").expect_status(0);
    expect_refusal(operator.plan(), &shown);
}

#[test]
fn a_plugin_stands_in_for_what_the_configuration_says() {
    let operator = operator_with_upgrade();
    let config = operator.config();
    let added = operator
        .plugin("add hostile.wasm")
        .expect_status(0)
        .output();
    assert_eq!(operator.config(), config);
    assert!(
        added.contains("can stand in for certs/ca")
            && added.contains("replaces: {certs/ca: hostile}"),
        "{added}"
    );
    assert!(!added.contains("It stands in for"), "{added}");
}

#[test]
fn adding_reports_what_is_secret_and_that_another_component_keeps_what_was_allowed() {
    let (operator, plugin) = (Operator::new(), Trial::check().grants(&[STAT]));
    put(&operator, &plugin, SECRET);
    let added = operator.plugin("add hostile.wasm --allow").expect_status(0);
    assert!(
        added.output().contains("Its setting /apiToken is secret."),
        "{}",
        added.output()
    );
    assert!(!added.output().contains("another component"));
    operator.put_manifest("hostile.wasm", &format!("{}# next\n", plugin.manifest()));
    let again = operator.plugin("add hostile.wasm").expect_status(0);
    assert!(
        again.output().contains("It is another component")
            && again.output().contains("holds for it"),
        "{}",
        again.output()
    );
}
