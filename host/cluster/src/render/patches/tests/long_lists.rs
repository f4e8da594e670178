//! Patches of lists with very many elements.
use super::merge;
use serde_json::{Value, json};

/// A search of the whole list for each element would take minutes.
#[test]
fn long_lists_merge_in_the_order_of_their_elements() {
    let ports = |numbers: std::ops::Range<usize>| -> Value {
        let port = |number| json!({"name": format!("p{number}"), "port": number});
        numbers.map(port).collect()
    };
    let (old, new) = (ports(0..60_000), ports(30_000..90_000));
    let merged = merge(
        "Service",
        json!({"spec": {"ports": old}}),
        json!({"spec": {"ports": new}}),
    );
    assert!(merged["spec"]["ports"] == ports(0..90_000));
    let finalizers = |numbers: std::ops::Range<usize>| -> Value {
        numbers
            .map(|number| Value::from(format!("f{number}")))
            .collect()
    };
    let merged = merge(
        "Service",
        json!({"metadata": {"finalizers": finalizers(0..60_000)}}),
        json!({
            "metadata": {
                "finalizers": finalizers(60_000..70_000),
                "$deleteFromPrimitiveList/finalizers": finalizers(0..50_000),
            },
        }),
    );
    assert_eq!(
        merged["metadata"]["finalizers"].as_array().unwrap().len(),
        20_000
    );
}
