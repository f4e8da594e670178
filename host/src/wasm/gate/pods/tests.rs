use super::*;
use serde_json::json;

#[test]
fn a_pod_that_stays_in_its_container_has_no_host_access() {
    let pod = json!({"spec": {"template": {"spec": {
        "serviceAccountName": "own", "hostNetwork": false,
        "containers": [{
            "name": "a",
            "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
        }],
        "volumes": [{"configMap": {"name": "own"}}],
    }}}});
    assert_eq!(host_access(&pod, &|account| account == "own"), None);
}

#[test]
fn access_to_the_host_or_to_a_secret_is_found_at_any_depth() {
    for part in [
        json!({"hostNetwork": true}),
        json!({"hostPID": true}),
        json!({"volumes": [{"hostPath": {"path": "/"}}]}),
        json!({"containers": [{"securityContext": {"privileged": true}}]}),
        json!({
            "initContainers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}],
        }),
        json!({"containers": [{"ports": [{"hostPort": 53}]}]}),
        json!({"containers": [{"envFrom": [{"secretRef": {"name": "x"}}]}]}),
        json!({"volumes": [{"projected": {"sources": [{"secret": {"name": "x"}}]}}]}),
        json!({"serviceAccountName": "clusterrole-aggregation-controller"}),
        json!({"nodeName": "control-plane"}),
    ] {
        let deployment = json!({"kind": "Deployment", "spec": {"template": {"spec": part}}});
        assert!(
            host_access(&deployment, &|_| false).is_some(),
            "{deployment}"
        );
    }
}
