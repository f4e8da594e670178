//! Files that belong to the host and the operator, wherever the configuration puts them: no plugin
//! reads or changes them, whatever it was allowed. A file that only some users may read stays so.
use crate::support::{Trial, call, namespace};
use serde_json::json;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

fn mode(trial: &Trial, path: &str) -> u32 {
    fs::metadata(trial.on_node(path)).unwrap().mode() & 0o777
}

#[test]
fn moved_secrets_of_the_host_are_not_shown() {
    let hidden = [
        "/data/etcd/member/snap/db",
        "/etc/kubernetes/pki/tokens.csv",
        "/srv/encryption.yaml",
        "/srv/kubelet/pods/secret",
        "/var/lib/docker/containers/x/config.v2.json",
        "/var/lib/rancher/k3s/server/token",
        "/srv/linked.key",
        "/srv/tok/t.csv",
        "/srv/sni/a.secret",
    ];
    let shown = ["/srv/resolv.conf", "/etc/kubernetes/pki/other.crt"];
    let paths = [&hidden[..], &shown].concat();
    let grant = format!(
        "capability: observe-files.read-file, private: true, paths: [{}]",
        paths.join(", ")
    );
    let calls: Vec<_> = paths
        .iter()
        .map(|path| call("observe-files.read-file", json!([path])))
        .collect();
    let trial = Trial::check()
        .grants(&[&grant])
        .allow_root()
        .calls(&calls)
        .cluster(
            "etcd: {local: {dataDir: /data/etcd}}\n\
             apiServer:\n  extraArgs:\n\
             \x20 - {name: encryption-provider-config, value: /srv/encryption.yaml}\n\
             \x20 - {name: token-auth-file, value: /etc/tok/t.csv}\n\
             \x20 - {name: tls-sni-cert-key, value: '/srv/sni/a.crt,/srv/sni/a.secret:a.example'}\n\
             \x20 extraVolumes: [{name: tok, hostPath: /srv/tok, mountPath: /etc/tok}]\n\
             controllerManager:\n  extraArgs:\n\
             \x20 - {name: cluster-signing-key-file, value: /srv/kubelet/pods/secret}\n\
             scheduler:\n  extraArgs:\n\
             \x20 - {name: resolv-conf, value: /srv/resolv.conf}\n",
        );
    for path in &paths {
        trial.put(path, "plain text", 0o600);
    }
    trial.link("/etc/kubernetes/pki/linked.key", "/srv/linked.key");
    let ended = trial.preflight();
    for (index, path) in paths.iter().enumerate() {
        let answer = ended.answer(&format!("0.{index}"));
        assert_eq!(answer.is_ok, shown.contains(path), "{path}: {answer:?}");
    }
}

#[test]
fn a_second_proc_shows_no_process() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check();
    let second = trial.folder().join("proc");
    fs::create_dir(&second).unwrap();
    let paths = [
        "/proc/meminfo".to_owned(),
        format!("{}/1/cmdline", second.display()),
        format!("{}/meminfo", second.display()),
        "/proc/kallsyms".to_owned(),
    ];
    let calls: Vec<_> = paths
        .iter()
        .map(|path| call("observe-files.read-file", json!([path])))
        .collect();
    let trial = trial
        .grants(&["capability: observe-files.read-file, paths: ['/**']"])
        .calls(&calls);
    // By default only its owner can enter a temporary folder, and the host shows a plugin no file
    // in such a folder.
    fs::set_permissions(trial.folder(), PermissionsExt::from_mode(0o755)).unwrap();
    trial.prepare();
    let ended = namespace::run_with_second_proc(&trial, &second, &namespace::PREFLIGHT);
    let shown: Vec<bool> = ended.answers.iter().map(|answer| answer.is_ok).collect();
    assert_eq!(shown, [true, false, false, false], "{:?}", ended.answers);
}

#[test]
fn a_plugin_lets_nobody_use_what_it_did_not_make() {
    let grants = [
        "capability: effects-files.set-mode, paths: ['/**']",
        "capability: effects-pki.ensure-key-pair, directories: ['/**']",
    ];
    let (folder, own) = ("/srv/app", "/var/lib/kubephase-plugins/hostile/own");
    let pair = json!({"directory": own, "name": "x", "algorithm": "ECDSA-P256"}).to_string();
    let key = format!("{own}/x.key");
    for calls in [
        vec![call("effects-files.set-mode", json!([folder, 0o755]))],
        vec![call(
            "effects-files.set-mode",
            json!(["/srv/app/secret", 0o644]),
        )],
        vec![
            call("effects-files.set-mode", json!(["/srv/app/secret", 0o600])),
            call("effects-files.file-owner", json!([0, 1, 1])),
        ],
        vec![
            call("effects-pki.ensure-key-pair", json!([pair])),
            call("effects-files.set-mode", json!([key, 0o644])),
        ],
    ] {
        let trial = Trial::early_phase()
            .grants(&grants)
            .allow_root()
            .calls(&calls);
        trial.put("/srv/app/secret", "canary", 0o600);
        fs::set_permissions(trial.on_node(folder), PermissionsExt::from_mode(0o700)).unwrap();
        let ended = trial.rehearse().expect_status(5);
        assert!(
            ended.output().contains("was not made by this plugin"),
            "{}",
            ended.output()
        );
        assert_eq!(
            (mode(&trial, folder), mode(&trial, "/srv/app/secret")),
            (0o700, 0o600)
        );
        if trial.on_node(&key).exists() {
            assert_eq!(mode(&trial, &key), 0o600);
        }
    }
}

#[test]
fn a_plugin_sets_the_mode_of_what_it_made_and_narrows_any() {
    let own = "/var/lib/kubephase-plugins/hostile";
    let trial = Trial::early_phase()
        .grants(&[
            "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/**]",
            "capability: effects-files.set-mode, paths: ['/**']",
        ])
        .allow_root()
        .calls(&[
            call(
                "effects-files.write-file",
                json!([format!("{own}/a/x"), ""]),
            ),
            call(
                "effects-files.set-mode",
                json!([format!("{own}/a/x"), 0o777]),
            ),
            call(
                "effects-files.set-mode",
                json!([format!("{own}/a"), 0o1777]),
            ),
            call("effects-files.set-mode", json!(["/srv/open", 0o600])),
        ]);
    trial.put("/srv/open", "", 0o644);
    trial.rehearse().expect_status(0);
    let modes = [
        mode(&trial, &format!("{own}/a/x")),
        mode(&trial, &format!("{own}/a")),
        mode(&trial, "/srv/open"),
    ];
    assert_eq!(modes, [0o777, 0o777, 0o600]);
    // Neither does a later run change anything.
    trial.rehearse_again().expect_status(0);
}

#[test]
fn no_effect_reaches_the_files_of_the_operator() {
    if !namespace::is_possible() {
        return;
    }
    for name in [
        "cluster.yaml",
        "kubephase.lock",
        "hostile.wasm",
        "hostile.wasm.minisig",
        "bin/new",
    ] {
        let trial = Trial::addon_phase();
        let path = trial.folder().join(name);
        let trial = trial
            .grants(&["capability: effects-files.write-file, paths: ['/**']"])
            .allow_root()
            .calls(&[call("effects-files.write-file", json!([path, "hostile"]))]);
        trial.prepare();
        let ended = namespace::run(&trial, None, &namespace::ADDONS);
        assert!(
            ended.output().contains("belongs to the host"),
            "{name}: {}",
            ended.output()
        );
        assert_ne!(fs::read(&path).unwrap_or_default(), b"hostile", "{name}");
    }
}

#[test]
fn a_linked_key_is_found_among_more_certificates_than_anybody_has() {
    let trial = Trial::early_phase()
        .grants(&["capability: effects-files.write-file, paths: [/srv/secure/**]"])
        .allow_root()
        .calls(&[call(
            "effects-files.write-file",
            json!(["/srv/secure/extra.key", "hostile"]),
        )]);
    trial
        .put("/srv/secure/extra.key", "theirs", 0o600)
        .link("/etc/kubernetes/pki/zz.key", "/srv/secure/extra.key");
    for number in 0..1001 {
        trial.put(&format!("/etc/kubernetes/pki/{number}.crt"), "", 0o644);
    }
    let ended = trial.rehearse().expect_status(5);
    assert!(
        ended.output().contains("belongs to the host"),
        "{}",
        ended.output()
    );
    let left = fs::read(trial.on_node("/srv/secure/extra.key")).unwrap();
    assert_eq!(left, b"theirs");
}

#[test]
fn the_directory_of_a_plugin_belongs_to_one_identity_and_not_to_a_name() {
    let own = "/var/lib/kubephase-plugins/hostile";
    let (owner, file) = (format!("{own}.owner"), format!("{own}/run.sh"));
    let trial = Trial::early_phase()
        .grants(&["capability: effects-files.write-file, paths: ['/**']"])
        .allow_root()
        .calls(&[call("effects-files.write-file", json!([file, "new"]))]);
    trial
        .put(&file, "of another", 0o755)
        .put(&owner, "another.wasm", 0o644);
    let ended = trial.rehearse().expect_status(5);
    assert!(
        ended.output().contains("another.wasm") && ended.output().contains("--purge"),
        "{}",
        ended.output()
    );
    assert_eq!(fs::read(trial.on_node(&file)).unwrap(), b"of another");
    let purge = "plugin remove hostile --config cluster.yaml --purge --root root";
    let purge: Vec<&str> = purge.split(' ').collect();
    // Only the configuration of the first run names it.
    for _ in 0..2 {
        trial.run(&purge).expect_status(0);
        assert!(!trial.on_node(own).exists() && !trial.on_node(&owner).exists());
    }
    trial.rehearse().expect_status(0);
    assert_eq!(fs::read(trial.on_node(&file)).unwrap(), b"new");
    let identity = fs::read_to_string(trial.on_node(&owner)).unwrap();
    assert!(
        identity.starts_with("hostile.wasm, first locked as "),
        "{identity}"
    );
}

#[test]
fn no_plugin_says_whose_its_directory_is() {
    for call_of in [
        call(
            "effects-files.write-file",
            json!(["/var/lib/kubephase-plugins/hostile.owner", "x"]),
        ),
        call(
            "effects-files.remove-file",
            json!(["/var/lib/kubephase-plugins/hostile.owner"]),
        ),
    ] {
        let trial = Trial::early_phase()
            .grants(&[
                "capability: effects-files.write-file, paths: ['/**']",
                "capability: effects-files.remove-file, paths: ['/**']",
            ])
            .allow_root()
            .calls(&[call_of]);
        let ended = trial.rehearse().expect_status(5);
        assert!(
            ended.output().contains("no other plugin may change it"),
            "{}",
            ended.output()
        );
    }
}
