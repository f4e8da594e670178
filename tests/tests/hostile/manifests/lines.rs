//! Texts in manifests, schemas, components and capsules (recordings of a plugin's call) that would
//! look like lines of the host on a terminal.
use crate::support::{Trial, guest};
use std::fs;

/// Lines that look like lines of the host, with the escapes of JSON.
const FAKE: &str = "\\nhostile 0.1.0: fine\\n[certs] FAKE\\n";

fn assert_no_fake_line(output: &str, case: &str) {
    let fake = |line: &&str| line.starts_with("[certs]") || line.starts_with("hostile 0.1.0: fine");
    assert_eq!(output.lines().find(fake), None, "{case}: {output}");
}

#[test]
fn no_text_of_a_manifest_makes_a_line_of_its_own() {
    let good = Trial::check()
        .grants(&["capability: observe-files.stat, paths: [/srv/x]"])
        .manifest();
    let trial = Trial::check();
    for (field, hostile) in [
        ("title: Misuse the host", "title: A, \"x%\": 1"),
        ("kind: check", "kind: \"x%\""),
        ("workflow: [init]", "workflow: [\"x%\"]"),
        ("paths: [/srv/x]", "paths: [/srv/x], \"p%\": 1"),
        ("paths: [/srv/x]", "paths: \"p%\""),
        ("version: 0.1.0", "version: \"x%\""),
        ("schema: 1", "schema: 1\n\"x%\": 1"),
        ("schema: 1", "schema: 1\n\"x%\": 1\n\"x%\": 2"),
        ("schema: 1", "schema: !!int \"x%\""),
        ("schema: 1", "schema: \"x%\""),
    ] {
        let manifest = good.replacen(field, &hostile.replace('%', FAKE), 1);
        assert_ne!(manifest, good, "{field}");
        let component = guest::component(&manifest);
        fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(result.status, 0, "{hostile}: {}", result.output());
        assert_no_fake_line(&result.output(), hostile);
    }
}

#[test]
fn no_text_of_a_schema_of_settings_makes_a_line_of_its_own() {
    for schema in [
        r#"{"properties": {"x": {"default": "a", "pattern": "b%"}}}"#,
        r#"{"required": ["a%"]}"#,
        r#"{"properties": {"x": {"default": 1, "enum": ["a%"]}}}"#,
        r#"{"properties": {"x%": {"default": 1, "type": "string"}}}"#,
        r#"{"$ref": "http://x%"}"#,
        r#"{"type": "a%"}"#,
        r#"{"$schema": "http://a%"}"#,
    ] {
        let trial = Trial::check();
        let manifest = trial.manifest().replace(
            "settings: {}",
            &format!("settings: {}", schema.replace('%', FAKE)),
        );
        let component = guest::component(&manifest);
        fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
        trial.write_config();
        let add = [
            "plugin",
            "add",
            "./hostile.wasm",
            "--config",
            "cluster.yaml",
        ];
        for arguments in [&add[..], &["plan", "init", "--config", "cluster.yaml"]] {
            assert_no_fake_line(&trial.run(arguments).output(), schema);
        }
    }
}

#[test]
fn no_name_of_a_component_or_capsule_makes_a_line_of_its_own() {
    use wasm_encoder::{ComponentImportSection, ComponentTypeRef, ComponentTypeSection};
    let trial = Trial::check();
    let fake = FAKE.replace("\\n", "\n");
    for name in [
        format!("x{fake}"),
        format!("url=<http://a{fake}>"),
        format!("a:b/c@1.0.0-{fake}"),
        format!("unlocked-dep=<{fake}>"),
    ] {
        let (mut types, mut imports) = (ComponentTypeSection::new(), ComponentImportSection::new());
        types.instance(&wasm_encoder::InstanceType::new());
        imports.import(name.as_str(), ComponentTypeRef::Instance(0));
        let mut component = wasm_encoder::Component::new();
        component.section(&types).section(&imports);
        fs::write(trial.folder().join("hostile.wasm"), component.finish()).unwrap();
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(result.status, 0, "{}", result.output());
        assert_no_fake_line(&result.output(), &name);
    }
    trial.component();
    let capsule = format!("{{\"format\": 2, \"x{FAKE}\": 1}}");
    fs::write(trial.folder().join("capsule.json"), capsule).unwrap();
    let result = trial.run(&["plugin", "test", "hostile.wasm", "--replay", "capsule.json"]);
    assert_ne!(result.status, 0, "{}", result.output());
    assert_no_fake_line(&result.output(), "a capsule");
}
