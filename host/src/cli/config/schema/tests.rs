use super::name_in;
use crate::{
    config::json_schema::{self, testing::compare_with_reader},
    program::Program,
};
use kubephase_sdk::testing::Case;
use serde::Deserialize;
use serde_json::json;

#[test]
fn cases_are_judged_as_they_are_read() {
    let case = json!({
        "name": "a clock that is late",
        "phase": "preflight/clock",
        "round": 1,
        "settings": {"offset": 5},
        "config": {"cluster": {}},
        "node": {
            "hostname": "a", "addresses": ["192.0.2.2"], "cpus": 2, "portsInUse": [22],
            "outputs": {"chronyc tracking": {"stdout": "x", "status": 1}},
            "services": {"chrony": {"exists": true}}, "kubeletVersion": null,
            "runtime": {"name": "containerd", "ready": true},
            "sysctls": {"net.ipv4.ip_forward": "1"},
        },
        "files": {"/etc/chrony.conf": "server a"},
        "objects": [{"kind": "Node"}],
        "http": {"http://a": {"status": 200, "body": "ok"}},
        "facts": {"preflight/a": {"b": 1}},
        "expect": {
            "outcome": "settled",
            "findings": [{"code": "Clock", "verdict": "warn", "summary": "late"}],
            "proposals": ["file /etc/x"],
        },
    });
    let schema = json_schema::of_type::<Case>();
    compare_with_reader(&schema, &case, &[], &|value| {
        Case::deserialize(value)
            .map(drop)
            .map_err(|why| why.to_string())
    });
}

#[test]
fn documents_name_their_schema_except_under_the_name_of_kubeadm() {
    let documents = "a: 1\n---\nb: 2\n";
    let line = "# yaml-language-server: $schema=kubephase.schema.json\n";
    assert_eq!(
        name_in(documents, Program::Kubephase),
        format!("{line}a: 1\n---\n{line}b: 2\n")
    );
    assert_eq!(name_in(documents, Program::Kubeadm), documents);
}
