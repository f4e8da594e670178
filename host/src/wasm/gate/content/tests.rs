use super::*;
use serde_json::json;

const OWN: &str = "kubephase-plugin-own";

/// Returns the first part of an object that the host does not let the plugin `own` write without a
/// further grant. The grant lets Pods of the plugin run as `account`.
fn excess_of(object: &Value) -> Option<String> {
    excess_where(false, object)
}

fn excess_where(decides_about_others: bool, object: &Value) -> Option<String> {
    let [api_version, kind] = ["apiVersion", "kind"].map(|field| object[field].as_str().unwrap());
    let owner = OwnerPlugin {
        plugin: "own",
        accounts: vec!["account"],
        decides_about_others,
        null_removes: false,
    };
    find_excess(shape_of(api_version, kind).unwrap(), object, "", &owner)
}

/// Returns a Deployment whose Pods have these fields in addition to those of a plain Pod.
fn deployment(pod: &Value) -> Value {
    let mut spec = json!({
        "automountServiceAccountToken": false,
        "containers": [{
            "name": "a",
            "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
        }],
        "hostNetwork": false,
        "volumes": [{"name": "v", "configMap": {"name": "own"}}],
    });
    for (field, value) in pod.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app.kubernetes.io/version": "1"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "kubephase-plugin-own-web"}},
            "template": {
                "metadata": {"labels": {"app": OWN, "kubephase-plugin-own/x": "y"}},
                "spec": spec,
            },
        },
    })
}

#[test]
fn a_pod_that_stays_in_its_container_has_nothing_in_excess() {
    for pod in [
        json!({}),
        json!({"hostPID": null}),
        json!({"serviceAccountName": "account", "automountServiceAccountToken": null}),
        json!({"serviceAccountName": "default"}),
        json!({"priorityClassName": "own"}),
    ] {
        assert_eq!(excess_of(&deployment(&pod)), None, "{pod}");
    }
}

#[test]
fn what_is_not_known_to_be_harmless_is_in_excess() {
    for pod in [
        json!({"hostNetwork": true}),
        json!({"hostPID": true}),
        json!({"hostUsers": true}),
        json!({"hostPID": "false"}),
        json!({"volumes": [{"hostPath": {"path": "/"}}]}),
        json!({"volumes": [{"persistentVolumeClaim": {"claimName": "x"}}]}),
        json!({"volumes": [{"image": {"reference": "x"}}]}),
        json!({"volumes": [{"emptyDir": {"medium": "HugePages"}}]}),
        json!({"volumes": [{"projected": {"sources": [{"secret": {"name": "x"}}]}}]}),
        json!({"volumes": [{"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}),
        json!({"containers": [{"securityContext": {"privileged": true}}]}),
        json!({"containers": [{"securityContext": {"windowsOptions": {"hostProcess": true}}}]}),
        json!({"containers": [{"securityContext": {"seccompProfile": {"type": "Unconfined"}}}]}),
        json!({"containers": [{"securityContext": {"capabilities": {"add": "SYS_ADMIN"}}}]}),
        json!({"initContainers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]}),
        json!({"containers": [{"ports": [{"hostPort": 53}]}]}),
        json!({"containers": [{"envFrom": [{"secretRef": {"name": "x"}}]}]}),
        json!({"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "x"}}}]}]}),
        json!({"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}),
        json!({"containers": [{"resources": {"claims": []}}]}),
        json!({"containers": [{"livenessProbe": {"tcpSocket": {"host": "x", "port": 1}}}]}),
        json!({"containers": [{"lifecycle": {"preStop": {"httpGet": {"host": "x"}}}}]}),
        json!({"containers": [{"volumeDevices": []}]}),
        json!({"containers": [{"volumeMounts": [{"mountPropagation": "Bidirectional"}]}]}),
        json!({"containers": {}}),
        json!({"serviceAccountName": "clusterrole-aggregation-controller"}),
        json!({"serviceAccountName": "account", "serviceAccount": "other"}),
        json!({"automountServiceAccountToken": null}),
        json!({"automountServiceAccountToken": "false"}),
        json!({"nodeName": "control-plane"}),
        json!({"priority": 2_000_000_000}),
        json!({"priorityClassName": "system-node-critical"}),
        json!({"runtimeClassName": "x"}),
        json!({"resourceClaims": []}),
        json!({"imagePullSecrets": []}),
        json!({"securityContext": {"sysctls": []}}),
        json!({"affinity": {
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []},
        }}),
        json!({"$patch": "replace"}),
        json!({"fieldOfALaterVersion": 1}),
    ] {
        let object = deployment(&pod);
        assert!(excess_of(&object).is_some(), "{pod}");
    }
    assert_eq!(
        excess_of(&deployment(&json!({"hostPID": true}))).unwrap(),
        "spec.template.spec.hostPID: true"
    );
}

#[test]
fn no_label_makes_an_object_somebody_elses() {
    for (pointer, value) in [
        ("/metadata", json!({"ownerReferences": []})),
        ("/metadata/labels", json!({"app": "other"})),
        ("/metadata/labels", json!({"app": "own"})),
        ("/metadata/labels", json!({"app": "web"})),
        ("/metadata/labels", json!({"own/x": OWN})),
        ("/metadata/labels", json!({"kubephase.dev/plugin": "other"})),
        ("/metadata/labels", json!({"other/x": OWN})),
        ("/spec/selector", json!({"matchExpressions": []})),
        ("/spec/selector/matchLabels", json!({"app": "webshop"})),
        (
            "/spec/selector/matchLabels",
            json!({"app.kubernetes.io/version": "1"}),
        ),
        (
            "/spec/template/metadata/labels",
            json!({"k8s-app": "kube-dns"}),
        ),
        (
            "/spec/template/metadata",
            json!({"annotations": {"x": "y"}}),
        ),
    ] {
        let mut object = deployment(&json!({}));
        *object.pointer_mut(pointer).unwrap() = value.clone();
        assert!(excess_of(&object).is_some(), "{pointer}: {value}");
    }
    let mut object = deployment(&json!({}));
    object["metadata"]["annotations"] =
        json!({"kubephase-plugin-own/x": "y", "prometheus.io/port": "1"});
    object["metadata"]["labels"] = json!({"app": "kubephase-plugin-own-web"});
    assert_eq!(excess_of(&object), None);
}

fn excess_of_service(spec: Value) -> Option<String> {
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": spec,
    });
    excess_of(&service)
}

#[test]
fn a_service_is_an_address_within_the_cluster_for_pods_of_its_own() {
    let plain = json!({
        "type": "ClusterIP",
        "clusterIP": "None",
        "ports": [{"port": 80}],
        "selector": {"app": OWN},
    });
    assert_eq!(excess_of_service(plain), None);
    for spec in [
        json!({"externalIPs": []}),
        json!({"type": "LoadBalancer"}),
        json!({"ports": [{"port": 80, "nodePort": 30_080}]}),
        json!({"clusterIP": "10.96.0.10"}),
        json!({"selector": {"app": "other"}}),
        json!([]),
    ] {
        assert!(excess_of_service(spec.clone()).is_some(), "{spec}");
    }
}

fn excess_of_namespace(metadata: Value, spec: Value) -> Option<String> {
    excess_of(&json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": spec,
    }))
}

#[test]
fn a_namespace_is_made_without_what_decides_about_its_pods() {
    assert_eq!(excess_of_namespace(json!({"name": OWN}), Value::Null), None);
    let labels = json!({"pod-security.kubernetes.io/enforce": "privileged"});
    assert!(excess_of_namespace(json!({"name": OWN, "labels": labels}), Value::Null).is_some());
    assert!(excess_of_namespace(json!({"name": OWN}), json!({"finalizers": []})).is_some());
}

#[test]
fn a_patch_removes_only_what_the_plugin_itself_may_write() {
    let owner = OwnerPlugin {
        plugin: "own",
        null_removes: true,
        ..OwnerPlugin::default()
    };
    let excess_in = |kind: &str, patch: &Value| {
        let shape = shape_of("v1", kind).unwrap();
        find_excess(shape, patch, "", &owner)
    };
    let own = format!("{OWN}/x");
    for kind in ["Namespace", "ConfigMap", "ServiceAccount"] {
        for metadata in [
            json!(null),
            json!({"labels": null}),
            json!({"labels": {"pod-security.kubernetes.io/enforce": null}}),
            json!({"labels": {"team": null}}),
            json!({"labels": {"$patch": "replace"}}),
            json!({"annotations": null}),
            json!({"annotations": {"scheduler.alpha.kubernetes.io/node-selector": null}}),
            json!({"finalizers": null}),
            json!({"ownerReferences": null}),
            json!({"$patch": "delete"}),
        ] {
            let patch = json!({"metadata": metadata});
            assert!(excess_in(kind, &patch).is_some(), "{kind}: {patch}");
        }
        for metadata in [
            json!({"labels": {&own: null}}),
            json!({"annotations": {&own: null}}),
        ] {
            let patch = json!({"metadata": metadata});
            assert_eq!(excess_in(kind, &patch), None, "{kind}: {patch}");
        }
    }
    let emptied = json!({"data": {"a": null}, "binaryData": null});
    assert_eq!(excess_in("ConfigMap", &emptied), None);
    assert!(excess_in("Namespace", &json!({"spec": null})).is_some());
}

#[test]
fn kinds_are_told_apart_by_their_group() {
    assert!(has_pods("batch/v1", "Job") && has_pods("v1", "Pod"));
    assert!(!has_pods("v1", "Service"));
    assert!(shape_of("example.com/v1", "Job").is_none() && shape_of("v1", "Job").is_none());
}

#[test]
fn an_addon_of_the_cluster_has_its_labels_and_priority_but_not_the_host() {
    let mut addon = deployment(&json!({"priorityClassName": "system-cluster-critical"}));
    let labels = json!({"k8s-app": "kube-dns"});
    addon["spec"]["selector"]["matchLabels"] = labels.clone();
    addon["spec"]["template"]["metadata"]["labels"] = labels;
    assert_eq!(excess_where(true, &addon), None);
    addon["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
    assert!(excess_where(true, &addon).is_some());
}
