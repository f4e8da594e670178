//! Grants: their lines in the lock, and the grants that amount to root.
use crate::support::Trial;
use std::fs;

/// Returns the lines of the lock for a component with this grant; `None` if the grant is refused.
fn locked_lines(grant: &str) -> Option<String> {
    let grant = format!("capability: {grant}");
    let trial = Trial::addon_phase().grants(&[&grant]).allow_root();
    if trial.add().status != 0 {
        return None;
    }
    let lock = fs::read_to_string(trial.folder().join("kubephase.lock")).unwrap();
    let lines = lock.split_once("granted:").map(|(_, lines)| lines);
    Some(lines.unwrap_or_default().to_owned())
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
        // A grant that is refused cannot be mistaken for another.
        if let (Some(one_line), Some(other_line)) = (locked_lines(one), locked_lines(other)) {
            assert_ne!(one_line, other_line, "{one} and {other} look alike");
        }
    }
}

#[test]
fn an_upgrade_that_asks_for_something_else_is_refused_until_it_is_allowed() {
    let trial = Trial::addon_phase()
        .grants(&["capability: effects-command.execute, commands: [[env, \"touch owned\"]]"])
        .allow_root();
    trial.add().expect_status(0);
    let upgraded = Trial::addon_phase()
        .grants(&["capability: effects-command.execute, commands: [[env, touch, owned]]"]);
    fs::copy(upgraded.component(), trial.folder().join("hostile.wasm")).unwrap();
    let result = trial.preflight_again();
    assert_eq!(result.status, 6, "{}", result.output());
}

#[test]
fn a_grant_needs_patterns_in_every_dimension_of_its_capability() {
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
        let result = Trial::addon_phase()
            .grants(&[&format!("capability: {grant}")])
            .allow_root()
            .inspect();
        assert_ne!(result.status, 0, "{grant} is taken: {}", result.output());
    }
}

#[test]
fn inspect_says_which_grants_amount_to_root() {
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
        let trial = Trial::addon_phase().grants(&[&format!("capability: {grant}")]);
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
