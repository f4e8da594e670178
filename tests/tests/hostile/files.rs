//! Files: a plugin reads what every user of the machine may read, changes what its grant names, and
//! follows no link out of it. What belongs to the host is out of reach in both directions.
use crate::support::{Trial, call};
use base64ish::encode;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

mod base64ish {
    /// Base64 of some bytes.
    pub fn encode(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for piece in bytes.chunks(3) {
            let number = piece
                .iter()
                .fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
                << (8 * (3 - piece.len()));
            for place in 0..4 {
                let letter = LETTERS[(number >> (18 - 6 * place)) as usize & 63];
                text.push(if place <= piece.len() {
                    char::from(letter)
                } else {
                    '='
                });
            }
        }
        text
    }
}

const PEM_KEY: &str = "-----BEGIN PRIVATE \
    KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE \
    KEY-----\n";
/// An Ed25519 key as PKCS #8 in DER.
const DER_KEY: [u8; 48] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

/// Reads these paths with a grant of everything below `/srv`, `/var/lib`, `/etc` and `/proc`.
fn read_all(trial: Trial, paths: &[&str]) -> crate::support::RunResult {
    let calls: Vec<Value> = paths
        .iter()
        .map(|path| call("observe-files.read-file", json!([path])))
        .collect();
    let grant = "capability: observe-files.read-file, paths: [/srv/**, /var/**, /etc/**, /proc/**, \
        /run/**, /home/**]";
    trial.grants(&[grant]).calls(&calls).preflight()
}

#[test]
fn credentials_are_not_shown_in_any_form() {
    let kubeconfig = |user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: a, cluster: {{server: \
             'https://a'}}}}]\nusers:\n- name: u\n  user:\n    {user}\n"
        )
    };
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"tls.key": encode(PEM_KEY.as_bytes())},
    })
    .to_string();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("/srv/a", PEM_KEY.into()),
        ("/srv/b", DER_KEY.into()),
        ("/srv/c", encode(PEM_KEY.as_bytes()).into()),
        (
            "/srv/d",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----\n"
                .into(),
        ),
        (
            "/srv/e",
            "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
                .into(),
        ),
        ("/srv/f", kubeconfig("client-key-data : QUJD").into()),
        ("/srv/g", kubeconfig("\"client-key-data\": QUJD").into()),
        ("/srv/h", kubeconfig("token: canary-token").into()),
        (
            "/srv/i",
            kubeconfig("{\"tok\\u0065n\": canary-token}").into(),
        ),
        ("/srv/j", kubeconfig("password: canary-password").into()),
        ("/srv/k", secret.into()),
        (
            "/srv/l",
            "apiVersion: apiserver.config.k8s.io/v1\nkind: \
            EncryptionConfiguration\nresources:\n- providers:\n  - aescbc: {keys: [{name: k, \
            secret: Y2FuYXJ5LXNlY3JldA==}]}\n"
                .into(),
        ),
        (
            "/srv/m",
            "{\"auths\":{\"registry.example\":{\"auth\":\"dXNlcjpjYW5hcnk=\"}}}".into(),
        ),
        (
            "/srv/n",
            [b"\x00\x01text before\n".as_slice(), PEM_KEY.as_bytes()].concat(),
        ),
    ];
    let trial = Trial::check();
    for (path, content) in &files {
        trial.put(path, content, 0o644);
    }
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let result = read_all(trial, &paths);
    for (index, path) in paths.iter().enumerate() {
        let answer = result.answer(&format!("0.{index}"));
        assert!(!answer.is_ok, "{path} is shown: {answer:?}");
    }
}

#[test]
fn files_of_the_host_are_not_shown_by_any_name() {
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
    // The node has been a control plane before, with all that belongs to one.
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
fn one_private_file_is_shown_where_the_grant_names_it_and_says_so() {
    let grant = "capability: observe-files.read-file, paths: [/etc/app/settings], private: true";
    let trial = Trial::check().grants(&[grant]).calls(&[call(
        "observe-files.read-file",
        json!(["/etc/app/settings"]),
    )]);
    trial.put("/etc/app/settings", "colour=blue", 0o600);
    let added = trial.add().expect_status(0);
    assert!(added.output().contains("private"), "{}", added.output());
    assert_eq!(trial.preflight().answer("0.0").text, "colour=blue");
    let wildcards = Trial::check()
        .grants(&["capability: observe-files.read-file, paths: [/etc/app/*], private: true"])
        .add();
    assert_ne!(wildcards.status, 0, "{}", wildcards.output());
}

/// Paths that belong to the host. Nothing that a plugin proposes for files changes them, whatever
/// its grants are.
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

/// Every file of the host below a scratch root, with its mode and content.
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
    let place = undisturbed.place();
    undisturbed
        .run(&[vec!["rehearse".to_owned()], place].concat())
        .expect_status(0);
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
fn writing_follows_no_link_out_of_the_grant() {
    let cases = [
        ("write-file", json!("* * * * * root id\n")),
        ("make-dir", json!(null)),
        ("remove-file", json!(null)),
        ("set-mode", json!(0o666)),
    ];
    for (function, more) in cases {
        let capability = format!("effects-files.{function}");
        let trial = Trial::early_phase()
            .grants(&[&format!(
                "capability: {capability}, paths: [/opt/hostile/**]"
            )])
            .calls(&[call(
                &capability,
                json!(["/opt/hostile/folder/target", more]),
            )]);
        trial
            .link("/opt/hostile/folder", "/etc/cron.d")
            .put("/etc/cron.d/other", "kept", 0o600);
        if function != "make-dir" && function != "write-file" {
            trial.put("/etc/cron.d/target", "kept", 0o600);
        }
        trial.rehearse();
        let target = trial.on_node("/etc/cron.d/target");
        match function {
            "write-file" | "make-dir" => assert!(!target.exists(), "{function} followed a link"),
            _ => assert_eq!(
                (
                    fs::read(&target).unwrap(),
                    fs::metadata(&target).unwrap().mode() & 0o777
                ),
                (b"kept".to_vec(), 0o600),
                "{function}"
            ),
        }
    }
}

#[test]
fn a_mode_is_set_on_no_target_of_a_link() {
    let trial = Trial::early_phase()
        .grants(&["capability: effects-files.set-mode, paths: [/opt/hostile/**]"])
        .calls(&[call(
            "effects-files.set-mode",
            json!(["/opt/hostile/key", 0o666]),
        )]);
    trial
        .put("/srv/key", "kept", 0o600)
        .link("/opt/hostile/key", "/srv/key");
    trial.rehearse();
    assert_eq!(
        fs::metadata(trial.on_node("/srv/key")).unwrap().mode() & 0o777,
        0o600
    );
}

#[test]
fn no_file_gets_a_mode_that_lends_the_rights_of_its_owner() {
    for mode in [0o4755_u32, 0o2755, 0o6755, 0o7777] {
        for calls in [
            vec![
                call(
                    "effects-files.write-file",
                    json!(["/opt/hostile/shell", "#!/bin/sh\n"]),
                ),
                call("effects-files.file-mode", json!([0, mode])),
            ],
            vec![call(
                "effects-files.set-mode",
                json!(["/opt/hostile/there", mode]),
            )],
        ] {
            let trial = Trial::early_phase()
                .grants(&[
                    "capability: effects-files.write-file, paths: [/opt/hostile/*]",
                    "capability: effects-files.set-mode, paths: [/opt/hostile/*]",
                ])
                .calls(&calls);
            trial.put("/opt/hostile/there", "x", 0o755);
            trial.rehearse();
            for name in ["shell", "there"] {
                let meta = fs::metadata(trial.on_node("/opt/hostile").join(name));
                assert!(
                    meta.is_ok_and(|meta| meta.mode() & 0o6000 == 0) || name == "shell",
                    "{mode:o} {name}"
                );
            }
        }
    }
}

#[test]
fn a_plugin_cannot_give_a_file_that_it_did_not_propose_another_owner() {
    let trial = Trial::early_phase()
        .grants(&["capability: effects-files.write-file, paths: [/opt/hostile/*]"])
        .calls(&[
            call("effects-files.file-owner", json!([7, 0, 0])),
            call("effects-files.file-mode", json!([7, 0o777])),
        ]);
    let result = trial.rehearse();
    assert!(
        result.answers.iter().all(|answer| !answer.is_ok),
        "{:?}",
        result.answers
    );
}

#[test]
fn paths_beside_a_pattern_are_refused_for_every_file_function() {
    let spellings = [
        "/opt/hostile/../secret",
        "/opt/hostile/./../secret",
        "/opt//hostile/../secret",
        "/opt/hostile/x/../../secret",
        "opt/hostile/x",
        "/opt/hostile/\u{0}",
        "/opt/hostile/\u{1b}[2J",
        "/opt/hostile/\u{202e}x",
        "/proc/self/root/opt/secret",
        "",
        "/",
        "//",
    ];
    let functions = [
        "observe-files.stat",
        "observe-files.read-file",
        "observe-files.list-dir",
        "effects-files.write-file",
        "effects-files.make-dir",
        "effects-files.remove-file",
        "effects-files.set-mode",
    ];
    let grants: Vec<String> = functions
        .iter()
        .map(|function| format!("capability: {function}, paths: [/opt/hostile/**]"))
        .collect();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let calls: Vec<Value> = functions
        .iter()
        .flat_map(|function| spellings.map(|path| call(function, json!([path]))))
        .collect();
    let trial = Trial::early_phase()
        .grants(&grants)
        .rounds(&[json!({"calls": calls, "ending": {"failure": "enough"}})]);
    trial.put("/opt/secret", "canary-beside", 0o644);
    let result = trial.rehearse();
    for (index, answer) in result.answers.iter().enumerate() {
        let (function, path) = (
            functions[index / spellings.len()],
            spellings[index % spellings.len()],
        );
        // A proposal for a fair path is taken, and compared with the grant before anything is
        // carried out.
        let is_compared_later = function.starts_with("effects-")
            && ["/proc/self/root/opt/secret", "/", "//"].contains(&path);
        assert!(
            !answer.is_ok || is_compared_later,
            "{function} {path:?}: {answer:?}"
        );
    }
    assert_eq!(
        fs::read(trial.on_node("/opt/secret")).unwrap(),
        b"canary-beside"
    );
    for function in functions
        .iter()
        .filter(|function| function.starts_with("effects-"))
    {
        let grant = format!("capability: {function}, paths: [/opt/hostile/**]");
        let trial = Trial::early_phase()
            .grants(&[&grant])
            .calls(&[call(function, json!(["/proc/self/root/opt/secret", "x"]))]);
        trial.put("/opt/secret", "canary-beside", 0o644);
        trial.rehearse().expect_status(5);
    }
}

#[test]
fn places_that_decide_what_runs_as_root_need_the_consent_of_root() {
    for path in [
        "/etc/cron.d/x",
        "/etc/systemd/system/*",
        "/etc/ld.so.preload",
        "/etc/profile.d/x.sh",
        "/usr/local/bin/x",
        "/**",
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

/// A file outside of a scratch root that nothing may reach.
#[test]
fn nothing_leads_out_of_a_scratch_root() {
    let trial = Trial::early_phase()
        .grants(&[
            "capability: effects-files.write-file, paths: [/opt/hostile/**]",
            "capability: observe-files.read-file, paths: [/opt/hostile/**]",
        ])
        .rounds(&[
            json!({
                "calls": [call("observe-files.read-file", json!(["/opt/hostile/out/secret"]))],
                "ending": "again",
            }),
            json!({
                "calls": [
                    call("effects-files.write-file", json!(["/opt/hostile/out/secret", "hostile"])),
                ],
            }),
        ]);
    let outside = trial.folder().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "canary-outside").unwrap();
    trial.link("/opt/hostile/out", Path::new(&outside));
    let result = trial.rehearse();
    assert!(!result.answers_text().contains("canary-outside"));
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"canary-outside");
}
