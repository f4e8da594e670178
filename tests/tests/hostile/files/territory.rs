//! Files that belong to the host, and places that need the consent of root.
use crate::support::{Trial, call};
use serde_json::json;
use std::{fs, os::unix::fs::MetadataExt};

/// Paths that belong to the host. No proposal of a plugin changes them, whatever its grants are.
const TERRITORY: [&str; 12] = [
    "/etc/kubernetes/manifests/hostile.yaml",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/pki/ca.key",
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/pki/hostile.crt",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/super-admin.conf",
    "/etc/kubernetes/kubelet.conf",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/etcd/member/x",
    "/var/lib/kubephase/journal-999999.jsonl",
    "/var/lib/kubephase/secrets.json",
];

/// Returns the files of the host in a scratch root, with mode and content.
fn territory_of(trial: &Trial) -> Vec<(String, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for path in TERRITORY {
        let there = trial.on_node(path);
        if let (Ok(meta), Ok(content)) = (fs::symlink_metadata(&there), fs::read(&there)) {
            found.push((path.to_owned(), meta.mode(), content));
        }
    }
    found
}

#[test]
fn no_file_effect_reaches_what_belongs_to_the_host() {
    let undisturbed = Trial::phase();
    undisturbed.write_config();
    undisturbed.rehearse_again().expect_status(0);
    let made: Vec<String> = territory_of(&undisturbed)
        .into_iter()
        .map(|(path, ..)| path)
        .collect();
    for (function, more) in [
        ("write-file", json!("hostile")),
        ("set-mode", json!(0o666)),
        ("remove-file", json!(null)),
        ("make-dir", json!(null)),
    ] {
        for path in TERRITORY {
            let capability = format!("effects-files.{function}");
            let trial = Trial::phase()
                .allow_root()
                .grants(&[&format!(
                    "capability: {capability}, paths: [/etc/**, /var/lib/**]"
                )])
                .calls(&[call(&capability, json!([path, more]))]);
            let result = trial.rehearse();
            let answer = result.answer("0.0");
            assert!(
                !answer.is_ok || result.status == 5,
                "{function} {path}: {answer:?}"
            );
            let there: Vec<_> = territory_of(&trial);
            for (path, mode, content) in &there {
                assert!(made.contains(path), "{function} made {path}");
                assert!(
                    content != b"hostile" && mode & 0o666 != 0o666,
                    "{function} changed {path}"
                );
            }
            let missing: Vec<&String> = made
                .iter()
                .filter(|path| !there.iter().any(|(known, ..)| known == *path))
                .collect();
            assert!(missing.is_empty(), "{function} {path} removed {missing:?}");
        }
    }
}

#[test]
fn paths_that_decide_what_runs_as_root_need_the_consent_of_root() {
    for path in [
        "/etc/cron.d/x",
        "/etc/systemd/system/*",
        "/etc/ld.so.preload",
        "/etc/profile.d/x.sh",
        "/usr/local/bin/x",
        "/**",
        "/var/lib/vim/addons/plugin/x.vim",
        "/srv/salt/**",
        "/opt/tools/**",
        "/etc/cni/net.d/10-x.conf",
        "/etc/kubernetes/audit/webhook.yaml",
        "/var/lib/kubephase-plugins/*/x",
    ] {
        for function in ["write-file", "set-mode"] {
            let grant = format!("capability: effects-files.{function}, paths: ['{path}']");
            let result = Trial::early_phase().grants(&[&grant]).add();
            assert!(
                result.status != 0 && result.output().contains("--allow-root"),
                "{grant}: {}",
                result.output()
            );
        }
    }
    Trial::early_phase()
        .grants(&["capability: effects-files.write-file, paths: [/etc/cron.d/x]"])
        .allow_root()
        .add()
        .expect_status(0);
}
