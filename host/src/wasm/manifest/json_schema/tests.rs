use crate::{
    config::json_schema::testing::{compare_with_reader, is_valid},
    wasm::manifest::Manifest,
};
use serde_json::{Value, json};

/// A manifest with all fields.
fn manifest() -> Value {
    json!({
        "schema": 1,
        "name": "audit",
        "version": "1.0.0",
        "license": "Apache-2.0",
        "description": "Looks at it.",
        "requires": {"host": ">=0.1", "interface": "^0.1"},
        "provides": [
            {
                "id": "preflight/audit", "title": "t", "kind": "check", "workflow": ["init"],
                "needs": ["certs"], "before": ["kubelet-start"], "failurePolicy": "warn",
            },
            {
                "id": "audit", "title": "t", "kind": "addon", "workflow": ["init", "join"],
                "replaces": ["addon/coredns"], "slot": "dns",
            },
        ],
        "settings": {},
        "grants": [
            {"capability": "observe-files.read-file", "reason": "looks", "paths": ["/etc/audit/*"]},
            {
                "capability": "observe-command.run-command", "reason": "asks",
                "commands": [["uname", "-*"]],
            },
            {
                "capability": "effects-cluster.apply-object", "reason": "makes it",
                "objects": [{
                    "apiVersion": "v1", "kind": "ConfigMap", "namespace": "a", "names": ["audit-*"],
                }],
            },
        ],
    })
}

#[test]
fn manifests_are_judged_as_they_are_read() {
    let schema = Manifest::json_schema();
    compare_with_reader(&schema, &manifest(), &[], &|value| {
        let read = Manifest::parse(&value.to_string());
        read.map(drop).map_err(|why| why.to_string())
    });
}

#[test]
fn each_capability_has_its_own_patterns() {
    let schema = Manifest::json_schema();
    let with = |grant: Value| {
        let mut manifest = manifest();
        manifest["grants"][0] = grant;
        is_valid(&schema, &manifest)
    };
    let paths = json!({
        "capability": "observe-files.read-file", "reason": "r", "paths": ["/etc/*"], "hosts": [],
    });
    assert!(with(paths.clone()));
    let mut other = paths.clone();
    other["hosts"] = json!(["a"]);
    assert!(!with(other));
    let mut without = paths;
    without["paths"] = json!([]);
    assert!(!with(without));
    // A capability that every plugin has is not asked for.
    assert!(!with(
        json!({"capability": "input.settings", "reason": "r"})
    ));
}
