//! Reading expensive components. `resources/modes.rs` adds them.
use crate::{
    components::bombs::expensive_components,
    support::{Trial, guest},
};
use std::fs;

#[test]
fn inspecting_an_expensive_component_is_cheap() {
    let trial = Trial::check();
    let cache = trial.folder().join("cache");
    let trial = trial.environment("KUBEPHASE_CACHE_DIR", &cache.display().to_string());
    for (what, component) in expensive_components() {
        fs::write(trial.folder().join("hostile.wasm"), &component).unwrap();
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
    let mut definitions = String::from("\"d0\": {type: object}");
    for level in 1..=31 {
        let below = level - 1;
        definitions += &format!(
            ", \"d{level}\": {{allOf: [{{$ref: '#/definitions/d{below}'}}, {{$ref: \
             '#/definitions/d{below}'}}]}}"
        );
    }
    let trial = Trial::check();
    let manifest = trial.manifest().replace(
        "settings: {}",
        &format!("settings: {{$ref: '#/definitions/d31', definitions: {{{definitions}}}}}"),
    );
    fs::write(
        trial.folder().join("hostile.wasm"),
        guest::component(&manifest),
    )
    .unwrap();
    trial.write_config();
    let added = trial.run(&[
        "plugin",
        "add",
        "hostile.wasm",
        "--config",
        "cluster.yaml",
        "--allow",
    ]);
    if added.status == 0 {
        trial.preflight_again();
    }
}
