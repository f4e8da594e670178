//! Calls components in the way of a run, over a node that is described and a cluster that is a map.

mod hostile;
mod identity;
mod loading;
mod twins;
mod wasi;
mod world;

use super::{cache::Cache, compiler::Compiler};
use crate::{
    config::ConfigFile,
    run::prepare::{Distribution, PreparedRun, prepare},
    wasm::{engine::Engine, section},
    workflow::{
        builtin_catalog,
        init::{self, Init},
    },
};
use std::path::Path;
use wasm_encoder::{CustomSection, Section};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Returns an engine that keeps nothing.
fn engine() -> Engine {
    Engine::with(
        Cache::open_at(Path::new("/dev/null")),
        Compiler::ThisProcess,
    )
    .unwrap()
}

/// Plans `init` on a machine that is fit. `only` selects single phases or groups.
fn prepare_init(config: &Path, only: Option<Vec<String>>) -> anyhow::Result<PreparedRun> {
    let engine = engine();
    let distribution = Distribution::new(&engine, builtin_catalog())?;
    let file = ConfigFile::at(config);
    let loaded = init::load(Some(&file), &Default::default(), &Default::default())?;
    prepare(&distribution, &Init, loaded, Some(&file), only)
}

/// Returns the WIT package of the interface.
fn package() -> Resolve {
    let mut resolve = Resolve::default();
    resolve
        .push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit"))
        .unwrap();
    resolve
}

/// Makes a component for a world of `resolve` from the text of a core module.
fn componentise(resolve: &Resolve, world: &str, core: &str) -> Vec<u8> {
    let mut module = wat::parse_str(core).unwrap();
    let packages: Vec<_> = resolve.packages.iter().map(|(id, _)| id).collect();
    let world = resolve.select_world(&packages, Some(world)).unwrap();
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

fn with_manifest(mut component: Vec<u8>, manifest: &str) -> Vec<u8> {
    CustomSection {
        name: section::MANIFEST.into(),
        data: manifest.as_bytes().into(),
    }
    .append_to(&mut component);
    component
}

/// Makes a guest from WebAssembly text: its imports, the body of `run`, and further parts of the
/// module. `run` settles if its body falls through. The guest has 64 KiB of memory, with a name at
/// 0, a path at 24, and results at 1024.
fn guest(imports: &str, run: &str, more: &str) -> Vec<u8> {
    componentise(&package(), "plugin", &guest_module(imports, run, more))
}

/// Returns the text of the core module of a guest.
fn guest_module(imports: &str, run: &str, more: &str) -> String {
    format!(
        r#"(module
            {imports}
            (memory (export "memory") 1)
            (global $next (mut i32) (i32.const 4096))
            (data (i32.const 0) "hostile")
            (data (i32.const 24) "/x")
            (data (i32.const 32) "\00\00\00\00\07\00\00\00\00\00\00\00")
            (data (i32.const 44) "\07\00\00\00\00\00\00\00\00\00\00\00")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $next
                    (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export "kubephase:plugin/phase@0.1.0#describe") (result i32) (i32.const 32))
            (func $run (export "kubephase:plugin/phase@0.1.0#run") (result i32)
                {run} (i32.const 1024))
            {more})"#
    )
}

/// Returns the manifest of one phase that asks for these grants, each a line of YAML. The phase is
/// a check, unless it asks for effects.
fn manifest(grants: &[&str]) -> String {
    let grants: String = grants
        .iter()
        .map(|grant| format!("\n- {{reason: a test, {grant}}}"))
        .collect();
    let (id, kind) = if grants.contains("effects-") {
        ("hostile", "phase")
    } else {
        ("preflight/hostile", "check")
    };
    format!(
        "name: hostile\nversion: 1.2.3\nprovides:\n- {{id: {id}, title: t, kind: {kind}, \
         workflow: [init]}}\ngrants: {}",
        if grants.is_empty() { "[]" } else { &grants }
    )
}
