//! Grants of objects of the cluster.
use super::*;

fn allows(grant: &Grant, kind: &str, namespace: Option<&str>, name: &str) -> bool {
    let mut manifest = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    if let Some(namespace) = namespace {
        manifest["metadata"]["namespace"] = namespace.into();
    }
    grant
        .allows_effect(&Effect::from(Object {
            manifest,
            if_exists: Default::default(),
        }))
        .is_ok()
}

#[test]
fn objects_are_bound_by_kind_namespace_and_name() {
    let objects = vec![
        pattern("v1", "ConfigMap", Some("kube-system"), &[]),
        pattern("v1", "Node", None, &["worker-*"]),
    ];
    let grant = grant_with_request(Request {
        objects,
        ..request("effects-cluster.apply-object")
    });
    assert!(
        allows(&grant, "ConfigMap", Some("kube-system"), "x")
            && allows(&grant, "Node", None, "worker-1")
    );
    assert!(
        !allows(&grant, "ConfigMap", Some("default"), "x")
            && !allows(&grant, "ConfigMap", None, "x")
            && !allows(&grant, "Secret", Some("kube-system"), "x")
    );
    assert!(!allows(&grant, "Node", None, "control-plane"));
    for own in ["kubeadm-config", "kubelet-config", "kubephase-config"] {
        assert!(
            !allows(&grant, "ConfigMap", Some("kube-system"), own),
            "{own} is the host's"
        );
    }
    let nodes = ObjectName::parse_kind("v1", "Node", None).unwrap();
    assert!(
        grant
            .allows(&APPLY_OBJECT.row, &[Demand::Object(&nodes)])
            .is_err(),
        "all nodes are not some of them"
    );
}

fn daemon_set(spec: Value) -> Effect {
    Effect::from(Object {
        manifest: json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "x", "namespace": OWN},
            "spec": {"template": {"spec": spec}},
        }),
        if_exists: Default::default(),
    })
}

fn grant_of(of: &ObjectPattern, account: &ObjectPattern) -> Grant {
    grant_with_request(Request {
        objects: vec![of.clone(), account.clone()],
        ..request("effects-cluster.apply-object")
    })
}

#[test]
fn pods_stay_off_the_host_unless_the_grant_says_so() {
    let mut of = pattern("apps/v1", "DaemonSet", Some(OWN), &[]);
    let mut account = pattern("v1", "ServiceAccount", Some(OWN), &["own"]);
    let as_own = daemon_set(json!({"serviceAccountName": "own"}));
    assert!(
        grant_of(&of, &account)
            .allows_effect(&as_own)
            .unwrap_err()
            .contains("service account own"),
        "that the plugin may write an account does not make it the plugin's"
    );
    account.host_access = true;
    assert_eq!(grant_of(&of, &account).allows_effect(&as_own), Ok(()));
    assert_eq!(
        grant_of(&of, &account)
            .allows_effect(&daemon_set(json!({"automountServiceAccountToken": false}))),
        Ok(())
    );
    for spec in [
        json!({"hostNetwork": true}),
        json!({"serviceAccountName": "admin"}),
        json!({"volumes": [{"hostPath": {"path": "/"}}]}),
    ] {
        assert!(
            grant_of(&of, &account)
                .allows_effect(&daemon_set(spec))
                .unwrap_err()
                .contains("hostAccess: true")
        );
    }
    of.host_access = true;
    assert_eq!(
        grant_of(&of, &account).allows_effect(&daemon_set(json!({"hostNetwork": true}))),
        Ok(())
    );
}

fn service(namespace: &str, if_exists: IfExists) -> Effect {
    Effect::from(Object {
        manifest: json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "x", "namespace": namespace},
            "spec": {"clusterIP": "10.96.0.10"},
        }),
        if_exists,
    })
}

fn judge_service(namespace: &str, if_exists: IfExists) -> Result<(), String> {
    let objects = vec![pattern("v1", "Service", Some(namespace), &["x"])];
    let grant = grant_with_request(Request {
        objects,
        ..request("effects-cluster.apply-object")
    });
    grant.allows_effect(&service(namespace, if_exists))
}

#[test]
fn what_is_in_an_object_is_judged_unless_the_grant_amounts_to_cluster_admin() {
    for if_exists in [IfExists::Update, IfExists::Apply] {
        let refused = judge_service(OWN, if_exists).unwrap_err();
        assert!(refused.contains("clusterIP"), "{refused}");
        assert_eq!(judge_service("kube-system", if_exists), Ok(()));
    }
}

#[test]
fn no_plugin_writes_the_labels_by_which_the_host_knows_whose_an_object_is() {
    let labelled = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "x",
            "namespace": "kube-system",
            "labels": {"app": "x", "kubephase.dev/plugin": "other"},
        },
    });
    for host_access in [false, true] {
        let objects = vec![ObjectPattern {
            host_access,
            ..pattern("v1", "ConfigMap", Some("kube-system"), &["x"])
        }];
        let of = kubephase_wit::ObjectRef::config_map("kube-system", "x");
        let (manifest, patch) = (labelled.clone(), labelled.clone());
        let if_exists = IfExists::Apply;
        let apply = Effect::from(Object {
            manifest,
            if_exists,
        });
        let patch = Effect::from(crate::effect::Patch { of, patch });
        for (call, effect) in [
            ("effects-cluster.apply-object", apply),
            ("effects-cluster.patch-object", patch),
        ] {
            let grant = grant_with_request(Request {
                objects: objects.clone(),
                ..request(call)
            });
            let refused = grant.allows_effect(&effect).unwrap_err();
            assert!(refused.contains("kubephase.dev/plugin"), "{refused}");
        }
    }
}

fn claim(pattern: ObjectPattern, namespace: Option<&str>) -> Option<Option<String>> {
    let of = kubephase_wit::ObjectRef {
        api_version: pattern.api_version.clone(),
        kind: pattern.kind.clone(),
        namespace: namespace.map(Into::into),
        name: OWN.into(),
    };
    let grant = grant_with_request(Request {
        objects: vec![pattern],
        ..request("effects-cluster.delete-object")
    });
    grant.claimed_namespace(&ObjectChange {
        row: &DELETE_OBJECT.row,
        of: ObjectName::parse(&of).unwrap(),
        content: ObjectContent::Deleted,
    })
}

#[test]
fn only_where_the_grant_amounts_to_cluster_admin_any_object_may_be_changed() {
    let names = [OWN];
    for (pattern, namespace, claimed) in [
        (
            pattern("v1", "ConfigMap", Some("kube-system"), &names),
            Some("kube-system"),
            None,
        ),
        (
            pattern("v1", "ConfigMap", Some(OWN), &[]),
            Some(OWN),
            Some(OWN),
        ),
        (
            pattern("v1", "ConfigMap", None, &names),
            Some("a"),
            Some("a"),
        ),
        (pattern("v1", "Namespace", None, &names), None, None),
        (
            pattern("v1", "Namespace", Some(OWN), &names),
            Some(OWN),
            None,
        ),
    ] {
        let claimed = claimed.map(str::to_owned);
        assert_eq!(
            claim(pattern.clone(), namespace),
            Some(claimed),
            "{pattern:?}"
        );
    }
    for (pattern, namespace) in [
        (pattern("v1", "ConfigMap", Some("a"), &names), Some("a")),
        (pattern("v1", "Node", None, &names), None),
    ] {
        assert_eq!(claim(pattern.clone(), namespace), None, "{pattern:?}");
    }
}
