//! Lists as `kubectl get` shows them: one row for each object, with the columns of its kind.
//!
//! `columns` has the columns of each kind.
mod columns;

use crate::world::api::resources::Resource;
use columns::{age, columns_of};
use serde_json::{Value, json};

/// Returns objects as a `Table`.
pub fn to_table(resource: &Resource, objects: &[Value], version: &str) -> Value {
    let definitions: Vec<Value> = [column_definition("Name", "name")]
        .into_iter()
        .chain(
            columns_of(resource)
                .iter()
                .map(|(name, _)| column_definition(name, "")),
        )
        .chain([column_definition("Age", "")])
        .collect();
    let rows: Vec<Value> = objects.iter().map(|object| row(resource, object)).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version},
        "columnDefinitions": definitions, "rows": rows,
    })
}

fn column_definition(name: &str, format: &str) -> Value {
    json!({
        "name": name,
        "type": "string",
        "format": format,
        "description": "",
        "priority": 0,
    })
}

fn row(resource: &Resource, object: &Value) -> Value {
    let cells: Vec<Value> = [object["metadata"]["name"].clone()]
        .into_iter()
        .chain(columns_of(resource).iter().map(|(_, cell)| cell(object)))
        .chain([age(object)])
        .collect();
    json!({
        "cells": cells,
        "object": {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"],
        },
    })
}
