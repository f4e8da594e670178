//! Recommended checks in whole runs.
use super::{PROGRAM, write_config};
use harness::{RunOutput, kubephase, run};
use std::{fs, path::Path};

const NODE: &str = "hostname: node-1\naddresses: [192.0.2.2]\ndefaultRouteInterfaceAddress: \
    192.0.2.2\ntimeSync: {synchronized: false}\n";

/// Runs `init --dry-run` on a described node with further lines in the description and the
/// PhaseConfiguration.
fn init(folder: &Path, node: &str, phases: &str) -> RunOutput {
    let document =
        format!("---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n{phases}");
    let config = write_config(folder, &document);
    let description = folder.join("node.yaml");
    fs::write(&description, format!("{NODE}{node}")).unwrap();
    run(kubephase(PROGRAM)
        .args(["init", "--dry-run", "--config", &config, "--node"])
        .arg(description)
        .arg("--out")
        .arg(tempfile::tempdir_in(folder).unwrap().path().join("out")))
}

#[test]
fn recommended_checks_run_where_the_configuration_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), "architecture: armv7l\n", "parallelism: 2\n");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        !output.stderr.contains("ClockSynchronized"),
        "{}",
        output.stderr
    );

    let output = init(folder.path(), "", "checks: [recommended]\n");
    assert_eq!(output.status, 0, "{}", output.stderr);
    for words in [
        "[WARNING ClockSynchronized]: does not hold: the clock follows a time server",
        "[WARNING DefaultRoute]: could not be checked: the machine has a default route",
    ] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    assert!(!output.stderr.contains("EtcdSpace"), "{}", output.stderr);

    let output = init(
        folder.path(),
        "architecture: armv7l\n",
        "checks: [recommended]\n",
    );
    assert_eq!(output.status, 4, "{}", output.stderr);
    assert!(
        output.stderr.contains("[ERROR Architecture]")
            && output.stderr.contains("use a machine with a processor"),
        "{}",
        output.stderr
    );
    let waived = "checks: [recommended]\nwaivers: [{check: Architecture, reason: a test}]\n";
    let output = init(folder.path(), "architecture: armv7l\n", waived);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        !output.stderr.contains("no check has the code"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_set_of_checks_that_does_not_exist_is_a_mistake_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), "", "checks: [recomended]\n");
    assert_eq!(output.status, 3, "{}", output.stderr);
    assert!(
        output.stderr.contains("checks[0]") && output.stderr.contains("recommended"),
        "{}",
        output.stderr
    );
}
