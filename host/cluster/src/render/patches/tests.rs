mod long_lists;

use super::*;
use serde_json::json;

const TARGETS: &[&str] = &["etcd", "kube-apiserver", "kube-scheduler", KUBELET, COREDNS];

fn load(files: &[(&str, &str)]) -> Result<(Patches, Vec<String>), String> {
    Patches::load(
        "patches",
        files
            .iter()
            .map(|(name, text)| (name.to_string(), text.as_bytes().to_vec()))
            .collect(),
        TARGETS,
    )
}

fn merge(kind: &str, current: Value, patch: Value) -> Value {
    strategic_merge(kind, current, patch).unwrap()
}

#[test]
fn the_name_of_a_file_has_its_target_and_its_kind() {
    let patches = |target, kind| Ok(PatchFileName::Patches { target, kind });
    let strategic = patches("etcd", PatchKind::Strategic);
    assert_eq!(parse_name("etcd.yaml", TARGETS), strategic);
    assert_eq!(parse_name("etcd0-tuning.json", TARGETS), strategic);
    assert_eq!(
        parse_name("kube-apiserver0+json.yaml", TARGETS),
        patches("kube-apiserver", PatchKind::Json)
    );
    assert_eq!(
        parse_name("kubeletconfiguration+merge.yaml", TARGETS),
        patches(KUBELET, PatchKind::Merge)
    );
    assert_eq!(parse_name("etcd.a+json.yaml", TARGETS), strategic);
    assert!(parse_name("etcd+bogus.yaml", TARGETS).is_err());
    for (name, expected) in [
        ("readme.yaml", "unknown target, must be one of ["),
        ("etcd.yml", "the file extension must be one of [json yaml]"),
    ] {
        match parse_name(name, TARGETS) {
            Ok(PatchFileName::Ignored(reason)) => assert!(reason.starts_with(expected), "{reason}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_directory_is_read_in_the_order_of_a_walk() {
    let files = [
        ("etcd.yaml", "a: 1\n---\n\n---\nb: 2"),
        ("notes.txt", "x"),
        ("etcd+json.yaml", ""),
        ("a/etcd9.yaml", "a: 0"),
    ];
    let (patches, messages) = load(&files).unwrap();
    assert_eq!(
        messages,
        [
            r#"[patches] Reading patches from path "patches""#,
            r#"[patches] Ignoring empty file: "etcd+json.yaml""#,
            r#"[patches] Ignoring file "notes.txt": the file extension must be one of [json yaml]"#,
            "[patches] Found the following patch files: [etcd9.yaml etcd.yaml]",
            "[patches] Ignored the following files: [etcd+json.yaml notes.txt]",
        ]
    );
    let (document, messages) = patches.apply("etcd", json!({})).unwrap();
    assert_eq!(document, json!({"a": 1, "b": 2}));
    assert_eq!(messages.len(), 3);
    assert!(
        patches
            .apply("nothing", json!({}))
            .unwrap_err()
            .starts_with("unknown patch target name")
    );
}

#[test]
fn yaml_is_read_as_go_reads_it() {
    let (patches, _) = load(&[("etcd.yaml", "a: 010\nb: yes\nc: '010'\na: 0x10")]).unwrap();
    assert_eq!(
        patches.apply("etcd", json!({})).unwrap().0,
        json!({"a": 16, "b": true, "c": "010"})
    );
    let (patches, _) = load(&[("etcd.yaml", "a: 010")]).unwrap();
    assert_eq!(patches.apply("etcd", json!({})).unwrap().0, json!({"a": 8}));
}

/// Returns why the patch of a file fails.
fn failure(name: &str, text: &str, target: &str) -> String {
    load(&[(name, text)])
        .and_then(|(patches, _)| patches.apply(target, json!({"kind": "Pod"})))
        .unwrap_err()
}

#[test]
fn errors_are_kubeadms() {
    assert_eq!(
        failure("etcd+bogus.yaml", "a: b", "etcd"),
        "could not list patch files for path \"patches\": unknown or missing patch type after '+', \
         must be one of [json merge strategic]"
    );
    assert_eq!(
        failure("etcd+json.yaml", "op: add", "etcd"),
        "could not apply the following patch of type \"application/json-patch+json\" to target \
         \"etcd\":\n{\"op\":\"add\"}\n: json: cannot unmarshal object into Go value \
         of type jsonpatch.Patch"
    );
    assert_eq!(
        failure(
            "etcd+json.yaml",
            "- op: test\n  path: /kind\n  value: Nope",
            "etcd"
        ),
        "could not apply the following patch of type \"application/json-patch+json\" to target \
         \"etcd\":\n\
         [{\"op\":\"test\",\"path\":\"/kind\",\"value\":\"Nope\"}]\n: testing value /kind failed: \
         test failed"
    );
    assert_eq!(
        failure(
            "kubeletconfiguration+json.yaml",
            "- op: remove\n  path: /noSuch",
            KUBELET
        ),
        "could not apply the following patch of type \"application/json-patch+json\" to target \
         \"kubeletconfiguration\":\n\
         [{\"op\":\"remove\",\"path\":\"/noSuch\"}]\n: error in remove for path: '/noSuch': Unable \
         to remove nonexistent key: noSuch: missing value"
    );
    // kubeadm prints the whole file. Here the message quotes nothing of it: it may hold anything.
    let malformed = failure("etcd.yaml", "a: 1\n---\n\npassword: hunter2\nb: [c", "etcd");
    let place = "could not list patch files for path \"patches\": could not convert patch to JSON: \
        etcd.yaml, line 5: ";
    assert!(
        malformed.starts_with(place) && !malformed.contains("hunter2"),
        "{malformed}"
    );
}

#[test]
fn lists_merge_by_their_key() {
    let pod = json!({"spec": {
        "containers": [{
            "name": "a",
            "image": "1",
            "env": [{"name": "X", "value": "1"}],
            "args": ["p", "q"],
        }],
        "tolerations": [{"key": "k"}],
    }});
    let patch = json!({"spec": {
        "containers": [
            {"name": "a", "env": [{"name": "Y", "value": "2"}], "args": ["r"]},
            {"name": "b"},
        ],
        "tolerations": [{"operator": "Exists"}],
    }});
    assert_eq!(
        merge("Pod", pod.clone(), patch),
        json!({"spec": {"containers": [{"name": "a", "image": "1", "args": ["r"],
                                        "env": [
                                            {"name": "Y", "value": "2"},
                                            {"name": "X", "value": "1"},
                                        ]}, {"name": "b"}],
                        "tolerations": [{"operator": "Exists"}]}})
    );
    let nameless = strategic_merge(
        "Pod",
        pod,
        json!({"spec": {"containers": [{"image": "x"}]}}),
    );
    assert_eq!(
        nameless.unwrap_err(),
        r#"map: {"image":"x"} does not contain declared merge key: name"#
    );
    assert_eq!(
        merge(
            "ConfigMap",
            json!({"data": {"a": "1", "b": "2"}}),
            json!({"data": {"a": null, "c": "3"}})
        ),
        json!({"data": {"b": "2", "c": "3"}})
    );
}

fn containers(list: Value) -> Value {
    json!({"spec": {"containers": list}})
}

fn strategy(value: Value) -> Value {
    json!({"spec": {"strategy": value}})
}

#[test]
fn directives_say_what_a_merge_cannot() {
    let pod = containers(json!([{"name": "a"}, {"name": "b"}]));
    let delete = containers(json!([{"name": "a", "$patch": "delete"}]));
    assert_eq!(
        merge("Pod", pod.clone(), delete),
        containers(json!([{"name": "b"}]))
    );
    let replace = containers(json!([{"$patch": "replace"}, {"name": "c"}]));
    assert_eq!(
        merge("Pod", pod.clone(), replace),
        containers(json!([{"name": "c"}]))
    );
    let order = json!({
        "spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "a", "image": "x"}],
        },
    });
    assert_eq!(
        merge("Pod", pod, order),
        containers(json!([{"name": "b"}, {"name": "a", "image": "x"}]))
    );
    assert!(strategic_merge("Pod", json!({}), json!({"$patch": "what"})).is_err());
}

#[test]
fn elements_are_deleted_from_a_list_of_scalars() {
    let node = json!({"metadata": {"finalizers": ["x", "y"]}});
    let patch =
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"], "finalizers": ["z"]}});
    let merged = merge("Node", node, patch);
    assert_eq!(
        merged["metadata"]["finalizers"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn retain_keys_removes_the_fields_that_it_does_not_name() {
    let deployment = strategy(json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}));
    let retain = strategy(json!({"$retainKeys": ["type"], "type": "Recreate"}));
    assert_eq!(
        merge("Deployment", deployment.clone(), retain),
        strategy(json!({"type": "Recreate"}))
    );
    let replaced = strategy(json!({"$patch": "replace", "type": "Recreate"}));
    assert_eq!(
        merge("Deployment", deployment, replaced),
        strategy(json!({"type": "Recreate"}))
    );
}

#[test]
fn nodes_merge_as_the_api_server_merges_them() {
    let node = json!({
        "spec": {"taints": [{"key": "a"}]},
        "status": {
            "conditions": [{"type": "Ready", "status": "False"}],
            "addresses": [{"type": "Hostname", "address": "h"}],
        },
    });
    let patch = json!({
        "spec": {"taints": [{"key": "b"}]},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.2"}],
        },
    });
    let merged = merge("Node", node, patch);
    assert_eq!(merged["spec"]["taints"], json!([{"key": "b"}]));
    assert_eq!(
        merged["status"]["conditions"],
        json!([{"type": "Ready", "status": "True"}])
    );
    assert_eq!(
        merged["status"]["addresses"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn the_values_of_patches_do_not_include_the_names_of_the_parts_that_they_patch() {
    let (patches, _) = load(&[
        (
            "corednsdeployment.yaml",
            "metadata: {name: coredns}\nspec: {a: [{name: b, value: c}], path: {d: e}}\n",
        ),
        (
            "corednsdeployment1+json.yaml",
            "[{op: add, path: /spec/x, value: f}]\n",
        ),
        ("etcd.yaml", "spec: {a: g}\n"),
    ])
    .unwrap();
    let values = patches.values(COREDNS);
    let mut texts: Vec<&str> = values.iter().map(|value| value.reveal().as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["c", "e", "f"]);
}

#[test]
fn documents_without_content_change_nothing() {
    let files = [
        ("kube-scheduler0.yaml", "# only a comment\n"),
        ("kube-scheduler1.yaml", "null\n---\n~\n"),
        (
            "kube-scheduler2+merge.yaml",
            "a: 1\n--- # the next\nb: 2\n...\n# the end\n",
        ),
        ("kube-scheduler3+json.json", "null"),
    ];
    let (patches, _) = load(&files).unwrap();
    let (patched, messages) = patches.apply("kube-scheduler", json!({"c": 3})).unwrap();
    assert_eq!(patched, json!({"a": 1, "b": 2, "c": 3}));
    assert_eq!(messages.len(), 6);
    let (patches, _) = load(&[("kube-scheduler+merge.yaml", "# nothing\n")]).unwrap();
    let error = patches.apply("kube-scheduler", json!({})).unwrap_err();
    assert!(error.contains("Invalid JSON Patch"), "{error}");
}

#[test]
fn what_stands_behind_the_end_of_a_document_is_ignored() {
    let text = "a: 1\n...\nb: [\n--- # the next\nc: 3\n...\nd: 4\n";
    let (patches, _) = load(&[("kube-scheduler+merge.yaml", text)]).unwrap();
    let (patched, _) = patches.apply("kube-scheduler", json!({})).unwrap();
    assert_eq!(patched, json!({"a": 1, "c": 3}));
    for text in [
        "a: 1\n--- {b: 2}\n",
        "...\na: 1\n",
        "a: \"\\/\"\n",
        "a: .inf\n",
    ] {
        let error = load(&[("etcd.yaml", text)]).map(drop).unwrap_err();
        assert!(error.contains("it is not YAML: "), "{text}: {error}");
    }
}
