//! The objects of the API.
use super::{Value, cases, check_no_differences, compare, json, yaml};
use crate::{
    config::BootstrapToken,
    render::{kubeconfig, objects},
};
use kubephase_sdk::kubeadm::{Duration, Taint};
use std::collections::BTreeMap;

#[test]
fn objects_are_kubeadms() {
    let mut differences = Vec::new();
    for case in cases() {
        let Some(recorded) = case.text("objects.yaml") else {
            continue;
        };
        let recorded: Vec<Value> = recorded
            .split("\n---\n")
            .filter_map(|document| serde_yaml::from_str(document).ok())
            .collect();
        let config = &case.config;
        let authority = "an authority";
        let (server, _) = kubeconfig::control_plane_url(config).unwrap();
        let mut ours = objects::kubeadm_config(config);
        ours.extend(objects::kubelet_config(config));
        ours.extend(objects::certificates_access());
        let taints = config
            .init
            .node_registration
            .taints
            .clone()
            .unwrap_or_default();
        ours.push(objects::node_patch(&json!({}), &taints));
        ours.extend(objects::bootstrap_access());
        ours.extend(objects::cluster_info(
            &server,
            authority,
            config.cluster.release(),
        ));
        let mut last = 0;
        for object in &mut ours {
            if let Some(text) = object["data"]["kubeconfig"].as_str() {
                object["data"]["kubeconfig"] = text.replace("YW4gYXV0aG9yaXR5", "<CA_DATA>").into();
            }
            let theirs = recorded.iter().position(|theirs| {
                theirs["kind"] == object["kind"]
                    && theirs["metadata"]["name"] == object["metadata"]["name"]
            });
            let Some(index) = theirs else {
                continue;
            };
            compare(
                &mut differences,
                &format!("{}: object {index}", case.name),
                &yaml::to_string(object),
                &yaml::to_string(&recorded[index]),
            );
            if index < last {
                differences.push(format!("{}: object {index} is out of order", case.name));
            }
            last = index;
        }
    }
    check_no_differences(&differences);
}

#[test]
fn kube_proxys_configuration_is_kubeadms() {
    let mut differences = Vec::new();
    for case in cases() {
        let recorded = case.text("objects.yaml").unwrap_or_default();
        let documents = recorded
            .split("\n---\n")
            .filter_map(|document| serde_yaml::from_str::<Value>(document).ok());
        let Some(map) = documents.into_iter().find(|object| {
            object["kind"] == "ConfigMap" && object["metadata"]["name"] == "kube-proxy"
        }) else {
            continue;
        };
        let mut data: BTreeMap<String, String> =
            serde_json::from_value(map["data"].clone()).unwrap();
        let ours = yaml::to_string(&case.config.kube_proxy.document);
        compare(
            &mut differences,
            &case.name,
            ours.trim_end(),
            &data["config.conf"],
        );
        data.insert("config.conf".into(), ours.trim_end().into());
        let signed = map["metadata"]["annotations"][objects::HASH_ANNOTATION].as_str();
        assert_eq!(
            signed.is_none(),
            case.config.kube_proxy.user_supplied,
            "{}",
            case.name
        );
        if let Some(signed) = signed {
            compare(
                &mut differences,
                &format!("{}: hash", case.name),
                &kubephase_sdk::component_hash(&data),
                signed,
            );
        }
    }
    check_no_differences(&differences);
}

fn in_base64(text: &str) -> Value {
    data_encoding::BASE64.encode(text.as_bytes()).into()
}

#[test]
fn tokens_become_secrets() {
    let mut token = BootstrapToken {
        token: "abcdef.0123456789abcdef".into(),
        ttl: Some(Duration::from_secs(5400)),
        usages: vec!["signing".into()],
        groups: vec![
            "system:bootstrappers:a".into(),
            "system:bootstrappers:b".into(),
        ],
        ..BootstrapToken::default()
    };
    let secret = objects::token_secret(&token, 1_767_323_045).unwrap();
    assert_eq!(secret.name, "bootstrap-token-abcdef");
    let data = &secret.manifest["data"];
    assert_eq!(data["expiration"], in_base64("2026-01-02T04:34:05Z"));
    assert_eq!(data["usage-bootstrap-signing"], in_base64("true"));
    assert_eq!(
        data["auth-extra-groups"],
        in_base64("system:bootstrappers:a,system:bootstrappers:b")
    );
    assert!(
        data.get("description").is_none() && data.get("usage-bootstrap-authentication").is_none()
    );
    token.ttl = Some(Duration(0));
    assert!(
        objects::token_secret(&token, 0).unwrap().manifest["data"]
            .get("expiration")
            .is_none()
    );
    token.token = "abcdef".into();
    assert!(
        !objects::token_secret(&token, 0)
            .map(drop)
            .unwrap_err()
            .contains("0123")
    );
}

#[test]
fn a_node_keeps_its_other_taints() {
    let taint = Taint {
        key: "a".into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    };
    let mut node = json!({
        "metadata": {"labels": {}},
        "spec": {"taints": [{"key": "mine", "effect": "NoExecute"}]},
    });
    let patch = objects::node_patch(&node, std::slice::from_ref(&taint));
    assert_eq!(
        patch["spec"]["taints"],
        json!([{"key": "a", "effect": "NoSchedule"}, {"key": "mine", "effect": "NoExecute"}])
    );
    node["spec"]["taints"] = patch["spec"]["taints"].clone();
    node["metadata"]["labels"] = patch["metadata"]["labels"].clone();
    assert_eq!(
        objects::node_patch(&node, std::slice::from_ref(&taint)),
        json!({})
    );
}
