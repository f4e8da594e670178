//! Scratch roots: links in them, modes, and trees that are damaged.
use crate::{
    state::STATE,
    support::{Trial, namespace},
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
};

#[test]
fn no_link_leads_state_out_of_a_scratch_root() {
    for name in [
        "lock",
        ".cluster.jsonl.new",
        "cluster.jsonl",
        "journal-000001.jsonl",
        "secrets.json",
        ".secrets.json.new",
    ] {
        let trial = Trial::check();
        let victim = trial.folder().join("victim");
        fs::write(&victim, "precious").unwrap();
        trial.link(&format!("{STATE}/{name}"), &victim);
        // The run may be refused or may replace the link.
        trial.rehearse_without_plugin();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{name}");
    }
    for folder in ["/var", "/var/lib", STATE, "/etc", "/etc/kubernetes"] {
        let trial = Trial::check();
        let outside = trial.folder().join("outside");
        fs::create_dir(&outside).unwrap();
        trial.link(folder, &outside);
        trial.rehearse_without_plugin();
        let left: Vec<_> = fs::read_dir(&outside)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

#[test]
fn every_user_can_read_the_directories_above_the_state() {
    let trial = Trial::check();
    trial.rehearse_without_plugin().expect_status(0);
    for (path, mode) in [("/var", 0o755), ("/var/lib", 0o755), (STATE, 0o700)] {
        assert_eq!(
            fs::metadata(trial.on_node(path)).unwrap().mode() & 0o777,
            mode,
            "{path}"
        );
    }
}

#[test]
fn the_machine_itself_cannot_be_a_scratch_root() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check();
    trial.write_config();
    symlink("/", trial.folder().join("top")).unwrap();
    for root in ["/", "//", "/../", "top", "/proc/self/root"] {
        let result = namespace::run(
            &trial,
            None,
            &[
                "rehearse",
                "--config",
                "cluster.yaml",
                "--node",
                "node.yaml",
                "--root",
                root,
            ],
        );
        assert!(
            [1, 2].contains(&result.status),
            "{root}: {}",
            result.output()
        );
    }
}

#[test]
fn a_tree_that_lost_a_certificate_can_be_repaired_and_reset() {
    for command in [
        &[
            "rehearse",
            "--config",
            "cluster.yaml",
            "--node",
            "node.yaml",
            "--root",
            "root",
        ][..],
        &["reset", "--force", "--root", "root"],
    ] {
        let trial = Trial::check();
        trial.rehearse_without_plugin().expect_status(0);
        for name in ["apiserver.crt", "apiserver.key"] {
            fs::remove_file(trial.on_node("/etc/kubernetes/pki").join(name)).unwrap();
        }
        trial.run(command).expect_status(0);
    }
}

#[test]
fn a_full_disk_is_reported_at_once() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check();
    trial.write_config();
    let result = namespace::run_on_small_disk(
        &trial,
        &[
            "rehearse",
            "--config",
            "cluster.yaml",
            "--node",
            "node.yaml",
            "--root",
            "root",
        ],
    );
    assert_ne!(result.status, 0, "{}", result.output());
    assert!(
        result.output().contains("No space left"),
        "{}",
        result.output()
    );
}
