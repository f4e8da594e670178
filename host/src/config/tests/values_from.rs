//! Values of fields that go into manifests are checked when they are read.
use super::*;

fn with_source(source: &str) -> String {
    format!("{CLUSTER}apiServer:\n  extraEnvs:\n  - name: A\n    valueFrom: {source}\n")
}

#[test]
fn the_source_of_a_variable_has_the_fields_of_kubernetes() {
    for source in [
        "null",
        "{}",
        "{fieldRef: {fieldPath: status.hostIP}}",
        "{fieldRef: {apiVersion: v1, fieldPath: metadata.name}, configMapKeyRef: null}",
        "{resourceFieldRef: {resource: limits.cpu, containerName: c, divisor: 1m}}",
        "{resourceFieldRef: {resource: limits.memory, divisor: 1}}",
        "{resourceFieldRef: {resource: limits.memory, divisor: 1e3}}",
        "{configMapKeyRef: {name: a, key: b, optional: true}}",
        "{secretKeyRef: {name: a, key: b}}",
        "{fileKeyRef: {volumeName: v, path: p, key: k, optional: false}}",
    ] {
        check(&with_source(source)).unwrap_or_else(|problems| panic!("{source}: {problems}"));
    }
}

#[test]
fn the_source_of_a_variable_is_kept_as_go_writes_it() {
    for (given, kept) in [
        ("{}", r#"{}"#),
        (
            "{resourceFieldRef: {divisor: 0.5}}",
            r#"{"resourceFieldRef":{"divisor":"500m","resource":""}}"#,
        ),
        (
            "{resourceFieldRef: {resource: a}}",
            r#"{"resourceFieldRef":{"divisor":"0","resource":"a"}}"#,
        ),
        (
            "{configMapKeyRef: {name: null}}",
            r#"{"configMapKeyRef":{"key":""}}"#,
        ),
        ("{fieldRef: null}", r#"{}"#),
        ("null", "null"),
    ] {
        let config = load(&with_source(given)).unwrap().config;
        let source = &config.cluster.api_server.extra_envs[0].value_from;
        let expected: serde_json::Value = serde_json::from_str(kept).unwrap();
        assert_eq!(serde_json::json!(source), expected, "{given}");
    }
}

#[test]
fn a_source_that_kubernetes_would_refuse_is_refused_with_the_path_of_its_field() {
    let source = "apiServer.extraEnvs[0].valueFrom";
    for (given, path) in [
        ("abc", ""),
        ("[]", ""),
        ("{fieldref: {}}", ".fieldref"),
        ("{fieldRef: status}", ".fieldRef"),
        ("{fieldRef: {fieldPath: 7}}", ".fieldRef.fieldPath"),
        (
            "{resourceFieldRef: {divisor: x}}",
            ".resourceFieldRef.divisor",
        ),
        (
            "{resourceFieldRef: {divisor: yes}}",
            ".resourceFieldRef.divisor",
        ),
        (
            "{resourceFieldRef: {divisor: {}}}",
            ".resourceFieldRef.divisor",
        ),
        ("{configMapKeyRef: {key: yes}}", ".configMapKeyRef.key"),
        ("{secretKeyRef: {name: 12}}", ".secretKeyRef.name"),
        (
            "{secretKeyRef: {optional: 'true'}}",
            ".secretKeyRef.optional",
        ),
        ("{fileKeyRef: {file: a}}", ".fileKeyRef.file"),
    ] {
        let problems = check(&with_source(given)).unwrap_err();
        let first = &problems.0[0];
        assert_eq!(
            (&first.path, first.line),
            (&format!("{source}{path}"), Some(7)),
            "{given}"
        );
    }
}

#[test]
fn quantities_and_times_of_components_are_checked() {
    let kubelet = |fields: &str| {
        format!(
            "{CLUSTER}---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: \
             KubeletConfiguration\n{fields}\n"
        )
    };
    for fields in [
        "reservedMemory: [{numaNode: 0, limits: {memory: 1Gi}}]",
        "reservedMemory: [{limits: {memory: 1000, hugepages-2Mi: null}}]",
        "registerWithTaints: [{key: a, effect: NoSchedule, timeAdded: 2026-01-02T03:04:05Z}, null]",
        "logging: {flushFrequency: 5}",
        "logging: {flushFrequency: 5s}",
    ] {
        check(&kubelet(fields)).unwrap_or_else(|problems| panic!("{fields}: {problems}"));
    }
    for (fields, path) in [
        (
            "reservedMemory: [{limits: {memory: abc}}]",
            "reservedMemory[0].limits.memory",
        ),
        (
            "reservedMemory: [{limits: {memory: true}}]",
            "reservedMemory[0].limits.memory",
        ),
        (
            "registerWithTaints: [{timeAdded: soon}]",
            "registerWithTaints[0].timeAdded",
        ),
        (
            "registerWithTaints: [{timeAdded: 2026-01-02}]",
            "registerWithTaints[0].timeAdded",
        ),
        ("logging: {flushFrequency: 1.5}", "logging.flushFrequency"),
        (
            "logging: {options: {json: {infoBufferSize: 1K}}}",
            "logging.options.json.infoBufferSize",
        ),
    ] {
        let problems = check(&kubelet(fields)).unwrap_err();
        assert_eq!(problems.0[0].path, path, "{fields}: {problems}");
    }
}
