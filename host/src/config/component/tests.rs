use super::*;
use crate::config::InitConfiguration;

fn messages(kind: ComponentKind, document: Value) -> Vec<String> {
    check(kind, &document)
        .into_iter()
        .map(|error| error.message)
        .collect()
}

/// Documents of the kubelet that are refused, each with kubeadm's message.
fn refused_documents() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"noSuchField": 1}), r#"unknown field "noSuchField""#),
        (
            json!({"authentication": {"x": 1}}),
            r#"unknown field "authentication.x""#,
        ),
        (
            json!({"registerWithTaints": [{"kee": "a"}]}),
            r#"unknown field "registerWithTaints[0].kee""#,
        ),
        (
            json!({"syncFrequency": "1x"}),
            r#"time: unknown unit "x" in duration "1x""#,
        ),
        (
            json!({"syncFrequency": 5}),
            "json: cannot unmarshal number into Go value of type string",
        ),
        (
            json!({"maxPods": "many"}),
            "json: cannot unmarshal string into Go struct field KubeletConfiguration.maxPods of \
             type int32",
        ),
        (
            json!({"maxPods": 99_999_999_999_i64}),
            "json: cannot unmarshal number 99999999999 into Go struct field \
             KubeletConfiguration.maxPods of type int32",
        ),
        (
            json!({"authentication": {"anonymous": {"enabled": "yes"}}}),
            "json: cannot unmarshal string into Go struct field \
             KubeletAnonymousAuthentication.authentication.anonymous.enabled of type bool",
        ),
        (
            json!({"clusterDNS": "a"}),
            "json: cannot unmarshal string into Go struct field KubeletConfiguration.clusterDNS of \
             type []string",
        ),
        (
            json!({"featureGates": {"A": "true"}}),
            "json: cannot unmarshal string into Go struct field KubeletConfiguration.featureGates \
             of type bool",
        ),
        (
            json!({"authorization": {"mode": 1}}),
            "json: cannot unmarshal number into Go struct field \
             KubeletAuthorization.authorization.mode of type v1beta1.KubeletAuthorizationMode",
        ),
    ]
}

#[test]
fn a_document_that_a_component_would_refuse_is_refused_in_kubeadms_words() {
    for (document, message) in refused_documents() {
        let messages = messages(ComponentKind::Kubelet, document.clone());
        assert_eq!(messages, [message], "{document}");
    }
    let good = json!({
        "apiVersion": "a",
        "kind": "b",
        "maxPods": 5,
        "resolvConf": null,
        "logging": {"flushFrequency": 5},
    });
    assert_eq!(messages(ComponentKind::Kubelet, good), [""; 0]);
    assert_eq!(
        messages(
            ComponentKind::KubeProxy,
            json!({"ipvs": {"strictARP": true}, "maxPods": 1})
        ),
        [r#"unknown field "maxPods""#]
    );
}

#[test]
fn zeros_are_kept_where_go_keeps_them() {
    let (kubelet, warnings) = kubelet(
        Some(json!({
            "maxPods": 0,
            "healthzPort": 0,
            "podPidsLimit": 0,
            "clusterDNS": [],
            "rotateCertificates": false,
        })),
        &InitConfiguration::default(),
        &Default::default(),
    );
    let document = kubelet.document;
    assert!(document.get("maxPods").is_none() && document.get("clusterDNS").is_none());
    assert_eq!(
        (&document["healthzPort"], &document["podPidsLimit"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(document["rotateCertificates"], true);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(kubelet.user_supplied);
}

/// If each problem repeated the whole name, the list would take gigabytes.
#[test]
fn a_long_name_is_not_repeated_for_all_that_is_below_it() {
    let name = "n".repeat(1 << 20);
    let items = vec![json!(1); 20_000];
    let document = json!({"staticPodURLHeader": {name: items}});
    let errors = check(ComponentKind::Kubelet, &document);
    assert_eq!(errors.len(), 20_000);
    let last = &errors[19_999];
    assert!(
        last.path.len() < 400 && last.path.ends_with("n…[19999]"),
        "{last:?}"
    );
}
