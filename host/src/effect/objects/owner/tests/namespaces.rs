//! Namespaces of plugins, and the objects in them.
use super::*;

const NAMESPACE: &str = "kubephase-plugin-own";

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
}

#[test]
fn a_plugin_writes_in_no_namespace_that_somebody_else_made() {
    let claim = claim("a", Some(NAMESPACE));
    let manifest = config_map(NAMESPACE);
    let of = reference(&manifest).unwrap();
    let cluster = VersionedCluster::default();
    cluster.put(&namespace());
    let failure = ensure(&claim, &manifest, IfExists::Update, &cluster).unwrap_err();
    assert!(
        failure.message.contains("namespaces kubephase-plugin-own"),
        "{failure:?}"
    );
    let refused = claim.delete(&of, &cluster, &Cancel::never());
    assert!(refused.is_err() && !cluster.has(&of));

    let cluster = VersionedCluster::default();
    let of_namespace = Claim {
        namespace: None,
        ..claim.clone()
    };
    ensure(&of_namespace, &namespace(), IfExists::Update, &cluster).unwrap();
    ensure(&claim, &manifest, IfExists::Update, &cluster).unwrap();
    assert!(cluster.has(&of));
}

/// An administrator uses labels of a namespace to decide which Pods it may have.
#[test]
fn what_others_wrote_on_a_namespace_of_a_plugin_stays() {
    let claim = claim("a", None);
    let of = reference(&namespace()).unwrap();
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted", "own": "theirs"});
    for if_exists in [IfExists::Update, IfExists::Apply] {
        let cluster = VersionedCluster::default();
        ensure(&claim, &namespace(), if_exists, &cluster).unwrap();
        let mut stored = cluster.get(&of).unwrap().unwrap();
        let others = json!({"metadata": {
            "labels": labels, "annotations": {"team": "x"}, "finalizers": ["example.com/theirs"],
        }});
        json_patch::merge(&mut stored, &others);
        cluster.put(&stored);
        let mut changed = namespace();
        changed["metadata"]["labels"] = json!({"own": "ours"});
        ensure(&claim, &changed, if_exists, &cluster).unwrap();
        let metadata = cluster.get(&of).unwrap().unwrap()["metadata"].clone();
        assert!(
            metadata["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
                && metadata["labels"]["own"] == "ours"
                && metadata["annotations"] == json!({"team": "x"})
                && metadata["finalizers"] == json!(["example.com/theirs"]),
            "{metadata}"
        );
    }
}
