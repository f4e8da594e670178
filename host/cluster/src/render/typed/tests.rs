use super::*;
use serde_json::json;

/// Parts of a Pod template with values that Go leaves out, and with some that it keeps.
fn template() -> Value {
    json!({
        "metadata": {"annotations": {}, "labels": {"a": ""}, "namespace": "", "finalizers": []},
        "spec": {
            "tolerations": [],
            "hostAliases": [],
            "hostNetwork": false,
            "automountServiceAccountToken": false,
            "hostname": "",
            "nodeSelector": {},
            "securityContext": {},
            "terminationGracePeriodSeconds": 0,
            "affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []},
            }},
            "dnsConfig": {"nameservers": [], "options": []},
            "containers": [{
                "name": "",
                "image": "",
                "args": [],
                "env": [{"name": "A", "value": ""}],
                "ports": [{"containerPort": 0, "hostPort": 0, "name": "", "protocol": ""}],
                "resources": {"limits": {}, "requests": {}},
                "securityContext": {"capabilities": {"add": []}, "privileged": false},
                "volumeMounts": [{"name": "x", "mountPath": "", "readOnly": false}],
                "livenessProbe": {
                    "initialDelaySeconds": 0,
                    "httpGet": {"path": "", "port": 0, "httpHeaders": []},
                },
            }],
            "volumes": [
                {"name": "x", "emptyDir": {"medium": "", "sizeLimit": 0}},
                {"name": "y", "projected": {"sources": [], "defaultMode": 0}},
                {"name": "z", "hostPath": {"path": "", "type": ""}},
                {"name": "w", "configMap": {"name": "", "items": [], "optional": false}},
            ],
        },
    })
}

/// Returns what Go writes for the spec, as the real kubeadm does for a static Pod.
fn expected_spec() -> Value {
    json!({
        "automountServiceAccountToken": false,
        "securityContext": {},
        "terminationGracePeriodSeconds": 0,
        "affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []},
        }},
        "dnsConfig": {},
        "containers": [{
            "name": "",
            "env": [{"name": "A"}],
            "ports": [{"containerPort": 0}],
            "resources": {},
            "securityContext": {"capabilities": {}, "privileged": false},
            "volumeMounts": [{"name": "x", "mountPath": ""}],
            "livenessProbe": {"httpGet": {"port": 0}},
        }],
        "volumes": [
            {"name": "x", "emptyDir": {"sizeLimit": "0"}},
            {"name": "y", "projected": {"sources": [], "defaultMode": 0}},
            {"name": "z", "hostPath": {"path": "", "type": ""}},
            {"name": "w", "configMap": {"optional": false}},
        ],
    })
}

#[test]
fn a_pod_loses_its_empty_optional_fields() {
    let mut manifest = template();
    manifest["apiVersion"] = "v1".into();
    manifest["kind"] = "Pod".into();
    let pod = normalize_pod(manifest, Release::newest()).unwrap();
    assert_eq!(pod["spec"], expected_spec());
    assert_eq!(pod["metadata"], json!({"labels": {"a": ""}}));
}

#[test]
fn a_deployment_loses_its_empty_optional_fields() {
    let deployment = normalize_deployment(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "dns", "annotations": {}, "ownerReferences": []},
        "spec": {
            "replicas": 0,
            "minReadySeconds": 0,
            "paused": false,
            "selector": {"matchLabels": {}, "matchExpressions": []},
            "strategy": {"type": "", "rollingUpdate": {"maxSurge": 0}},
            "template": template(),
            "unknown": 1,
        },
    }))
    .unwrap();
    assert_eq!(
        deployment,
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "dns"},
            "spec": {
                "replicas": 0,
                "selector": {},
                "strategy": {"rollingUpdate": {"maxSurge": 0}},
                "template": {
                    "metadata": {"labels": {"a": ""}},
                    "spec": expected_spec(),
                },
            },
        })
    );
    let error = normalize_deployment(json!({"kind": "Deployment", "spec": 1})).unwrap_err();
    assert!(
        error.starts_with("unable to decode CoreDNS Deployment: "),
        "{error}"
    );
}
