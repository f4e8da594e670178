//! Which files a plugin can read.
use crate::{
    files::read_all,
    support::{Trial, call},
};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt};

#[test]
fn files_of_the_host_are_not_shown_under_any_path() {
    let trial = Trial::check();
    let secret = "plain text that no parser takes for a credential";
    let paths = [
        "/var/lib/kubephase/secrets.json",
        "/var/lib/kubephase/notes",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/pki/etcd/server.key",
        "/var/lib/kubelet/pki/kubelet.crt",
        "/var/lib/kubelet/config.json",
        "/var/lib/kubelet/pods/1/volumes/kubernetes.io~projected/kube-api-access-x/token",
        "/var/lib/etcd/member/snap/db",
        "/etc/shadow",
        "/var/log/through-a-link",
        "/var/log/through-a-folder/notes",
        "/proc/self/environ",
        "/proc/1/environ",
        "/proc/self/root/etc/shadow",
        "/proc/self/cwd/cluster.yaml",
        "/var/log/private",
        "/var/log/closed/open",
    ];
    // The node has been a control plane before, with all files of a control plane.
    trial.rehearse_without_plugin().expect_status(0);
    for path in paths[..10]
        .iter()
        .filter(|path| !trial.on_node(path).exists())
    {
        trial.put(path, secret, 0o644);
    }
    trial.link("/var/log/through-a-link", "../lib/kubephase/notes");
    trial.link("/var/log/through-a-folder", "/var/lib/kubephase");
    trial.put("/var/log/private", secret, 0o600);
    trial.put("/var/log/closed/open", secret, 0o644);
    fs::set_permissions(
        trial.on_node("/var/log/closed"),
        PermissionsExt::from_mode(0o700),
    )
    .unwrap();
    trial.put("/var/log/public", "open to all", 0o644);
    let paths = [paths.as_slice(), &["/var/log/public"]].concat();
    let result = read_all(trial, &paths);
    let (public, others) = result.answers.split_last().unwrap();
    for (path, answer) in paths.iter().zip(others) {
        assert!(!answer.is_ok, "{path} is shown: {answer:?}");
    }
    assert_eq!(public.text, "open to all");
}

#[test]
fn a_private_file_is_shown_if_the_grant_names_it_and_says_private() {
    let grant = "capability: observe-files.read-file, paths: [/etc/app/settings], private: true";
    let without_flag = Trial::check().grants(&[grant]).add();
    assert!(
        without_flag.status != 0 && without_flag.output().contains("--allow-root"),
        "{}",
        without_flag.output()
    );
    let trial = Trial::check().grants(&[grant]).allow_root().calls(&[call(
        "observe-files.read-file",
        json!(["/etc/app/settings"]),
    )]);
    trial.put("/etc/app/settings", "colour=blue", 0o600);
    let added = trial.add().expect_status(0);
    assert!(added.output().contains("private"), "{}", added.output());
    assert_eq!(trial.preflight().answer("0.0").text, "colour=blue");
    let wildcards = Trial::check()
        .grants(&["capability: observe-files.read-file, paths: [/etc/app/*], private: true"])
        .allow_root()
        .add();
    assert_ne!(wildcards.status, 0, "{}", wildcards.output());
}
