use super::*;
use crate::{effect::files::File, wasm::manifest::ObjectPattern};
use serde_json::json;

fn request(capability: &str) -> Request {
    Request { capability: capability.into(), reason: "because".into(), paths: vec![], hosts: vec![], commands: vec![], objects: vec![] }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_is_granted_by_default() {
    let grant = Grant::default();
    assert!(grant.allows_read("observe-files.stat", "/etc/hostname").is_err());
    assert!(grant.allows_host("observe-net.resolve", "example.com").is_err());
    assert!(grant.allows_command("observe-command.run-command", "id", &[]).is_err());
    assert!(grant.allows_object("observe-cluster.get-object", "v1", "Secret", None, None).is_err());
}

#[test]
fn patterns_bound_paths_and_keys_stay_hidden() {
    let read = "observe-files.read-file";
    let grant = Grant::new("p", vec![Request { paths: strings(&["/etc/**", "/root/**"]), ..request(read) }]);
    for path in ["/etc/kubernetes/manifests/etcd.yaml", "/etc/resolv.conf"] {
        grant.allows_read(read, path).unwrap();
    }
    for path in [
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/../shadow",
        "/etc/shadow",
        "/etc/shadow-",
        "/etc//os-release",
        "etc/os-release",
        "/usr/lib/os-release",
        "/root/.ssh/id_ed25519",
        "/root/.kube/config",
    ] {
        assert!(grant.allows_read(read, path).is_err(), "{path}");
    }
    let write = Effect::File(File { path: "/etc/x".into(), content: vec![], mode: 0o644, owner: None });
    assert!(grant.allows_effect(&write).is_err(), "reading is not writing");
}

#[test]
fn each_function_is_granted_for_itself() {
    let grant = Grant::new("p", vec![Request { paths: strings(&["/**"]), ..request("observe-files.stat") }]);
    grant.allows_read("observe-files.stat", "/etc/kubernetes/kubelet.conf").unwrap();
    assert!(grant.allows_read("observe-files.read-file", "/etc/hostname").is_err());
    let grant = Grant::new("p", vec![Request { commands: vec![strings(&["rm", "*"])], ..request("observe-command.run-command") }]);
    grant.allows_command("observe-command.run-command", "rm", &strings(&["x"])).unwrap();
    assert!(grant.allows_effect(&Effect::Command { program: "rm".into(), args: strings(&["x"]) }).is_err());
}

#[test]
fn a_key_behind_a_link_is_not_shown() {
    let grant = Grant::new("p", vec![]);
    grant.allows_content("/x", "/x", b"-----BEGIN CERTIFICATE-----").unwrap();
    assert!(grant.allows_content("/x", "/etc/shadow", b"root:").unwrap_err().contains("/x leads to /etc/shadow"));
    for content in ["-----BEGIN RSA PRIVATE KEY-----\n", "users:\n- user:\n    client-key-data: QUJD\n"] {
        assert!(grant.allows_content("/x", "/x", content.as_bytes()).unwrap_err().contains("/x holds a key"));
    }
}

#[test]
fn hosts_are_bound_by_name_and_port() {
    let get = "observe-net.http-get";
    let grant =
        Grant::new("p", vec![Request { hosts: strings(&["*.k8s.io", "127.0.0.1:2379", "[::1]:*", "b.example:443"]), ..request(get) }]);
    for url in ["https://dl.k8s.io/x", "http://dl.k8s.io", "http://127.0.0.1:2379/version", "https://[::1]:6443/", "https://b.example/"] {
        grant.allows_host(get, url).unwrap_or_else(|why| panic!("{why}"));
    }
    for url in [
        "https://dl.k8s.io:8443/",
        "https://127.0.0.1/",
        "https://k8s.io.evil/",
        "https://user@evil/dl.k8s.io",
        "http://b.example/",
        "file:///etc/passwd",
    ] {
        assert!(grant.allows_host(get, url).is_err(), "{url}");
    }
    assert!(grant.allows_host("observe-net.resolve", "dl.k8s.io").is_err());
    let grant = Grant::new("p", vec![Request { hosts: strings(&["registry.k8s.io:5000"]), ..request("observe-net.resolve") }]);
    grant.allows_host("observe-net.resolve", "registry.k8s.io").unwrap();
}

#[test]
fn commands_are_bound_argument_by_argument() {
    let run = "observe-command.run-command";
    let grant = Grant::new("p", vec![Request { commands: vec![strings(&["systemctl", "is-active", "*"])], ..request(run) }]);
    grant.allows_command(run, "systemctl", &strings(&["is-active", "kubelet"])).unwrap();
    for args in [&["stop", "kubelet"][..], &["is-active"], &["is-active", "kubelet", "--force"]] {
        assert!(grant.allows_command(run, "systemctl", &strings(args)).is_err(), "{args:?}");
    }
    assert!(grant.allows_command(run, "/tmp/systemctl", &strings(&["is-active", "kubelet"])).is_err());
}

#[test]
fn objects_are_bound_by_kind_namespace_and_name() {
    let pattern = |kind: &str, namespace: Option<&str>, names: &[&str]| ObjectPattern {
        api_version: "v1".into(),
        kind: kind.into(),
        namespace: namespace.map(Into::into),
        names: strings(names),
    };
    let apply = "effects-cluster.apply-object";
    let objects = vec![pattern("ConfigMap", Some("kube-system"), &[]), pattern("Node", None, &["worker-*"])];
    let grant = Grant::new("p", vec![Request { objects, ..request(apply) }]);
    let allows = |kind: &str, namespace: Option<&str>, name: &str| {
        let mut manifest = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        if let Some(namespace) = namespace {
            manifest["metadata"]["namespace"] = namespace.into();
        }
        grant.allows_effect(&Effect::Object { manifest, if_exists: Default::default() }).is_ok()
    };
    assert!(allows("ConfigMap", Some("kube-system"), "x") && allows("Node", None, "worker-1"));
    assert!(!allows("ConfigMap", Some("default"), "x") && !allows("ConfigMap", None, "x") && !allows("Secret", Some("kube-system"), "x"));
    assert!(!allows("Node", None, "control-plane"));
    assert!(grant.allows_object(apply, "v1", "Node", None, None).is_err(), "many are not one of these names");
}

#[test]
fn powers_of_the_distribution_are_never_granted() {
    let grant = Grant::new("p", vec![request("effects-core.wait-until")]);
    let condition = kubephase_sdk::spec::Condition::NodeRegistered { name: "n".into() };
    assert!(grant.allows_effect(&Effect::Wait(kubephase_sdk::spec::WaitSpec { condition, timeout_seconds: 1 })).is_err());
}
