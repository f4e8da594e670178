//! Plugins as authors and operators use them: written, built, tested, added, allowed, and stopped.
//! This file has the commands that all tests use, and the examples. Plugins that misbehave are in
//! `../hostile/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod addons;
mod bundles;
mod concurrent;
mod console;
mod dev;
mod embedded;
mod failures;
mod languages;
mod machine_files;
mod own_tools;
mod recommended;
mod recordings;
mod registry;
mod signed;
mod signed_plugin;
mod signing_keys;
mod small_image;
mod tutorial;

use harness::{RunOutput, kubephase, run, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Once,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

const EXAMPLES: [&str; 4] = ["time-sync", "tiny-proxy", "bridge-cni", "audit-policy"];

/// Runs `kubephase plugin` with these arguments.
pub fn plugin(args: &[&str]) -> RunOutput {
    run(kubephase(PROGRAM)
        .envs(toolchain())
        .arg("plugin")
        .args(args))
}

/// Returns the environment variables of cargo and rustup, which only builds need.
pub fn toolchain() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| {
        name.starts_with("CARGO_HOME") || name.starts_with("RUSTUP_") || name == "CARGO"
    })
}

/// Returns the folder of an example.
pub fn example(name: &str) -> PathBuf {
    workspace().join("examples/plugins").join(name)
}

/// Builds every example in Rust as a component, once for all tests.
pub fn build_examples() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        for name in EXAMPLES {
            plugin(&["build", &example(name).display().to_string()]).expect_success();
        }
    });
}

/// Writes a configuration whose keys are made quickly, with further lines. Returns its path.
pub fn write_config(folder: &Path, more: &str) -> String {
    let text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
        v1.36.2\nencryptionAlgorithm: ECDSA-P256\nnetworking: {podSubnet: 10.244.0.0/16}\n";
    let path = folder.join("cluster.yaml");
    fs::write(&path, format!("{text}{more}")).unwrap();
    path.display().to_string()
}

/// Runs `plan init` of a configuration. Returns the plan as text.
pub fn plan(config: &str) -> String {
    run(kubephase(PROGRAM).args(["plan", "init", "--config", config])).expect_success()
}

/// Runs `init --dry-run --out`.
pub fn init(config: &str, out: &Path) -> RunOutput {
    let node = workspace().join("examples/single-node/node.yaml");
    run(kubephase(PROGRAM)
        .args(["init", "--dry-run", "--config", config, "--node"])
        .arg(node)
        .arg("--out")
        .arg(out))
}

#[test]
fn every_example_passes_its_cases() {
    build_examples();
    for name in EXAMPLES {
        let output = plugin(&["test", &example(name).display().to_string()]).expect_success();
        assert!(output.contains(", 0 failed"), "{name}: {output}");
    }
}

/// Appends an empty custom section, which changes the digest of a component and nothing else.
pub fn append_custom_section(component: &Path) {
    let mut bytes = fs::read(component).unwrap();
    bytes.extend([0, 3, 1, b'x', 0]);
    fs::write(component, bytes).unwrap();
}

#[test]
fn rules_are_checks_that_need_no_toolchain() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nrules:\n- \
        {code: Cores, that: node.cpus >= 1}\n- {code: Huge, that: node.memoryMib > 9999999, \
        remedy: buy some}\n";
    let config = write_config(folder.path(), rules);
    let output = init(&config, &folder.path().join("out"));
    assert_eq!(output.status, 4, "{}", output.stderr);
    assert!(
        output.stderr.contains("[ERROR Huge]")
            && output.stderr.contains("buy some")
            && !output.stderr.contains("Cores"),
        "{}",
        output.stderr
    );
    for (wrong, words) in [
        ("thatt: node.cpus >= 1", "rules[0].thatt"),
        (
            "that: node.cpu >= 1",
            "cluster.yaml:10:17: rules[0].that: node has no fact cpu; did you mean cpus? (column 6",
        ),
        (
            "that: node.cpus >=",
            "the expression ends where more is expected",
        ),
        ("that: node.cpus", "a rule has to be true or false"),
    ] {
        let broken = write_config(folder.path(), &rules.replace("that: node.cpus >= 1", wrong));
        let validate = run(kubephase(PROGRAM).args(["config", "validate", "--config", &broken]));
        let plan = run(kubephase(PROGRAM).args(["plan", "init", "--config", &broken]));
        for output in [validate, plan, init(&broken, &folder.path().join("out"))] {
            assert!(
                output.status == 3 && output.stderr.contains(words),
                "{words}: {}",
                output.stderr
            );
        }
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_an_error_or_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (severity, status, words) in [
        (
            "error",
            4,
            "[ERROR Subnet]: could not be checked: dual: controlPlaneEndpoint is not set",
        ),
        (
            "warning",
            0,
            "[WARNING Subnet]: could not be checked: dual: controlPlaneEndpoint is not",
        ),
    ] {
        let rule = format!(
            "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nrules:\n- {{code: \
             Subnet, that: config.cluster.controlPlaneEndpoint != '', summary: dual, severity: \
             {severity}}}\n"
        );
        let unset = write_config(folder.path(), &rule);
        let output = init(&unset, &folder.path().join("rules").join(severity));
        assert!(
            output.status == status && output.stderr.contains(words),
            "{words}: {}",
            output.stderr
        );
    }
}
