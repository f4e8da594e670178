//! Reading expensive components. `resources/modes.rs` adds them.
use crate::{components::bombs::expensive_components, support::Trial};
use serde_json::{Value, json};
use std::fs;

#[test]
fn inspecting_an_expensive_component_is_cheap() {
    let trial = Trial::check();
    let cache = trial.folder().join("cache");
    let trial = trial.environment("KUBEPHASE_CACHE_DIR", &cache.display().to_string());
    for (what, component) in expensive_components() {
        trial.put_component(&component);
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        eprintln!(
            "{what}, {} bytes: {} in {:?}: {}",
            component.len(),
            result.status,
            result.elapsed,
            result.stderr
        );
        let files = fs::read_dir(&cache).into_iter().flatten().flatten();
        let found: Vec<_> = files
            .map(|file| file.path())
            .filter(|path| path.extension().is_none_or(|end| end != "read"))
            .collect();
        assert!(
            found.is_empty(),
            "inspecting {what} compiled something: {found:?}"
        );
    }
}

#[test]
fn a_schema_of_settings_that_doubles_itself_is_refused_or_cheap() {
    let trial = Trial::check().schema(&doubling_schema());
    let added = trial.add();
    if added.status == 0 {
        trial.preflight_again();
    }
}

/// Returns a schema in which each definition refers to the one before it twice.
fn doubling_schema() -> Value {
    let refer = |level: usize| json!({"$ref": format!("#/definitions/d{level}")});
    let mut definitions = json!({"d0": {"type": "object"}});
    for level in 1..=31 {
        definitions[format!("d{level}")] = json!({"allOf": [refer(level - 1), refer(level - 1)]});
    }
    json!({"$ref": "#/definitions/d31", "definitions": definitions})
}

#[test]
fn no_command_locks_a_plugin_whose_schema_cannot_be_used() {
    let trial = Trial::check();
    trial.add().expect_status(0);
    let trial = trial.schema(&doubling_schema());
    trial.component();
    let allow = ["plugin", "allow", "hostile", "--config", "cluster.yaml"];
    for ended in [trial.run(&allow), trial.add()] {
        assert!(
            ended.status != 0 && ended.output().contains("schema of its settings"),
            "{}",
            ended.output()
        );
    }
}
