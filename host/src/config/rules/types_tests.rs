//! The types that the checker knows are those of the values that rules see.
use super::types::{CelType, Fields};
use crate::config::component::schema;
use kubephase_sdk::{kubeadm::Config, node::NodeFacts};
use serde_json::{Value as Json, json};

/// Checks that every field of an object has a type.
fn assert_known(fields: Fields, value: &Json, path: &str) {
    for (name, value) in value.as_object().unwrap() {
        let path = format!("{path}.{name}");
        let found = fields.field(name);
        assert!(found.is_some(), "{path} has no type");
        if let Some(CelType::Fields(fields)) = found
            && value.is_object()
        {
            assert_known(fields, value, &path);
        }
    }
}

#[test]
fn every_value_that_rules_see_has_a_type() {
    let facts = NodeFacts {
        kubelet_version: Some("a version".into()),
        init_system: Some("systemd".into()),
        ..NodeFacts::default()
    };
    let facts = serde_json::to_value(facts.facts()).unwrap();
    assert_known(Fields::Node, &facts, "node");
    let document = |document| Json::Object(example_of_document(document));
    let config = json!({
        "init": document(&schema::kubeadm::INIT),
        "cluster": document(&schema::kubeadm::CLUSTER),
        "join": {}, "reset": {}, "upgrade": {},
    });
    // The types of the SDK are those that phases see.
    let config: Config = serde_json::from_value(config).unwrap();
    let config = serde_json::to_value(&config).unwrap();
    assert_eq!(config["cluster"]["etcd"]["external"]["caFile"], "x");
    assert_known(Fields::Config, &config, "config");
}

/// Returns a document that has every field of its table.
fn example_of_document(of: &schema::Struct) -> serde_json::Map<String, Json> {
    let fields = of.fields.iter();
    let fields = fields.map(|field| {
        let value = match field.name {
            "encryptionAlgorithm" => json!("ECDSA-P256"),
            _ => example_of_value(&field.value_type),
        };
        (field.name.to_owned(), value)
    });
    fields.collect()
}

fn example_of_value(of: &schema::Type) -> Json {
    use schema::Type;
    match of {
        Type::Bool => json!(true),
        Type::Int(_) => json!(1),
        Type::Float => json!(0.5),
        Type::Duration | Type::DurationOrNanoseconds => json!("1h0m0s"),
        Type::List(of) => json!([example_of_value(of)]),
        Type::Map(of) => json!({"a": example_of_value(of)}),
        Type::Struct(of) => Json::Object(example_of_document(of)),
        Type::String | Type::Named(_) | Type::Quantity | Type::Time | Type::Token | Type::Any => {
            json!("x")
        }
    }
}
