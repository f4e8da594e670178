//! Many components at one time, each of which the program would load.
use crate::{components::bombs::with_module, support::Trial};
use std::fs;
use wasm_encoder::{EntityType, ImportSection, Module, TypeSection};

/// Returns a module that imports very many functions by short names.
fn importing_module(count: usize) -> Module {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    types.ty().function([], []);
    for number in 0..count {
        let name = format!("{number:08}");
        imports.import("m", &name, EntityType::Function(0));
    }
    let mut module = Module::new();
    module.section(&types).section(&imports);
    module
}

#[test]
fn the_tables_of_all_loaded_components_are_bounded_together() {
    let trial = Trial::check();
    trial.write_config();
    let module = importing_module(90_000);
    let add = |number: usize| {
        let name = format!("hostile-{number}");
        let manifest = trial.manifest().replace("hostile", &name);
        let file = format!("{name}.wasm");
        fs::write(trial.folder().join(&file), with_module(&module, &manifest)).unwrap();
        let add = [
            "plugin",
            "add",
            &file,
            "--config",
            "cluster.yaml",
            "--allow",
        ];
        trial.run(&add)
    };
    for number in 0..2 {
        add(number).expect_status(0);
    }
    let ended = trial.preflight_again().expect_soon();
    let refusal = "the tables of the components of all plugins take";
    assert!(
        !ended.output().contains(refusal),
        "{:.4000}",
        ended.output()
    );
    let ended = add(2);
    assert!(
        ended.status != 0 && ended.output().contains(refusal),
        "{:.4000}",
        ended.output()
    );
}
