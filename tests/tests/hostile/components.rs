//! Components that are meant to be expensive to read, to check or to compile: one clear message,
//! within limits of memory and time. `plugin inspect` compiles nothing.
use crate::support::{Trial, guest};
use std::fs;
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentSection, Function, FunctionSection, Instruction,
    Module, ModuleSection, NestedComponentSection, TypeSection, ValType,
};

/// A core module of functions without parameters.
fn module(count: u32, body: &Function) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..count {
        functions.function(0);
        code.function(body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module
}

/// A function of nested loops over many locals that are all alive: little to read, much to compile.
fn nested_loops(depth: u32, locals: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I64)]);
    for _ in 0..depth {
        function.instruction(&Instruction::Loop(BlockType::Empty));
    }
    for local in 0..locals {
        function.instruction(&Instruction::LocalGet(local));
        function.instruction(&Instruction::LocalGet((local * 7 + 3) % locals));
        function.instruction(&Instruction::I64Mul);
        function.instruction(&Instruction::LocalSet((local * 13 + 5) % locals));
    }
    for level in 0..depth {
        function.instruction(&Instruction::LocalGet(level % locals));
        function.instruction(&Instruction::I64Eqz);
        function.instruction(&Instruction::BrIf(0));
        function.instruction(&Instruction::End);
    }
    function.instruction(&Instruction::End);
    function
}

/// A long function with many live values and branches.
fn long_function(instructions: u32) -> Function {
    let locals = 200;
    let mut function = Function::new([(locals, ValType::I64)]);
    for step in 0..instructions / 9 {
        let (a, b, c) = (
            step % locals,
            (step * 7 + 3) % locals,
            (step * 13 + 5) % locals,
        );
        for instruction in [
            Instruction::LocalGet(a),
            Instruction::LocalGet(b),
            Instruction::I64Mul,
            Instruction::LocalGet(c),
            Instruction::I64Xor,
        ] {
            function.instruction(&instruction);
        }
        function.instruction(&Instruction::LocalSet((step * 31 + 11) % locals));
        if step % 5 == 0 {
            function.instruction(&Instruction::Block(BlockType::Empty));
            function.instruction(&Instruction::LocalGet(a));
            function.instruction(&Instruction::I64Eqz);
            function.instruction(&Instruction::BrIf(0));
            function.instruction(&Instruction::End);
        }
    }
    function.instruction(&Instruction::End);
    function
}

fn empty_function() -> Function {
    let mut function = Function::new([]);
    function.instruction(&Instruction::End);
    function
}

/// The hostile plugin with a section more, which it does not use.
fn with_section(section: &impl ComponentSection) -> Vec<u8> {
    let mut component = guest::component(&Trial::check().manifest());
    section.append_to_component(&mut component);
    component
}

fn with_module(module: &Module) -> Vec<u8> {
    with_section(&ModuleSection(module))
}

fn expensive_components() -> Vec<(&'static str, Vec<u8>)> {
    let nested = {
        let empty = Component::new();
        let mut outer = Component::new();
        for _ in 0..150_000 {
            outer.section(&NestedComponentSection(&empty));
        }
        with_section(&NestedComponentSection(&outer))
    };
    vec![
        (
            "200 nested loops over 2000 locals",
            with_module(&module(1, &nested_loops(200, 2000))),
        ),
        (
            "6 MiB of long functions",
            with_module(&module(60, &long_function(60_000))),
        ),
        (
            "a million empty functions",
            with_module(&module(1_000_000, &empty_function())),
        ),
        ("150 000 nested components", nested),
    ]
}

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
        let compiled =
            |entry: &fs::DirEntry| entry.path().extension().is_none_or(|end| end != "read");
        let found: Vec<_> = fs::read_dir(&cache)
            .into_iter()
            .flatten()
            .flatten()
            .filter(compiled)
            .map(|entry| entry.path())
            .collect();
        assert!(
            found.is_empty(),
            "inspecting {what} compiled something: {found:?}"
        );
    }
}

#[test]
fn adding_an_expensive_component_ends_with_one_message() {
    for (what, component) in expensive_components() {
        let trial = Trial::check();
        trial.write_config();
        fs::write(trial.folder().join("hostile.wasm"), &component).unwrap();
        let result = trial.run(&[
            "plugin",
            "add",
            "hostile.wasm",
            "--config",
            "cluster.yaml",
            "--allow",
        ]);
        eprintln!(
            "{what}: {} in {:?}: {}",
            result.status, result.elapsed, result.stderr
        );
        if result.status != 0 {
            assert!(
                !fs::read_to_string(trial.config())
                    .unwrap()
                    .contains("hostile"),
                "{what}: an entry is left"
            );
        }
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

#[test]
fn what_is_no_component_is_refused_without_harm() {
    let trial = Trial::check();
    let whole = fs::read(trial.component()).unwrap();
    let cut: Vec<Vec<u8>> = [0, 1, 8, 9, 100, whole.len() / 2, whole.len() - 1]
        .iter()
        .map(|end| whole[..*end].to_vec())
        .collect();
    let others = [
        b"\x7fELF".to_vec(),
        b"#!/bin/sh\nid\n".to_vec(),
        Module::new().finish(),
        Component::new().finish(),
    ];
    for bytes in cut.into_iter().chain(others) {
        fs::write(trial.folder().join("hostile.wasm"), &bytes).unwrap();
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(
            result.status,
            0,
            "{} bytes are taken: {}",
            bytes.len(),
            result.output()
        );
    }
}

#[test]
fn functions_of_the_distribution_are_refused_in_anyone_elses_component() {
    // The least that imports such a function: an instance type with it, imported by the interface's
    // name.
    for (interface, function) in [
        ("effects-core", "static-pod"),
        ("effects-core", "clear"),
        ("observe-core", "etcd-members"),
        ("effects-core", "wait-until"),
    ] {
        let text = format!(
            "(component (import \"kubephase:plugin/{interface}@0.1.0\" (instance (export \
             \"{function}\" (func)))))"
        );
        let mut component = wat::parse_str(&text).unwrap();
        guest::append_manifest(&mut component, Trial::check().manifest().as_bytes());
        let trial = Trial::check();
        fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(result.status, 0, "{}", result.output());
        assert!(
            result.output().contains("distribution"),
            "{}",
            result.output()
        );
    }
}
