//! Plugins that changed, trap or never end.
use crate::{append_custom_section, build_examples, example, init, plugin, write_config};
use std::fs;

#[test]
fn a_plugin_that_changed_is_refused_until_it_is_allowed_again() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "");
    let component = folder.path().join("time-sync.wasm");
    fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
    plugin(&[
        "add",
        &component.display().to_string(),
        "--config",
        &config,
        "--allow",
        "--allow-cluster-admin",
    ])
    .expect_success();
    append_custom_section(&component);
    let verified = plugin(&["verify", "--config", &config]);
    assert!(
        verified.status == 6 && verified.stdout.contains("is not what was locked"),
        "{}",
        verified.printed()
    );
    assert_eq!(init(&config, &folder.path().join("out")).status, 6);
    assert!(
        plugin(&["allow", "time-sync", "--config", &config])
            .expect_success()
            .contains("what it may do and provides has not changed")
    );
    plugin(&["verify", "--config", &config]).expect_success();
}

#[test]
fn a_plugin_that_traps_leaves_a_capsule_that_replays_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("broken");
    let shown = at.display().to_string();
    let config = write_config(folder.path(), "");
    plugin(&["new", "check", &shown]).expect_success();
    let source = fs::read_to_string(at.join("src/lib.rs")).unwrap();
    fs::write(
        at.join("src/lib.rs"),
        source.replace(
            "if mib >= at_least_mib",
            "assert!(mib == 1, \"not a machine for me: {mib}\");\n    if mib >= at_least_mib",
        ),
    )
    .unwrap();
    let built = plugin(&["build", &shown]).expect_success();
    // Warnings about the SDK, whose source is beside the plugin, are none of its author's business.
    assert!(!built.contains("warning"), "{built}");
    plugin(&["add", &shown, "--config", &config]).expect_success();
    let output = init(&config, &folder.path().join("out"));
    assert_eq!(output.status, 4, "{}", output.stderr);
    for part in [
        "plugin broken 0.1.0 was stopped in run",
        "not a machine for me",
        "--replay ",
    ] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
    let capsule = output
        .stderr
        .split("--replay ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let replayed = plugin(&["test", &shown, "--replay", capsule]).expect_success();
    assert!(
        replayed.contains("not a machine for me: 4096"),
        "{replayed}"
    );
    fs::remove_file(capsule).unwrap();
}

#[test]
fn the_failure_policy_decides_about_a_plugin_that_never_ends() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("endless");
    let shown = at.display().to_string();
    plugin(&["new", "check", &shown]).expect_success();
    let source = fs::read_to_string(at.join("src/lib.rs")).unwrap();
    fs::write(
        at.join("src/lib.rs"),
        source.replace("let mib", "while at_least_mib > 0 {}\n    let mib"),
    )
    .unwrap();
    let manifest = fs::read_to_string(at.join("plugin.yaml")).unwrap();
    for (policy, status, words) in [
        ("fail", 4, "[ERROR preflight/endless]"),
        ("warn", 0, "[WARNING preflight/endless]"),
        ("ignore", 0, ""),
    ] {
        fs::write(
            at.join("plugin.yaml"),
            manifest.replace(
                "  kind: check",
                &format!("  failurePolicy: {policy}\n  kind: check"),
            ),
        )
        .unwrap();
        let config = write_config(folder.path(), "");
        plugin(&["build", &shown]).expect_success();
        plugin(&["add", &shown, "--config", &config]).expect_success();
        let output = init(&config, &folder.path().join("out"));
        assert_eq!(output.status, status, "{policy}: {}", output.stderr);
        assert!(
            output.stderr.contains(words) && output.stderr.contains("processor time"),
            "{policy}: {}",
            output.stderr
        );
    }
}
