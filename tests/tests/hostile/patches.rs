//! Files that the operator's patches name: they belong to the host, as do files that the
//! configuration itself names.
use crate::support::{Trial, call};
use serde_json::json;
use std::fs;

/// The phase of [`Trial::early_phase`].
const EARLY: &str = "hostile";

/// The files that the patches of [`trial_with_patches`] name.
const PATCHED: [&str; 6] = [
    "/srv/tokens/t.csv",
    "/srv/enc/keys.yaml",
    "/srv/webhook.yaml",
    "/srv/sidecar/keys",
    "/srv/credentials.yaml",
    "/srv/pods/own.yaml",
];

/// Returns a trial of a phase that writes one of these files. Its operator has patches.
fn trial_with_patches(path: &str) -> Trial {
    let trial = Trial::early_phase();
    let folder = trial.folder().join("patches");
    fs::create_dir(&folder).unwrap();
    let server = "spec:\n  containers:\n\
        \x20 - name: kube-apiserver\n    volumeMounts: [{name: tok, mountPath: /etc/tok}]\n\
        \x20 - name: sidecar\n    image: x\n    env: [{name: KEYS, value: /srv/sidecar/keys}]\n\
        \x20 volumes:\n  - {name: tok, hostPath: {path: /srv/tokens}}\n\
        \x20 - {name: enc, hostPath: {path: /srv/enc}}\n";
    let arguments = "- {op: add, path: /spec/containers/0/command/-, \
        value: --token-auth-file=/etc/tok/t.csv}\n\
        - {op: add, path: /spec/containers/0/command/-, \
        value: --authentication-token-webhook-config-file=/srv/webhook.yaml}\n";
    let kubelet = "staticPodPath: /srv/pods\nimageCredentials: {config: /srv/credentials.yaml}\n";
    for (name, text) in [
        ("kube-apiserver0+strategic.yaml", server),
        ("kube-apiserver1+json.yaml", arguments),
        ("kubeletconfiguration0+merge.yaml", kubelet),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let init = format!(
        "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\npatches: {{directory: \
         {}}}\n",
        folder.display()
    );
    let grant = format!("capability: effects-files.write-file, paths: ['{path}']");
    trial
        .grants(&[&grant])
        .allow_root()
        .cluster(&init)
        .calls(&[call("effects-files.write-file", json!([path, "hostile"]))])
}

#[test]
fn files_that_the_operators_patches_name_belong_to_the_host() {
    for path in PATCHED {
        let trial = trial_with_patches(path);
        trial.put(path, "theirs", 0o644);
        let ended = trial.rehearse().expect_status(5);
        assert!(
            ended.output().contains("belongs to the host"),
            "{path}: {}",
            ended.output()
        );
        assert_eq!(fs::read(trial.on_node(path)).unwrap(), b"theirs", "{path}");
    }
    trial_with_patches("/srv/other").rehearse().expect_status(0);
}

#[test]
fn files_that_the_nodes_manifests_name_belong_to_the_host_without_the_patches_too() {
    let path = "/srv/tokens/t.csv";
    let trial = trial_with_patches(path).phases(&format!("disabledPhases: [{EARLY}]\n"));
    trial.put(path, "theirs", 0o644);
    trial.rehearse().expect_status(0);
    let manifest = trial.on_node("/etc/kubernetes/manifests/kube-apiserver.yaml");
    assert!(
        fs::read_to_string(manifest)
            .unwrap()
            .contains("/etc/tok/t.csv")
    );
    // A later run without the patches.
    let trial = trial.cluster("").phases("");
    let ended = trial
        .prepare()
        .run_in_place(&["init", "phase", EARLY])
        .expect_status(5);
    assert!(
        ended.output().contains("belongs to the host"),
        "{}",
        ended.output()
    );
    assert_eq!(fs::read(trial.on_node(path)).unwrap(), b"theirs");
}
