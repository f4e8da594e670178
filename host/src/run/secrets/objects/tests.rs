use super::*;

fn shown(kind: &str, object: Value) -> Value {
    Secrets::default().shown_object(kind, object, &["canary-of-patch".into()])
}

#[test]
fn only_the_names_in_a_secret_are_shown() {
    let secret = json!({
        "metadata": {
            "name": "s",
            "namespace": "default",
            "labels": {"x": "canary"},
            "annotations": {"openshift.io/token-secret.value": "canary"},
            "managedFields": [{"canary": {}}],
        },
        "type": "Opaque",
        "data": {"password": "canary", "user": "canary"},
        "stringData": {"x": "canary"},
    });
    assert_eq!(
        shown("Secret", secret),
        json!({
            "metadata": {"name": "s", "namespace": "default"},
            "type": "Opaque",
            "data": {"password": "", "user": ""},
        })
    );
}

#[test]
fn containers_are_shown_without_their_environment_and_secret_arguments() {
    let applied = json!({"spec": {"containers": [{"env": [{"name": "A", "value": "canary"}]}]}});
    let deployment = json!({
        "metadata": {
            "name": "d",
            "namespace": "default",
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": applied.to_string(),
            },
            "managedFields": [],
        },
        "spec": {"template": {
            "metadata": {"annotations": {"a": applied.to_string()}},
            "spec": {"containers": [{
            "name": "a",
            "image": "registry.example/a:1",
            "command": ["sh", "-c", "PASSWORD=canary run"],
            "args": ["--password=canary", "--token", "canary", "--port=80", "--v", "2"],
            "env": [
                {"name": "AWS_SECRET_ACCESS_KEY", "value": "canary"},
                {"name": "ANYTHING", "value": "canary"},
                {"name": "EMPTY", "value": ""},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            ],
            "livenessProbe": {"httpGet": {"httpHeaders": [
                {"name": "X-Auth-Token", "value": "canary"},
                {"name": "Accept", "value": "text/plain"},
            ]}},
        }]}}},
    });
    let shown = shown("Deployment", deployment);
    let text = shown.to_string();
    assert!(
        !text.contains("canary") && !text.contains("managedFields"),
        "{text}"
    );
    let container = &shown["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.example/a:1");
    assert_eq!(container["args"][3], "--port=80");
    assert_eq!(container["args"][5], "2");
    assert_eq!(
        container["env"][3]["valueFrom"]["fieldRef"]["fieldPath"],
        "spec.nodeName"
    );
}

fn config_map(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": SYSTEM},
        "data": {
            "ClusterConfiguration": "apiServer:\n  extraEnvs:\n  - name: VAULT_TOKEN\n    \
                value: canary\nkubernetesVersion: v1.36.0\n",
            "kubelet": "staticPodURLHeader:\n  X-Key: [canary]\nport: 10250\n",
            "broken": "{canary",
        },
    })
}

#[test]
fn configurations_that_the_cluster_keeps_are_masked_as_plugins_see_them() {
    for name in ["kubeadm-config", "kubelet-config", "kubelet-config-1.36"] {
        let shown = shown("ConfigMap", config_map(name));
        assert!(!shown.to_string().contains("canary"), "{shown}");
        let data = shown["data"].to_string();
        assert!(data.contains("v1.36.0") && data.contains("10250"), "{data}");
    }
    assert!(
        shown("ConfigMap", config_map("somebodys"))
            .to_string()
            .contains("canary")
    );
}

#[test]
fn only_the_state_of_a_control_plane_pod_is_shown() {
    let pod = json!({
        "metadata": {
            "name": "kube-apiserver-n1",
            "namespace": SYSTEM,
            "labels": {"component": "kube-apiserver", "x": "canary"},
            "annotations": {FROM_FILE: "1", "x": "canary"},
        },
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": "kube-apiserver", "image": "i", "command": ["canary"]}],
            "volumes": [{"hostPath": {"path": "canary"}}],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "message": "canary"}],
            "containerStatuses": [{"name": "kube-apiserver", "ready": true}],
        },
    });
    let shown = shown("Pod", pod);
    assert!(!shown.to_string().contains("canary"), "{shown}");
    assert_eq!(shown["status"]["conditions"][0]["status"], "True");
    assert_eq!(shown["status"]["containerStatuses"][0]["ready"], true);
    assert_eq!(shown["spec"]["containers"][0]["image"], "i");
}

#[test]
fn values_of_patches_in_objects_of_the_system_are_blanked() {
    let deployment = json!({
        "metadata": {"name": "coredns", "namespace": SYSTEM},
        "spec": {"template": {"metadata": {"annotations": {"x": "canary-of-patch"}}}},
    });
    let of_system = shown("Deployment", deployment).to_string();
    assert!(!of_system.contains("canary"), "{of_system}");
}

#[test]
fn objects_of_any_shape_are_shown() {
    for object in [
        json!(null),
        json!([]),
        json!({"metadata": "x", "data": 1, "env": [1]}),
    ] {
        for kind in ["Secret", "Pod", "ConfigMap"] {
            shown(kind, object.clone());
        }
    }
}

fn cluster_info(signature: &str) -> Value {
    json!({
        "metadata": {"name": "cluster-info", "namespace": "kube-public"},
        "data": {"kubeconfig": "clusters: []\n", "jws-kubeconfig-abcdef": signature},
    })
}

#[test]
fn the_signatures_of_cluster_info_are_masked() {
    let signed = cluster_info("eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..canary");
    assert_eq!(
        shown("ConfigMap", signed),
        cluster_info("<secret:signature>")
    );
}
