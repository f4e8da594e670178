//! `init --dry-run --out`: the output has every file that a run would leave, no mode is wider than
//! on the node, and no file of the operator is deleted.
use crate::support::{Trial, call};
use serde_json::json;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

fn dry_run(trial: &Trial) -> crate::support::RunResult {
    trial.run_in_place(&["init", "--dry-run", "--out", "out"])
}

#[test]
fn files_of_a_plugin_are_shown_wherever_they_are() {
    let paths = [
        "/etc/cron.d/hostile",
        "/etc/systemd/system/hostile.service",
        "/etc/cni/net.d/10-hostile.conf",
        "/var/lib/kubephase-plugins/hostile/file",
        "/srv/hostile",
    ];
    let grants: Vec<String> = paths
        .iter()
        .map(|path| format!("capability: effects-files.write-file, paths: [{path}]"))
        .collect();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let calls: Vec<_> = paths
        .iter()
        .map(|path| call("effects-files.write-file", json!([path, "hostile"])))
        .collect();
    let trial = Trial::early_phase()
        .grants(&grants)
        .allow_root()
        .calls(&calls);
    trial.prepare();
    dry_run(&trial).expect_status(0);
    for path in paths {
        let shown = trial.folder().join("out/files").join(&path[1..]);
        assert!(shown.is_file(), "{path} is not shown");
    }
}

#[test]
fn no_file_of_the_output_has_set_id_bits() {
    let trial = Trial::early_phase()
        .grants(&["capability: effects-files.write-file, paths: \
            [/var/lib/kubephase-plugins/hostile/*]"])
        .calls(&[
            call(
                "effects-files.write-file",
                json!(["/var/lib/kubephase-plugins/hostile/shell", "x"]),
            ),
            call("effects-files.file-mode", json!([0, 0o4755])),
        ]);
    trial.prepare();
    dry_run(&trial);
    let mut open = vec![trial.folder().join("out"), trial.root()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let meta = entry.path().symlink_metadata().unwrap();
            if meta.is_dir() {
                open.push(entry.path());
            }
            assert!(
                !meta.is_file() || meta.mode() & 0o6000 == 0,
                "{} has mode {:o}",
                entry.path().display(),
                meta.mode()
            );
        }
    }
}

#[test]
fn no_mode_is_wider_than_on_the_node() {
    let trial = Trial::check();
    trial.write_config();
    let private = [
        "/etc/kubernetes/encryption-config.yaml",
        "/etc/kubernetes/pki/old-ca-key.pem",
    ];
    for path in private {
        trial.put(path, "secret", 0o600);
    }
    dry_run(&trial).expect_status(0);
    for path in private {
        let shown = trial.folder().join("out/files").join(&path[1..]);
        assert!(
            fs::metadata(&shown).is_ok_and(|meta| meta.mode() & 0o077 == 0) || !shown.exists(),
            "{path} is readable by others"
        );
    }
}

#[test]
fn a_folder_with_files_of_the_operator_is_not_replaced() {
    let trial = Trial::check();
    trial.write_config();
    fs::create_dir_all(trial.folder().join("out/files")).unwrap();
    fs::write(trial.folder().join("out/files/thesis.txt"), "years of work").unwrap();
    fs::write(trial.folder().join("out/objects.yaml"), "mine").unwrap();
    let result = dry_run(&trial);
    assert_ne!(result.status, 0, "{}", result.output());
    assert_eq!(
        fs::read_to_string(trial.folder().join("out/files/thesis.txt")).unwrap(),
        "years of work"
    );
    assert_eq!(
        fs::read_to_string(trial.folder().join("out/objects.yaml")).unwrap(),
        "mine"
    );
}

#[test]
fn the_output_of_an_earlier_dry_run_is_replaced() {
    let trial = Trial::check();
    trial.write_config();
    dry_run(&trial).expect_status(0);
    dry_run(&trial).expect_status(0);
    assert!(trial.folder().join("out/objects.yaml").is_file());
}

#[test]
fn links_on_the_node_are_not_followed() {
    let trial = Trial::check();
    trial.write_config();
    fs::write(trial.folder().join("outside"), "canary-outside").unwrap();
    trial
        .link("/etc/kubernetes/loop", ".")
        .link("/etc/kubernetes/top", "/")
        .link("/etc/kubernetes/out", trial.folder().join("outside"));
    fs::set_permissions(
        trial.folder().join("outside"),
        PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    dry_run(&trial).expect_status(0);
    let shown = trial.all_files(&[&trial.folder().join("outside")]);
    assert!(
        shown
            .iter()
            .all(|(_, text)| !text.contains("canary-outside"))
    );
    assert!(shown.len() < 400, "{} files are shown", shown.len());
}
