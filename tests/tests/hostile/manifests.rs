//! Manifests: what an operator decides by says what it says, on one line each, and two different
//! grants never look alike.
use crate::support::Trial;
use std::fs;

/// Texts with which a manifest could repaint a terminal, as YAML writes them.
const ESCAPES: [&str; 5] = [
    r"\e[2J\e[H\e[32mnothing\e[0m",
    r"\u009b2J",
    r"\u202e drow",
    r"\r It asks for: nothing",
    r"\e]0;title\a",
];

fn assert_printable(output: &str, case: &str) {
    let hostile = |character: &char| {
        (character.is_control() && !matches!(character, '\n' | '\t'))
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    let found = output.chars().find(hostile);
    assert!(found.is_none(), "{case} prints {found:?}: {output:?}");
}

#[test]
fn no_field_of_a_manifest_reaches_the_terminal_raw() {
    let good = Trial::check()
        .grants(&["capability: observe-files.read-file, paths: [/srv/x]"])
        .manifest();
    let fields = [
        ("name: hostile", "name: \"hostile%\""),
        ("version: 0.1.0", "version: \"0.1.0%\""),
        ("license: Apache-2.0", "license: \"A%\""),
        ("description: A test.", "description: \"A%\""),
        ("id: preflight/hostile", "id: \"preflight/hostile%\""),
        ("title: Misuse the host", "title: \"A%\", needs: [\"x%\"]"),
        ("title: Misuse the host", "title: A, before: [\"x%\"]"),
        ("title: Misuse the host", "title: A, replaces: [\"x%\"]"),
        ("title: Misuse the host", "title: A, slot: \"x%\""),
        ("title: Misuse the host", "title: A, \"x%\": 1"),
        ("kind: check", "kind: \"check%\""),
        ("workflow: [init]", "workflow: [\"init%\"]"),
        ("reason: It is needed.", "reason: \"A%\""),
        (
            "capability: observe-files.read-file",
            "capability: \"observe-files.read-file%\"",
        ),
        ("paths: [/srv/x]", "paths: [\"/srv/x%\"]"),
        ("paths: [/srv/x]", "paths: [/srv/x], \"x%\": 1"),
        ("settings: {}", "settings: {\"x%\": 1, $ref: \"x%\"}"),
        ("schema: 1", "schema: 1\n\"x%\": 1"),
    ];
    let trial = Trial::check();
    for (field, hostile) in fields {
        assert!(good.contains(field), "{field}");
        let escape = ESCAPES.concat();
        let manifest = good.replacen(field, &hostile.replace('%', &escape), 1);
        fs::write(
            trial.folder().join("hostile.wasm"),
            crate::support::guest::component(&manifest),
        )
        .unwrap();
        trial.write_config();
        for arguments in [
            &["plugin", "inspect", "hostile.wasm"][..],
            &[
                "plugin",
                "add",
                "hostile.wasm",
                "--config",
                "cluster.yaml",
                "--allow",
            ],
            &["plugin", "list", "--config", "cluster.yaml"],
            &["plan", "init", "--config", "cluster.yaml"],
        ] {
            let result = trial.run(arguments);
            assert_printable(&result.output(), &format!("{hostile} in {arguments:?}"));
        }
        // The next manifest begins with a configuration and a lock of its own.
        let _ = fs::remove_file(trial.folder().join("kubephase.lock"));
    }
}

/// The lines of grants that the lock has for a component with these grants.
fn locked_lines(grants: &[&str]) -> String {
    let trial = Trial::check().grants(grants).allow_root();
    trial.add().expect_status(0);
    let lock = fs::read_to_string(trial.folder().join("kubephase.lock")).unwrap();
    lock.split_once("granted:")
        .map(|(_, lines)| lines.to_owned())
        .unwrap_or_default()
}

#[test]
fn different_grants_have_different_lines() {
    let pairs = [
        (
            "effects-command.execute, commands: [[env, \"touch owned\"]]",
            "effects-command.execute, commands: [[env, touch, owned]]",
        ),
        (
            "effects-command.execute, commands: [[bash, -c, \"id *\"]]",
            "effects-command.execute, commands: [[bash, -c, id, \"*\"]]",
        ),
        (
            "observe-files.read-file, paths: [\"/srv/a\", \"/srv/b\"]",
            "observe-files.read-file, paths: [\"/srv/a /srv/b\"]",
        ),
        (
            "effects-cluster.apply-object, objects: [{apiVersion: v1, kind: ConfigMap, names: \
             [\"a,b\"]}]",
            "effects-cluster.apply-object, objects: [{apiVersion: v1, kind: ConfigMap, names: [a, \
             b]}]",
        ),
    ];
    for (one, other) in pairs {
        let line = |grant: &str| {
            let grant = format!("capability: {grant}");
            let added = Trial::check().grants(&[&grant]).allow_root().add();
            (added.status == 0).then(|| locked_lines(&[&grant]))
        };
        // A grant that is refused is not mistaken for another.
        if let (Some(one_line), Some(other_line)) = (line(one), line(other)) {
            assert_ne!(one_line, other_line, "{one} and {other} look alike");
        }
    }
}

#[test]
fn an_upgrade_that_asks_for_something_else_is_refused_until_it_is_allowed() {
    let trial = Trial::check()
        .grants(&["capability: effects-command.execute, commands: [[env, \"touch owned\"]]"])
        .allow_root();
    trial.add().expect_status(0);
    let upgraded = Trial::check()
        .grants(&["capability: effects-command.execute, commands: [[env, touch, owned]]"]);
    fs::copy(upgraded.component(), trial.folder().join("hostile.wasm")).unwrap();
    let result = trial.preflight_again();
    assert_eq!(result.status, 6, "{}", result.output());
}

#[test]
fn a_capability_with_dimensions_has_patterns_in_each_of_them() {
    for grant in [
        "effects-node.set-sysctl",
        "effects-node.load-module",
        "effects-node.ensure-service",
        "effects-images.pull-image",
        "effects-pki.ensure-certificate",
        "effects-pki.ensure-certificate, directories: [/etc/kubernetes/pki]",
        "effects-pki.ensure-key-pair",
        "effects-pki.ensure-kubeconfig",
        "effects-pki.ensure-kubeconfig, paths: [/opt/x]",
        "effects-pki.ensure-rotated-kubeconfig",
        "observe-pki.certificate",
        "observe-pki.kubeconfig",
        "observe-net.http-get-as, hosts: [a.example]",
        "observe-net.http-get-as, paths: [/srv/x]",
        "observe-net.http-get",
        "observe-files.read-file",
        "observe-command.run-command",
        "observe-cluster.get-object",
        "observe-files.read-file, hosts: [a.example]",
        "observe-files.read-file, paths: [relative]",
        "observe-files.read-file, paths: ['/srv/../etc/x']",
        "effects-core.static-pod",
        "observe-node.service",
        "observe-node.nothing",
    ] {
        let result = Trial::check()
            .grants(&[&format!("capability: {grant}")])
            .allow_root()
            .inspect();
        assert_ne!(result.status, 0, "{grant} is taken: {}", result.output());
    }
}

#[test]
fn inspect_says_in_plain_words_what_amounts_to_root() {
    for (grant, words) in [
        ("effects-command.execute, commands: [['**']]", "root"),
        ("effects-node.set-sysctl, keys: ['**']", "root"),
        ("effects-node.load-module, modules: [x]", "root"),
        ("effects-node.ensure-service, units: [x.service]", "root"),
        ("effects-files.write-file, paths: [/etc/cron.d/x]", "root"),
        (
            "effects-cluster.apply-object, objects: [{apiVersion: rbac.authorization.k8s.io/v1, \
             kind: ClusterRoleBinding}]",
            "cluster",
        ),
    ] {
        let trial = Trial::check().grants(&[&format!("capability: {grant}")]);
        let inspected = trial.inspect();
        assert!(
            inspected.status != 0 || inspected.output().contains(words),
            "{grant}: {}",
            inspected.output()
        );
        let added = trial.add();
        assert_ne!(
            added.status,
            0,
            "{grant} is allowed without consent: {}",
            added.output()
        );
        let config = fs::read_to_string(trial.config()).unwrap();
        assert!(!config.contains("hostile"), "{grant}: {config}");
        assert!(
            !trial.folder().join("kubephase.lock").exists(),
            "{grant}: a refused plugin is locked"
        );
    }
}

#[test]
fn two_manifests_and_odd_ones_are_refused() {
    let trial = Trial::check();
    let manifest = trial.manifest();
    let odd: Vec<Vec<u8>> = vec![
        b"\xff\xfe".to_vec(),
        b"a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, \
            *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, \
            *d]\n".to_vec(),
        vec![b'['; 100_000],
        b"name: a\nname: b\n".to_vec(),
        format!("{manifest}{}", "#".repeat(30 << 20)).into_bytes(),
    ];
    for text in odd {
        let mut component = crate::support::guest::component("");
        crate::support::guest::append_manifest(&mut component, &text);
        fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
        assert_ne!(trial.run(&["plugin", "inspect", "hostile.wasm"]).status, 0);
    }
}

#[test]
fn texts_of_a_capsule_reach_the_terminal_as_text() {
    let trial = Trial::check().calls(&[crate::support::call("input.round", serde_json::json!([]))]);
    trial.record().expect_status(0);
    let path = trial.folder().join("capsule.json");
    let mut capsule: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for field in ["phase", "plugin", "failure", "version", "digest"] {
        capsule[field] = "x\u{1b}[2J\u{9b}2J\u{202e}\r\u{7}".into();
    }
    fs::write(&path, capsule.to_string()).unwrap();
    let result = trial.run(&["plugin", "test", "hostile.wasm", "--replay", "capsule.json"]);
    assert_printable(&result.output(), "a capsule");
}

#[test]
fn texts_of_a_lock_reach_the_terminal_as_text() {
    let trial = Trial::check().grants(&["capability: observe-files.read-file, paths: [/srv/x]"]);
    trial.prepare();
    let path = trial.folder().join("kubephase.lock");
    let lock = fs::read_to_string(&path).unwrap();
    let hostile = ESCAPES.concat();
    for (field, value) in [
        ("source: ", "./hostile.wasm"),
        ("version: ", "0.1.0"),
        ("digest: ", "0"),
        ("name: ", "hostile"),
    ] {
        let lines = lock.lines().map(|line| {
            let at = line.find(field).filter(|_| !line.starts_with("version"));
            at.map_or_else(
                || line.to_owned(),
                |at| format!("{}{field}\"{value}{hostile}\"", &line[..at]),
            )
        });
        fs::write(&path, lines.map(|line| line + "\n").collect::<String>()).unwrap();
        for arguments in [
            &["plugin", "list", "--config", "cluster.yaml"][..],
            &["plan", "init", "--config", "cluster.yaml"],
        ] {
            assert_printable(
                &trial.run(arguments).output(),
                &format!("{field} of a lock"),
            );
        }
    }
}
