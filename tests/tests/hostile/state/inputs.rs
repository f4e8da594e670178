//! Configurations, descriptions and patches that are endless, large or malformed.
use crate::support::Trial;
use std::fs;

#[test]
fn configurations_that_never_end_are_refused() {
    let trial = Trial::check();
    trial.write_config();
    nix::unistd::mkfifo(
        &trial.folder().join("pipe"),
        nix::sys::stat::Mode::from_bits_truncate(0o644),
    )
    .unwrap();
    fs::write(trial.folder().join("large"), "#".repeat(1 << 20)).unwrap();
    fs::File::options()
        .write(true)
        .open(trial.folder().join("large"))
        .unwrap()
        .set_len(1 << 32)
        .unwrap();
    for source in ["/dev/zero", "pipe", "large"] {
        assert_ne!(
            trial
                .run(&["config", "validate", "--config", source])
                .status,
            0,
            "{source}"
        );
        let node = trial.run(&[
            "rehearse",
            "--config",
            "cluster.yaml",
            "--node",
            source,
            "--root",
            "root",
        ]);
        assert_ne!(node.status, 0, "--node {source}");
        let file = trial.run(&["join", "--discovery-file", source, "--dry-run"]);
        assert_ne!(file.status, 0, "--discovery-file {source}");
    }
}

#[test]
fn a_map_of_many_keys_is_read_in_one_pass() {
    let trial = Trial::check();
    let keys: String = (0..120_000)
        .map(|number| format!("  key-{number}: 1\n"))
        .collect();
    fs::write(
        trial.folder().join("many.yaml"),
        format!(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nextra:\n{keys}"
        ),
    )
    .unwrap();
    // The assertion is that the command ends: with a quadratic check it does not.
    trial.run(&["config", "validate", "--config", "many.yaml"]);
}

#[test]
fn no_text_of_a_malformed_patch_is_printed() {
    let trial = Trial::check();
    trial.write_config();
    let patches = trial.folder().join("patches");
    fs::create_dir(&patches).unwrap();
    fs::write(
        patches.join("kube-apiserver.yaml"),
        "spec: {a: [\ncanary-patch\u{1b}[2J\n",
    )
    .unwrap();
    let result = trial.run_in_place(&["rehearse", "--patches", "patches"]);
    assert_ne!(result.status, 0);
    assert!(
        !result.output().contains("canary-patch") && !result.output().contains('\u{1b}'),
        "{}",
        result.output()
    );
}
