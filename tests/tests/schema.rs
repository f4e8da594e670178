//! `config schema`: the schemas accept every document of this repository, and describe the settings
//! of plugins. That they refuse what the program refuses is checked beside the tables of fields,
//! and with the errors in `snapshots/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{append_manifest, kubephase, run, without_manifest, workspace};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
/// A component that is a plugin.
const PLUGIN: &[u8] = include_bytes!("../../host/src/wasm/tests/released/interface-0.1.0.wasm");

/// Returns the schema that `config schema` prints with these arguments.
fn schema(arguments: &[&str]) -> Value {
    let output = run(kubephase(PROGRAM)
        .args(["config", "schema"])
        .args(arguments));
    serde_json::from_str(&output.expect_success()).expect("a schema is JSON")
}

fn validator(arguments: &[&str]) -> Validator {
    let schema = schema(arguments);
    // A part of an older dialect cannot be compared with the schema of this one.
    if !schema.to_string().contains("draft-07") {
        jsonschema::meta::validate(&schema).unwrap_or_else(|why| panic!("{arguments:?}: {why}"));
    }
    jsonschema::draft202012::new(&schema).expect("the schema can be used")
}

/// Adds all files below a folder of the repository whose paths this function accepts.
fn add_files(folder: &Path, accepts: &dyn Fn(&str) -> bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            let name = entry.file_name();
            if name != "target" && name != "node_modules" {
                add_files(&path, accepts, found);
            }
        } else if accepts(&path.to_string_lossy()) {
            found.push(path);
        }
    }
}

fn files(folders: &[&str], accepts: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        add_files(&workspace().join(folder), accepts, &mut found);
    }
    found
}

/// Returns the documents of a file as editors read them: `n` is a text in YAML 1.2.
fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let options = serde_yaml::options! { strict_booleans: true };
    serde_yaml::from_multiple_with_options(&text, options)
        .unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[track_caller]
fn expect_valid(validator: &Validator, document: &Value, path: &Path) {
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
}

#[test]
fn every_configuration_of_the_repository_fits() {
    let schema = schema(&[]);
    let kinds = &schema["properties"]["kind"]["enum"];
    let kinds: Vec<&str> = kinds
        .as_array()
        .unwrap()
        .iter()
        .flat_map(Value::as_str)
        .collect();
    let any = validator(&[]);
    let accepts = |path: &str| {
        let is_config = path.ends_with("/cluster.yaml")
            || path.ends_with("/config.yaml")
            || path.contains("/callers/cases/") && path.ends_with(".yaml");
        // The configuration of a case about a wrong one.
        is_config && !path.contains("/validate-wrong/") && !path.contains("/fuzz/")
    };
    let mut judged = 0;
    for path in files(&["examples", "tests"], &accepts) {
        for document in documents(&path) {
            let kind = document["kind"].as_str().unwrap_or_default();
            if kinds.contains(&kind) {
                judged += 1;
                expect_valid(&any, &document, &path);
                let is_old = document["apiVersion"] == "kubeadm.k8s.io/v1beta3";
                if !is_old && judged % 10 == 0 {
                    expect_valid(&validator(&[kind]), &document, &path);
                }
            }
        }
    }
    assert!(judged > 100, "only {judged} documents were found");
}

#[test]
fn every_default_document_fits() {
    let any = validator(&[]);
    for arguments in [
        "init-defaults --component-configs KubeletConfiguration,KubeProxyConfiguration",
        "join-defaults",
        "reset-defaults",
        "upgrade-defaults",
    ] {
        let words = arguments.split_whitespace();
        let output = run(kubephase(PROGRAM).args(["config", "print"]).args(words));
        let text = output.expect_success();
        // Each document names the schema: editors read the line for one document only.
        let lines = text.matches("# yaml-language-server: $schema=kubephase.schema.json\n");
        let documents: Vec<Value> = serde_yaml::from_multiple(&text).unwrap();
        assert_eq!(lines.count(), documents.len(), "{text}");
        for document in documents {
            expect_valid(&any, &document, Path::new(arguments));
        }
    }
}

#[test]
fn every_manifest_and_every_case_of_the_repository_fits() {
    let (plugin, case) = (validator(&["plugin"]), validator(&["case"]));
    let manifests = files(&["examples", "plugins"], &|path| {
        path.ends_with("/plugin.yaml")
    });
    let cases = files(&["examples", "plugins"], &|path| path.contains("/cases/"));
    assert!(
        manifests.len() > 7 && cases.len() > 50,
        "{manifests:?} {cases:?}"
    );
    for path in manifests {
        for document in documents(&path) {
            expect_valid(&plugin, &document, &path);
        }
    }
    for path in cases
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
    {
        for document in documents(path) {
            expect_valid(&case, &document, path);
        }
    }
}

/// Writes a component with this schema of its settings. Returns the path of a configuration that
/// names it.
fn write_plugin(folder: &Path, settings: &Value) -> PathBuf {
    let manifest = json!({
        "schema": 1, "name": "clock", "version": "1.0.0",
        "provides": [{
            "id": "preflight/clock", "title": "a", "kind": "check", "workflow": ["init"],
        }],
        "settings": settings,
    });
    let mut component = without_manifest(PLUGIN);
    append_manifest(&mut component, manifest.to_string().as_bytes());
    fs::write(folder.join("clock.wasm"), component).unwrap();
    let config = folder.join("config.yaml");
    let text = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n\
        plugins: [{name: clock, source: clock.wasm}]\n";
    fs::write(&config, text).unwrap();
    config
}

/// Whether the schema of a configuration accepts an entry with these settings; without settings if
/// they are null.
fn accepts(config: &Path, settings: &Value) -> bool {
    let config = config.to_str().unwrap();
    let mut entry = json!({"name": "clock", "source": "clock.wasm"});
    if !settings.is_null() {
        entry["settings"] = settings.clone();
    }
    let document = json!({
        "apiVersion": "kubephase.dev/v1alpha1", "kind": "PhaseConfiguration", "plugins": [entry],
    });
    let any = validator(&["--config", config]).is_valid(&document);
    let of_kind = validator(&["PhaseConfiguration", "--config", config]).is_valid(&document);
    assert_eq!(any, of_kind);
    any
}

#[test]
fn settings_of_plugins_are_part_of_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    // References, a default of a required property, and a property with the name of a keyword.
    let config = write_plugin(
        folder.path(),
        &json!({
            "type": "object",
            "properties": {
                "servers": {"type": "array", "items": {"$ref": "#/$defs/server"}},
                "offset": {"type": "integer", "default": 5},
                "default": {"$ref": "#/properties/servers"},
            },
            "required": ["servers", "offset"],
            "additionalProperties": false,
            "$defs": {"server": {"type": "string", "pattern": "^[a-z.]+$"}},
        }),
    );
    assert!(accepts(&config, &json!({"servers": ["a.b"]})));
    assert!(accepts(
        &config,
        &json!({"servers": [], "default": ["c"], "offset": 1})
    ));
    for wrong in [
        json!(null),
        json!({}),
        json!({"servers": ["A"]}),
        json!({"servers": [], "default": [1]}),
        json!({"servers": [], "offset": "x"}),
        json!({"servers": [], "other": 1}),
        json!([]),
    ] {
        assert!(!accepts(&config, &wrong), "{wrong}");
    }
    // Keywords of an older dialect keep their meaning: `items` is a list of schemas there.
    let config = write_plugin(
        folder.path(),
        &json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"pair": {
                "items": [{"$ref": "#/definitions/name"}, {"type": "integer"}],
                "additionalItems": false,
            }},
            "definitions": {"name": {"type": "string"}},
        }),
    );
    assert!(accepts(&config, &json!({"pair": ["a", 1]})));
    assert!(accepts(&config, &json!(null)));
    assert!(!accepts(&config, &json!({"pair": [1, 1]})));
    assert!(!accepts(&config, &json!({"pair": ["a", 1, 2]})));
    let config = write_plugin(folder.path(), &json!(null));
    assert!(accepts(&config, &json!({})) && accepts(&config, &json!(null)));
    assert!(!accepts(&config, &json!({"a": 1})));
}

#[test]
fn yaml_has_the_same_schema() {
    let yaml = run(kubephase(PROGRAM).args(["config", "schema", "case", "-o", "yaml"]));
    let yaml: Value = serde_yaml::from_str(&yaml.expect_success()).unwrap();
    assert_eq!(yaml, schema(&["case"]));
}
