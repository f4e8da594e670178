//! The outlets of the host to a plugin: the configuration, patches and objects. Each goes through
//! one outlet only, and no outlet lets a credential pass.
use crate::support::{Trial, call};
use serde_json::{Value, json};
use std::{fs, time::Duration};

const CONFIG_MAPS: &str = "objects: [{apiVersion: v1, kind: ConfigMap, namespace: default}]";

fn private_key() -> &'static str {
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAcanary\n-----END PRIVATE KEY-----\n"
}

#[test]
fn the_operators_patches_are_shown_to_no_plugin() {
    let document = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {"containers": [{"name": "kube-apiserver"}]},
    });
    let trial = Trial::check()
        .cluster(
            "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\npatches: \
             {directory: ./patches}\n",
        )
        .calls(&[
            call(
                "input.patched",
                json!(["kube-apiserver", document.to_string()]),
            ),
            call("input.patched", json!(["kubeletconfiguration", "{}"])),
        ])
        .shown_bytes(10_000);
    let patches = trial.folder().join("patches");
    fs::create_dir(&patches).unwrap();
    fs::write(
        patches.join("kube-apiserver.yaml"),
        "spec: {containers: [{name: kube-apiserver, env: [{name: VAULT, value: canary-env}]}]}\n",
    )
    .unwrap();
    fs::write(
        patches.join("kubeletconfiguration+merge.yaml"),
        "staticPodURLHeader: {Authorization: [Bearer canary-header]}\n",
    )
    .unwrap();
    let ended = trial.rehearse().expect_status(0);
    assert!(!ended.output().contains("canary-"), "{}", ended.output());
    for answer in &ended.answers {
        assert!(
            !answer.is_ok && answer.text.contains("denied"),
            "{answer:?}"
        );
    }
    let of_plugin = |line: &&str| line.starts_with("[plugin hostile]") && line.contains("Applied");
    assert_eq!(ended.stdout.lines().find(of_plugin), None);
    assert!(
        ended.output().contains("Applied patch"),
        "{}",
        ended.output()
    );
}

#[test]
fn secrets_of_the_configuration_are_masked_by_what_they_say() {
    let arguments = "[{name: oidc-issuer-url, value: 'https://u:canary-user@h/'}, {name: \
        service-account-issuer, value: 'https://x/?access_token=canary-query'}, {name: \
        audit-log-path, value: shown-path}]";
    let trial = Trial::check()
        .cluster(&format!(
            "apiServer: {{extraArgs: {arguments}}}\n---\napiVersion: \
             kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmyPassword: \
             canary-field\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
             InitConfiguration\nnodeRegistration: {{kubeletExtraArgs: [{{name: bootstrap-token, \
             value: canary-kubelet}}]}}\n"
        ))
        .calls(&[call("input.config", json!([""]))])
        .shown_bytes(100_000);
    let ended = trial.preflight();
    let answer = ended.answer("0.0");
    assert!(
        answer.is_ok && !answer.text.contains("canary-"),
        "{answer:?}"
    );
    assert!(answer.text.contains("shown-path"), "{answer:?}");
}

/// Returns a plugin that proposes ConfigMaps, and then asks for them.
fn shown_again(data: &[(&str, Value)]) -> Trial {
    let object = |name: &str, content: &Value| {
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "default"},
        });
        for (field, value) in content.as_object().into_iter().flatten() {
            object[field] = value.clone();
        }
        call("effects-cluster.apply-object", json!([object.to_string()]))
    };
    let proposals: Vec<Value> = data.iter().map(|(name, data)| object(name, data)).collect();
    let get = |(name, _): &(&str, Value)| {
        call(
            "observe-cluster.get-object",
            json!(["v1", "ConfigMap", "default", name]),
        )
    };
    let list = call(
        "observe-cluster.list-objects",
        json!(["v1", "ConfigMap", "default", null]),
    );
    let looks: Vec<Value> = data.iter().map(get).chain([list]).collect();
    Trial::phase()
        .grants(&[
            &format!("capability: effects-cluster.apply-object, {CONFIG_MAPS}"),
            &format!("capability: observe-cluster.get-object, {CONFIG_MAPS}"),
            &format!("capability: observe-cluster.list-objects, {CONFIG_MAPS}"),
        ])
        .allow_cluster_admin()
        .rounds(&[
            json!({"calls": proposals, "ending": "again"}),
            json!({"calls": looks}),
        ])
        .shown_bytes(10_000)
}

#[test]
fn objects_that_hold_a_credential_are_not_shown() {
    let kubeconfig = "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user: {token: canary}\n";
    let ended = shown_again(&[
        ("key", json!({"data": {"a": "plain", "tls": private_key()}})),
        ("kubeconfig", json!({"data": {"a": kubeconfig}})),
        (
            "binary",
            json!({"binaryData": {"a": data_encoding::BASE64.encode(private_key().as_bytes())}}),
        ),
        (
            "header",
            json!({"data": {"Authorization": "Bearer canary-canary"}}),
        ),
    ])
    .rehearse()
    .expect_status(0);
    for index in 0..5 {
        let answer = ended.answer(&format!("1.{index}"));
        assert!(
            !answer.is_ok && answer.text.contains("never shown to a plugin"),
            "{answer:?}"
        );
    }
}

#[test]
fn objects_without_a_credential_are_shown() {
    let ended = shown_again(&[("plain", json!({"data": {"a": "canary"}}))])
        .rehearse()
        .expect_status(0);
    for of in ["1.0", "1.1"] {
        let answer = ended.answer(of);
        assert!(answer.is_ok && answer.text.contains("canary"), "{answer:?}");
    }
}

#[test]
fn the_configuration_that_the_cluster_keeps_is_masked() {
    let get = |kind: &str, name: &str| {
        call(
            "observe-cluster.get-object",
            json!(["v1", kind, "kube-system", name]),
        )
    };
    let trial = Trial::phase()
        .grants(&[
            "capability: observe-cluster.get-object, objects: [{apiVersion: v1, kind: ConfigMap, \
                namespace: kube-system}, {apiVersion: v1, kind: Pod, namespace: kube-system}]",
            "capability: observe-cluster.list-objects, objects: [{apiVersion: v1, kind: Pod, \
                namespace: kube-system}]",
        ])
        .cluster(
            "apiServer: {extraEnvs: [{name: VAULT_TOKEN, value: canary-env}]}\n---\napiVersion: \
             kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nstaticPodURLHeader: \
             {X-Key: [canary-header]}\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
             InitConfiguration\npatches: {directory: ./patches}\n",
        )
        .calls(&[
            get("ConfigMap", "kubeadm-config"),
            get("ConfigMap", "kubelet-config"),
            call(
                "observe-cluster.list-objects",
                json!(["v1", "Pod", "kube-system", null]),
            ),
        ])
        .shown_bytes(100_000);
    let patches = trial.folder().join("patches");
    fs::create_dir(&patches).unwrap();
    fs::write(
        patches.join("kube-apiserver.yaml"),
        "metadata: {annotations: {x: canary-note}}\n\
         spec: {containers: [{name: kube-apiserver, env: \
         [{name: VAULT, value: canary-patch}]}]}\n",
    )
    .unwrap();
    let ended = trial.rehearse().expect_status(0);
    for (of, shown) in [
        ("0.0", "ClusterConfiguration"),
        ("0.1", "staticPodURLHeader"),
        ("0.2", "kube-apiserver"),
    ] {
        let answer = ended.answer(of);
        assert!(
            answer.is_ok && answer.text.contains(shown) && !answer.text.contains("canary-"),
            "{answer:?}"
        );
    }
}

#[test]
fn of_containers_the_environment_is_not_shown() {
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{
                    "name": "a",
                    "image": "registry.example/a:1",
                    "args": ["--password=canary-argument"],
                    "env": [{
                        "name": "AWS_SECRET_ACCESS_KEY",
                        "value": "canaryXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1",
                    }],
                }]},
            },
        },
    });
    let of = "objects: [{apiVersion: apps/v1, kind: Deployment, namespace: default";
    let trial = Trial::phase()
        .grants(&[
            &format!("capability: effects-cluster.apply-object, {of}, hostAccess: true}}]"),
            &format!("capability: observe-cluster.get-object, {of}}}]"),
        ])
        .allow_cluster_admin()
        .rounds(&[
            json!({
                "calls": [call(
                    "effects-cluster.apply-object",
                    json!([deployment.to_string()]),
                )],
                "ending": "again",
            }),
            json!({"calls": [call(
                "observe-cluster.get-object",
                json!(["apps/v1", "Deployment", "default", "d"]),
            )]}),
        ])
        .shown_bytes(10_000);
    let ended = trial.rehearse().expect_status(0);
    let answer = ended.answer("1.0");
    assert!(
        answer.is_ok
            && answer.text.contains("registry.example/a:1")
            && !answer.text.contains("canary"),
        "{answer:?}"
    );
}

#[test]
fn of_secrets_only_the_names_of_keys_are_shown() {
    let secrets = "objects: [{apiVersion: v1, kind: Secret, namespace: kube-system}]";
    let ended = Trial::phase()
        .grants(&[&format!(
            "capability: observe-cluster.list-objects, {secrets}"
        )])
        .allow_cluster_admin()
        .calls(&[call(
            "observe-cluster.list-objects",
            json!(["v1", "Secret", "kube-system", null]),
        )])
        .shown_bytes(100_000)
        .rehearse()
        .expect_status(0);
    let answer = ended.answer("0.0");
    assert!(
        answer.is_ok && answer.text.contains("\"token-secret\":\"\""),
        "{answer:?}"
    );
    let objects = answer.text.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    for object in objects {
        let values = object["data"].as_object().unwrap().values();
        assert!(values.into_iter().all(|value| value == ""), "{object}");
    }
}

#[test]
fn objects_of_an_odd_shape_are_refused_by_the_rehearsed_server_at_once() {
    for (kind, odd) in [
        ("ConfigMap", json!({"data": []})),
        (
            "ConfigMap",
            json!({"metadata": {"name": "odd", "namespace": "default", "labels": []}}),
        ),
        ("ConfigMap", json!({"status": "x"})),
        ("Service", json!({"spec": []})),
        ("Service", json!({"spec": {"ports": [1]}})),
    ] {
        let mut object = json!({
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": "odd", "namespace": "default"},
        });
        for (field, value) in odd.as_object().into_iter().flatten() {
            object[field] = value.clone();
        }
        let ended = Trial::phase()
            .grants(&[&format!(
                "capability: effects-cluster.apply-object, objects: [{{apiVersion: v1, kind: \
                 {kind}, namespace: default}}]"
            )])
            .allow_cluster_admin()
            .calls(&[call(
                "effects-cluster.apply-object",
                json!([object.to_string()]),
            )])
            .rehearse();
        assert_ne!(ended.status, 0, "{object}: {}", ended.output());
        assert!(ended.elapsed < Duration::from_secs(30), "{object}");
    }
}
