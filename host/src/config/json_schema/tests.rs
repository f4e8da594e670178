//! The schemas agree with the checks that documents are read by.
use super::{
    DocumentSchema, any_document, document_schemas, fields, of_type,
    testing::{compare_with_reader, is_valid, samples},
};
use crate::config::{
    component::{
        ComponentKind, check_against,
        schema::{Struct, Type},
    },
    document_kinds::{COMPONENTS, KUBEADM},
    phases::PhaseConfiguration,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Adds a document for each field of a table, at any depth, and each sample in it. `wrap` makes a
/// document of a value for the table.
fn add_documents(
    table: &'static Struct,
    wrap: &dyn Fn(Value) -> Value,
    add: &mut dyn FnMut(Value),
) {
    for field in table.fields {
        let in_field = |value: Value| wrap(json!({field.name: value}));
        for sample in samples() {
            add(in_field(sample));
        }
        let (mut value_type, mut nest): (_, Box<dyn Fn(Value) -> Value>) =
            (&field.value_type, Box::new(in_field));
        loop {
            match value_type {
                Type::List(items) => {
                    value_type = items;
                    nest = Box::new(move |value| nest(json!([value])));
                }
                Type::Map(values) => {
                    value_type = values;
                    nest = Box::new(move |value| nest(json!({"key": value})));
                }
                Type::Struct(inner) => {
                    add_documents(inner, &*nest, add);
                    break;
                }
                _ => break,
            }
        }
    }
}

/// Returns the tables of all documents, with `apiVersion` and `kind` of each.
fn tables() -> Vec<(&'static Struct, String, &'static str)> {
    let kubeadm = KUBEADM.iter().flat_map(|document| {
        let version = |name: &str| format!("kubeadm.k8s.io/{name}");
        let current = Some((document.current, version("v1beta4"), document.kind));
        let old = document
            .v1beta3
            .map(|table| (table, version("v1beta3"), document.kind));
        current.into_iter().chain(old)
    });
    let components = COMPONENTS.iter().map(|component: &ComponentKind| {
        (
            component.schema(),
            component.api_version().to_owned(),
            component.kind(),
        )
    });
    kubeadm.chain(components).collect()
}

fn schema_of(api_version: &str, kind: &str) -> DocumentSchema {
    let mut documents = document_schemas().into_iter();
    documents
        .find(|document| document.api_version == api_version && document.kind == kind)
        .expect("every document has a schema")
}

#[test]
fn every_value_of_every_field_is_judged_as_the_strict_check_judges_it() {
    let mut judged = 0;
    for (table, api_version, kind) in tables() {
        let schema = schema_of(&api_version, kind).complete();
        let validator = jsonschema::draft202012::new(&schema).expect("a JSON Schema");
        let wrap = |mut fields: Value| {
            fields["apiVersion"] = json!(api_version);
            fields["kind"] = json!(kind);
            fields
        };
        add_documents(table, &wrap, &mut |document| {
            judged += 1;
            let problems = check_against(table, &document);
            assert_eq!(
                validator.is_valid(&document),
                problems.is_empty(),
                "{document}: the check finds {problems:?}"
            );
        });
    }
    assert!(judged > 20_000, "only {judged} documents were judged");
}

#[test]
fn one_definition_stands_for_one_table_only() {
    fn collect(table: &'static Struct, found: &mut Vec<&'static Struct>) {
        found.push(table);
        for field in table.fields {
            let mut value_type = &field.value_type;
            while let Type::List(inner) | Type::Map(inner) = value_type {
                value_type = inner;
            }
            if let Type::Struct(inner) = value_type {
                collect(inner, found);
            }
        }
    }
    let mut found = Vec::new();
    for (table, ..) in tables() {
        collect(table, &mut found);
    }
    // Two tables may differ in what Go writes, but not in what is read.
    let mut definitions = Map::new();
    let mut schemas: BTreeMap<&str, Value> = BTreeMap::new();
    for table in found {
        let schema = fields::of_struct(table, &mut definitions);
        let first = schemas.entry(table.go).or_insert_with(|| schema.clone());
        assert_eq!(*first, schema, "{}", table.go);
    }
}

#[test]
fn version_and_kind_choose_the_schema_of_a_document() {
    let schema = any_document(document_schemas());
    let cluster = json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration",
        "networking": {"podSubnet": "10.0.0.0/16"},
    });
    assert!(is_valid(&schema, &cluster));
    for (field, value) in [
        ("kind", json!("InitConfiguration")),
        ("kind", json!("KubeletConfiguration")),
        ("kind", json!("Deployment")),
        ("apiVersion", json!("kubelet.config.k8s.io/v1beta1")),
        ("apiVersion", json!("kubeadm.k8s.io/v1beta2")),
        ("apiVersion", Value::Null),
        ("networking", json!([])),
        ("etcd", json!({"locl": {}})),
    ] {
        let mut wrong = cluster.clone();
        wrong[field] = value;
        assert!(!is_valid(&schema, &wrong), "{wrong}");
    }
    // The version that a file still has before it is migrated.
    let old = json!({
        "apiVersion": "kubeadm.k8s.io/v1beta3", "kind": "ClusterConfiguration",
        "apiServer": {"timeoutForControlPlane": "4m0s", "extraArgs": {"v": "2"}},
    });
    assert!(is_valid(&schema, &old));
}

/// A value with all fields of [`PhaseConfiguration`].
fn phase_configuration() -> Value {
    json!({
        "apiVersion": "kubephase.dev/v1alpha1",
        "kind": "PhaseConfiguration",
        "plugins": [{
            "name": "time-sync",
            "source": "time-sync.wasm",
            "version": "^1.2",
            "digest": "00",
            "signer": "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
            "settings": {"servers": ["a"]},
            "limits": {"deadline": "10s", "processorTime": "2s", "memory": "32Mi"},
            "allow": ["root"],
            "granted": ["[]"],
            "origin": "file",
        }],
        "replaces": {"addon/kube-proxy": "tiny-proxy"},
        "disabledPhases": ["addon/coredns"],
        "extraEdges": [{"before": "a", "after": "b"}],
        "waivers": [{"check": "Swap", "reason": "tried", "expires": "2027-01-01"}],
        "rules": [{
            "code": "Cpus", "that": "node.cpus > 1", "summary": "more", "remedy": "buy",
            "severity": "warning",
        }],
        "parallelism": 4,
    })
}

#[test]
fn phase_configurations_are_judged_as_they_are_read() {
    let schema = schema_of("kubephase.dev/v1alpha1", "PhaseConfiguration").complete();
    compare_with_reader(
        &schema,
        &phase_configuration(),
        &["", "/apiVersion", "/kind"],
        &|value| {
            let read = PhaseConfiguration::deserialize(value);
            read.map(drop).map_err(|why| why.to_string())
        },
    );
}

#[test]
fn descriptions_come_from_the_documentation_without_the_marks_of_rust() {
    let schema = of_type::<PhaseConfiguration>();
    let limits = &schema["$defs"]["Limits"]["properties"];
    assert_eq!(
        limits["memory"]["description"],
        "bytes over all memories and tables"
    );
    let text = schema.to_string();
    assert!(!text.contains("[`") && !text.contains("](crate"), "{text}");
}
