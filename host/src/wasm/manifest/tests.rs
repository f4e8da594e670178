use super::*;
use crate::plan::spec::FailurePolicy;
use serde_json::json;

fn refusal_of(text: &str) -> String {
    Manifest::parse(text).unwrap_err().to_string()
}

const GOOD: &str = "\
schema: 1
name: audit
version: 1.0.0
provides:
- {id: preflight/audit, title: t, kind: check, workflow: [init, join], needs: [certs], before: \
[kubelet-start]}
- {id: audit, title: t, kind: phase, workflow: [init, join], needs: [preflight]}
settings: {type: object}
grants:
- {capability: observe-files.read-file, reason: looks at it, paths: [/etc/audit/*]}
- {capability: observe-net.http-get, reason: asks it, hosts: ['*.example.com:8443']}
- {capability: observe-command.run-command, reason: asks it, commands: [[uname, -*]]}
- {capability: effects-cluster.apply-object, reason: makes it, objects: [{apiVersion: v1, kind: \
ConfigMap, names: [audit-*]}]}
- {capability: effects-node.load-module, reason: needs it, modules: [br_netfilter]}
";

fn parse_with_images(provides: &str) -> Result<Manifest, String> {
    let grants = "- {capability: effects-images.pull-image, reason: r, images: ['*']}";
    Manifest::parse(&format!(
        "name: a\nversion: 1.0.0\nprovides:\n{provides}grants:\n{grants}\n"
    ))
    .map_err(|why| why.to_string())
}

/// A check only observes: the message about failed preflight checks promises that nothing was
/// changed.
#[test]
fn checks_ask_for_no_effects_and_phases_of_preflight_are_checks() {
    let check = "- {id: preflight/a, title: t, kind: check, workflow: [init]}\n";
    let phase = "- {id: b, title: t, kind: phase, workflow: [init]}\n";
    assert!(
        parse_with_images(check)
            .unwrap_err()
            .contains("grants: effects-images.pull-image is for phases and addons")
    );
    assert!(parse_with_images(&format!("{check}{phase}")).is_ok());
    for kind in ["phase", "addon"] {
        let refused =
            parse_with_images(&check.replace("kind: check", &format!("kind: {kind}"))).unwrap_err();
        assert!(
            refused.contains("provides[0].kind: has to be check"),
            "{refused}"
        );
    }
}

#[test]
fn a_manifest_is_read() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!(
        (
            manifest.name.as_str(),
            manifest.version.to_string().as_str()
        ),
        ("audit", "1.0.0")
    );
    let PluginPhase { spec, workflows } = &manifest.provides[0];
    assert_eq!(*workflows, ["init", "join"].map(WorkflowId::new));
    assert_eq!(spec.failure_policy, FailurePolicy::Fail);
    assert_eq!(manifest.grants.len(), 5);
}

#[test]
fn all_problems_are_reported_at_once_with_their_lines() {
    let text = "\
name: Bad
version: one
licence: MIT
provides:
- {id: a//b, title: t, kind: group, workflow: []}
- {id: a, title: t, kind: chek, workflow: [init]}
grants:
- {capability: observe-files.read, reason: ''}
- {capability: observe-files.read-file, reason: r}
- {capability: report.message, reason: r}
- {capability: effects-core.static-pod, reason: r}
- {capability: effects-node.load-module, reason: r, paths: [/x]}
- {capability: observe-files.stat, reason: r, paths: ['etc/[', '/a/../b']}
- {capability: observe-files.stat, reason: r, paths: [/x], path: /y}
";
    let message = refusal_of(text);
    for part in [
        "line 1: name: \"Bad\" is not a valid name",
        "line 2: version: ",
        "line 3: \"licence\" is not a field of a manifest; the fields are schema, name",
        "line 5: provides[0].id: \"a//b\"",
        "line 5: provides[0].kind: has to be check",
        "line 5: provides[0].workflow: \"a//b\" runs in no workflow",
        "line 6: provides[1].kind: unknown variant `chek`",
        "line 8: grants[0].reason: say why",
        "line 8: grants[0].capability: \"observe-files.read\" is not a capability; did you mean \
         observe-files.",
        "line 9: grants[1].paths: say which paths observe-files.read-file is needed for",
        "line 10: grants[2].capability: every plugin may call report.message",
        "line 11: grants[3].capability: effects-core.static-pod is only for built-in phases",
        "line 12: grants[4].paths: effects-node.load-module is not bounded by paths",
        "line 12: grants[4].modules: say which modules effects-node.load-module is needed for \
         (kernel modules)",
        "line 13: grants[5].paths: \"etc/[\": a pattern must not contain wildcards other than `*` \
         and `**`",
        "line 13: grants[5].paths: \"etc/[\" has to be an absolute path",
        "line 13: grants[5].paths: \"/a/../b\" has to be an absolute path",
        "line 14: grants[6].path: unknown field `path`",
    ] {
        assert!(message.contains(part), "{part} in\n{message}");
    }
}

#[test]
fn missing_fields_and_malformed_manifests_are_refused() {
    let message = refusal_of("description: nothing\n");
    for part in [
        "name: is missing",
        "version: is missing",
        "provides: a plugin provides at least one phase",
    ] {
        assert!(message.contains(part), "{part} in\n{message}");
    }
    assert!(refusal_of("name: a\nname: b\n").contains("duplicate"));
    for text in ["- a\n", ": ["] {
        let message = refusal_of(text);
        assert!(
            message.starts_with("plugin.yaml is not a valid manifest, a YAML object: "),
            "{message}"
        );
        assert!(
            !message.contains("\\n") && !message.contains(" | "),
            "{message}"
        );
    }
    assert_eq!(
        refusal_of("schema: 2\nnews: 1\n"),
        "plugin.yaml, line 1: schema: 2 is not a schema that this version reads; it reads 1"
    );
    assert!(
        refusal_of("name: a\nversion: 1.0.0\nprovides: 7\ngrants: x\n")
            .contains("line 3: provides: invalid type")
    );
}

fn parse_with_phase(more: &str) -> Result<Manifest, String> {
    let phase = "- {id: a, title: t, kind: phase, workflow: [init]}\n";
    Manifest::parse(&format!(
        "name: a\nversion: 1.0.0\nprovides:\n{phase}{more}\n"
    ))
    .map_err(|why| why.to_string())
}

#[test]
fn an_id_is_given_to_one_phase_and_settings_are_a_schema() {
    let twice = parse_with_phase("- {id: a, title: t, kind: check, workflow: [join]}").unwrap_err();
    assert!(
        twice.contains("line 4: provides: \"a\" is the id of two phases"),
        "{twice}"
    );
    for settings in ["{type: nope}", "{properties: 7}", "[]", "x"] {
        let refused = parse_with_phase(&format!("settings: {settings}")).unwrap_err();
        assert!(refused.contains("JSON Schema"), "{settings}: {refused}");
    }
    for settings in ["{type: object}", "{$schema: 'https://nope.example/'}"] {
        assert!(
            parse_with_phase(&format!("settings: {settings}")).is_ok(),
            "{settings}"
        );
    }
}

#[test]
fn the_manifest_of_the_page_for_authors_can_be_read() {
    let page = include_str!("../../../../plugins/README.md");
    let text = page
        .split_once("## The manifest")
        .and_then(|(_, rest)| rest.split_once("```yaml\n")?.1.split_once("```"))
        .unwrap()
        .0;
    assert_eq!(
        Manifest::parse(text).unwrap().provides[0]
            .spec
            .failure_policy,
        FailurePolicy::Warn
    );
}

fn grant_of(line: &str) -> Request {
    let text = format!(
        "name: a\nversion: 1.0.0\nprovides:\n- {{id: a, title: t, kind: phase, workflow: \
         [init]}}\ngrants:\n- {{reason: r, {line}}}\n"
    );
    Manifest::parse(&text)
        .unwrap_or_else(|why| panic!("{why}"))
        .grants
        .remove(0)
}

#[test]
fn different_requests_have_different_lines() {
    let lines = [
        "capability: effects-command.execute, commands: [[env, 'touch x']]",
        "capability: effects-command.execute, commands: [[env, touch, x]]",
        "capability: effects-command.execute, commands: [[env], [touch, x]]",
        "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: ConfigMap, \
         names: ['a,b']}]",
        "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: ConfigMap, \
         names: [a, b]}]",
        "capability: effects-cluster.apply-object, objects: [{apiVersion: v1, kind: ConfigMap, \
         namespace: a, names: [b]}]",
        "capability: observe-files.read-file, paths: [/a, /b]",
        "capability: observe-files.read-file, paths: ['/a /b']",
        "capability: observe-files.read-file, paths: [/a, /b], private: true",
        "capability: observe-net.http-get-as, hosts: [a], paths: [/b]",
    ];
    let mut seen = std::collections::BTreeSet::new();
    for line in lines {
        assert!(seen.insert(grant_of(line).lines()), "{line}");
    }
    assert_eq!(
        grant_of(lines[0]).lines(),
        [r#"["effects-command.execute","commands",["env","touch x"]]"#]
    );
    assert_eq!(
        grant_of(lines[9]).lines(),
        [r#"["observe-net.http-get-as",{"hosts":["a"],"paths":["/b"]}]"#]
    );
}

fn parse_certificates(rest: &str) -> anyhow::Result<Manifest> {
    let capability =
        "capability: effects-pki.ensure-certificate, directories: [/srv/own], subjects: [x]";
    let provides = "provides:\n- {id: a, title: t, kind: phase, workflow: [init]}\n";
    Manifest::parse(&format!(
        "name: a\nversion: 1.0.0\n{provides}grants:\n- {{reason: r, {capability}, {rest}}}\n"
    ))
}

#[test]
fn a_request_of_certificates_says_who_signs_and_may_leave_out_what_a_certificate_need_not_have() {
    let manifest = parse_certificates(
        "authorities: [/srv/own/ca], names: ['*.own.svc', 'fd00::1'], usages: [serverAuth]",
    )
    .unwrap();
    assert_eq!(
        manifest.grants[0].lines(),
        [json!(["effects-pki.ensure-certificate", {
            "authorities": ["/srv/own/ca"],
            "directories": ["/srv/own"],
            "names": ["*.own.svc", "fd00::1"],
            "subjects": ["x"],
            "usages": ["serverAuth"],
        }])
        .to_string()]
    );
    assert!(parse_certificates("authorities: [/srv/own/ca]").is_ok());
    for (rest, part) in [
        (
            "names: [a.own.svc]",
            "say which authorities effects-pki.ensure-certificate is needed for",
        ),
        ("authorities: [ca]", "has to be an absolute path"),
        (
            "authorities: [/srv/own/ca], usages: ['*']",
            "a usage is clientAuth or serverAuth",
        ),
        (
            "authorities: [/srv/own/ca], names: [A.own.svc]",
            "write it as a.own.svc",
        ),
        (
            "authorities: [/srv/own/ca], names: ['::ffff:192.0.2.1']",
            "write it as 192.0.2.1",
        ),
    ] {
        let refused = parse_certificates(rest).unwrap_err().to_string();
        assert!(refused.contains(part), "{rest}: {refused}");
    }
}

fn manifest_with_texts(needs: &str, reason: &str, title: &str) -> String {
    format!(
        "name: a\nversion: 1.0.0\nprovides:\n- {{id: a, title: {title:?}, kind: phase, \
         workflow: [init], needs: [{needs:?}]}}\ngrants:\n- {{capability: observe-files.stat, \
         reason: {reason:?}, paths: [/x]}}\n"
    )
}

#[test]
fn a_text_of_the_manifest_shows_what_it_is() {
    assert!(Manifest::parse(&manifest_with_texts("certs", "r", "t")).is_ok());
    for text in [
        manifest_with_texts("\u{7}", "r", "t"),
        manifest_with_texts("certs", "\u{7}", "t"),
        manifest_with_texts("certs", "r", "\u{7}"),
        manifest_with_texts("x y", "r", "t"),
    ] {
        assert!(Manifest::parse(&text).is_err(), "{text}");
    }
}

#[test]
fn a_summary_that_a_component_gives_itself_is_checked_like_a_text_of_a_manifest() {
    assert!(Manifest::for_check("clock", "The clock is kept in time.").is_ok());
    for summary in ["\u{1b}[2J".to_owned(), "x".repeat(5000)] {
        let refused = Manifest::for_check("clock", &summary)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("summary"), "{refused}");
    }
}

/// Small values take many times the memory of their text, and each plugin keeps its schema.
#[test]
fn the_schema_of_settings_is_small_in_memory() {
    let head = "name: a\nversion: 1.0.0\nprovides:\n- {id: a, title: t, kind: phase, workflow: \
        [init]}\n";
    let values = "{a: 0}, ".repeat(10_000);
    for keyword in ["default", "enum"] {
        let text = format!("{head}settings: {{{keyword}: [{values}]}}\n");
        let refused = Manifest::parse(&text).unwrap_err().to_string();
        assert!(refused.contains("bytes of memory"), "{refused:.300}");
    }
    let few = "{a: 0}, ".repeat(100);
    Manifest::parse(&format!("{head}settings: {{default: [{few}]}}\n")).unwrap();
}
