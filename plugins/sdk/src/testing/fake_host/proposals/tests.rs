//! The names that cases use, for each way to make a target.
use super::*;
use crate::testing::Case;
use kubephase_wit::{
    Outcome, effects, effects_cluster, effects_command, effects_core, effects_files, effects_node,
    effects_pki,
};
use serde_json::json;

/// Returns the proposals of a host: kind, target and content.
fn proposals(host: &FakeHost) -> Vec<(String, String, Value)> {
    host.result(Ok(Outcome::Settled))
        .proposals
        .into_iter()
        .map(|proposed| (proposed.kind, proposed.target, proposed.content))
        .collect()
}

fn config_map() -> ObjectRef {
    ObjectRef::config_map("kube-system", "x")
}

#[test]
fn proposals_are_recorded_as_cases_name_them() {
    let mut host = FakeHost::new(Case::default());
    effects_files::Host::write_file(&mut host, "/etc/x".into(), b"text".into()).unwrap();
    effects_files::Host::remove_file(&mut host, "/etc/y".into()).unwrap();
    effects_core::Host::give_tree(&mut host, "/var/z".into(), 1, 2).unwrap();
    effects_node::Host::ensure_service(&mut host, "kubelet".into(), "running".into()).unwrap();
    effects_node::Host::set_sysctl(&mut host, "vm.swappiness".into(), "0".into()).unwrap();
    let arguments = vec!["-v".into(), "x".into()];
    effects_command::Host::execute(&mut host, "modprobe".into(), arguments).unwrap();
    effects_cluster::Host::delete_object(&mut host, config_map()).unwrap();
    let spec = json!({"directory": "/d", "name": "n"});
    effects_pki::Host::ensure_key_pair(&mut host, spec.to_string()).unwrap();
    let manifest = json!({"kind": "Namespace", "metadata": {"name": "web"}});
    effects_cluster::Host::apply_object(&mut host, manifest.to_string()).unwrap();
    let expected = [
        ("file", "/etc/x", json!({"content": "text"})),
        ("remove-file", "/etc/y", json!({})),
        ("owner", "/var/z", json!({"uid": 1, "gid": 2})),
        ("service", "kubelet running", json!({})),
        ("sysctl", "vm.swappiness=0", json!({})),
        ("command", "modprobe -v x", json!({})),
        ("delete", "ConfigMap kube-system/x", json!({})),
        ("key-pair", "/d/n.key", spec),
        ("object", "Namespace web", json!({"manifest": manifest})),
    ]
    .map(|(kind, target, content)| (kind.to_owned(), target.to_owned(), content));
    assert_eq!(proposals(&host), expected);
}

#[test]
fn modifiers_set_a_field_of_the_proposal() {
    let mut host = FakeHost::new(Case::default());
    let directory = effects_files::Host::make_dir(&mut host, "/d".into()).unwrap();
    effects::Host::because(&mut host, directory, "a reason".into()).unwrap();
    effects_files::Host::file_mode(&mut host, directory, 0o700).unwrap();
    effects_files::Host::file_owner(&mut host, directory, 1, 2).unwrap();
    effects_core::Host::regardless(&mut host, directory).unwrap();
    let content = json!({
        "because": "a reason", "mode": 0o700, "owner": [1, 2], "regardless": true,
    });
    assert_eq!(
        proposals(&host),
        [("directory".to_owned(), "/d".to_owned(), content)]
    );
    assert!(effects_core::Host::regardless(&mut host, Effect { id: 1 }).is_err());
}
