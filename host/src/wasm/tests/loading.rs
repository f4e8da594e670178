//! Messages about refused components. `caching` has components that are kept between runs.
mod caching;
mod embedded_plugins;

use super::{componentise, engine, guest, manifest, package, prepare_init, with_manifest, world};
use crate::{
    cancel::Cancel,
    config::plugin_limits::Limits,
    plan::spec::{PhaseKind, PhaseSource},
    run::access::Access,
    wasm::{
        cache::Cache,
        compiler::Compiler,
        embedded,
        engine::Engine,
        gate,
        plugin::{ComponentSource, Plugin},
    },
};
use kubephase_wit::phase::Host;
use serde_json::json;
use std::{fs, path::Path};
use wit_parser::Resolve;

fn refusal_of(bytes: &[u8]) -> String {
    let engine = engine();
    let refusal = engine.load(bytes.to_vec()).map(|_| ()).unwrap_err();
    assert_eq!(engine.compiled_count(), 0, "compiled before it was refused");
    format!("{refusal:#}")
}

#[test]
fn the_message_says_what_a_file_is_instead_of_a_component() {
    assert_eq!(refusal_of(b""), "the file is not WebAssembly");
    assert_eq!(
        refusal_of(b"#!/bin/sh\necho"),
        "the file is not WebAssembly"
    );
    assert!(
        refusal_of(&wat::parse_str("(module)").unwrap())
            .starts_with("the file is a core WebAssembly module, not a component")
    );
    let whole = with_manifest(guest("", "", ""), &manifest(&[]));
    for end in [9, whole.len() / 2, whole.len() - 1] {
        assert!(
            refusal_of(&whole[..end]).starts_with("the component is damaged or cut short"),
            "{end}"
        );
    }
}

const PHASE_EXPORTS: &str = r#"(memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "kubephase:plugin/phase@VERSION#describe") (result i32) unreachable)
    (func (export "kubephase:plugin/phase@VERSION#run") (result i32) unreachable)"#;

fn refused_version(version: &str, input: &str, call: &str) -> String {
    let mut resolve = Resolve::default();
    let wit = format!(
        "package kubephase:plugin@{version}; interface input {{ {input}: func() -> u32; }}
         interface phase {{ describe: func() -> string; run: func() -> string; }} world w {{ \
         import input; export phase; }}"
    );
    resolve.push_str("plugin.wit", &wit).unwrap();
    let import =
        format!(r#"(import "kubephase:plugin/input@{version}" "{call}" (func (result i32)))"#);
    refusal_of(&componentise(
        &resolve,
        "w",
        &format!(
            "(module {import} {})",
            PHASE_EXPORTS.replace("VERSION", version)
        ),
    ))
}

#[test]
fn the_message_names_another_world_or_version() {
    let mut resolve = Resolve::default();
    resolve
        .push_str(
            "other.wit",
            "package acme:thing@1.0.0; interface clock { now: func() -> u32; } world w { import \
             clock; export go: func(); }",
        )
        .unwrap();
    let core = r#"(module (import "acme:thing/clock@1.0.0" "now" (func (result i32)))
        (func (export "go")))"#;
    let refusal = refusal_of(&componentise(&resolve, "w", core));
    assert!(
        refusal.contains(
            "acme:thing/clock@1.0.0 is not part of kubephase:plugin; the component \
        was built for another world"
        ),
        "{refusal}"
    );

    let newer = refused_version("0.2.0", "round", "round");
    assert!(
        newer.contains(
            "kubephase:plugin/input@0.2.0: the component needs version 0.2.0, this host has 0.1.0"
        ),
        "{newer}"
    );
    assert!(refused_version("0.1.0-rc.1", "round", "round").contains("this host has 0.1.0"));
    let function = refused_version("0.1.7", "rounds", "rounds");
    assert!(
        function.contains("input.rounds is unknown to this host; did you mean input.round?"),
        "{function}"
    );
}

#[test]
fn functions_of_other_types_are_refused_when_a_component_is_linked() {
    let mut resolve = Resolve::default();
    let wit = "package kubephase:plugin@0.1.0; interface input { round: func() -> u64; }
        interface phase { describe: func() -> string; run: func() -> string; } world w { import \
        input; export phase; }";
    resolve.push_str("plugin.wit", wit).unwrap();
    let import = r#"(import "kubephase:plugin/input@0.1.0" "round" (func (result i64)))"#;
    let component = componentise(
        &resolve,
        "w",
        &format!(
            "(module {import} {})",
            PHASE_EXPORTS.replace("VERSION", "0.1.0")
        ),
    );
    let plugin = engine()
        .load(with_manifest(component, &manifest(&[])))
        .unwrap();
    let root = tempfile::tempdir().unwrap();
    let (session, _) = world::session(json!({}), Vec::new(), root.path(), Access::BuiltIn);
    let refusal = plugin
        .phase(session, Limits::default(), &Cancel::never())
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        refusal.starts_with("plugin hostile 1.2.3 does not fit this host:")
            && refusal.contains("round"),
        "{refusal}"
    );
}

#[test]
fn a_component_that_exports_no_phase_is_refused() {
    let mut resolve = package();
    resolve
        .push_str(
            "empty.wit",
            "package acme:thing@1.0.0; world w { export go: func(); }",
        )
        .unwrap();
    let refusal = refusal_of(&componentise(
        &resolve,
        "acme:thing/w",
        r#"(module (func (export "go")))"#,
    ));
    assert_eq!(
        refusal,
        "the component does not export kubephase:plugin/phase@0.1.0; it exports go"
    );
}

#[test]
fn functions_for_built_in_phases_are_refused() {
    let import =
        r#"(import "kubephase:plugin/effects-core@0.1.0" "wait-until" (func (param i32 i32 i32)))"#;
    let core = format!(
        "(module {import} {})",
        PHASE_EXPORTS.replace("VERSION", "0.1.0")
    );
    let refusal = refusal_of(&componentise(&package(), "core-plugin", &core));
    assert!(
        refusal.contains("effects-core.wait-until is only for built-in phases"),
        "{refusal}"
    );
}

#[test]
fn a_second_manifest_or_a_request_that_the_component_cannot_use_is_refused() {
    let asked = "capability: observe-command.run-command, commands: [[ls]]";
    let refusal = refusal_of(&with_manifest(guest("", "", ""), &manifest(&[asked])));
    assert!(
        refusal.starts_with(
            "plugin hostile: its manifest asks for observe-command.run-command, but \
            the component does not import it"
        ),
        "{refusal}"
    );
    let twice = with_manifest(
        with_manifest(guest("", "", ""), &manifest(&[])),
        &manifest(&[]),
    );
    assert_eq!(
        refusal_of(&twice),
        "the component has 2 manifests; it must have at most one"
    );
}

#[test]
fn without_a_manifest_a_component_may_report_and_nothing_else() {
    let message =
        r#"(import "kubephase:plugin/report@0.1.0" "message" (func (param i32 i32 i32)))"#;
    let plugin = engine().load(guest(message, "", "")).unwrap();
    let provided = &plugin.manifest().provides[0];
    assert_eq!(
        (provided.spec.id.as_str(), provided.spec.kind),
        ("preflight/hostile", PhaseKind::Check)
    );
    assert_eq!(
        plugin.imports().iter().collect::<Vec<_>>(),
        ["report.message"]
    );
    let round = r#"(import "kubephase:plugin/input@0.1.0" "round" (func (result i32)))"#;
    assert_eq!(
        refusal_of(&guest(round, "", "")),
        "the component has no manifest, so it may only import `report`; it also imports \
         input.round; add a plugin.yaml with kubephase plugin build or kubephase plugin annotate"
    );
}

#[test]
fn a_component_that_calls_an_import_while_it_is_described_is_refused() {
    let message =
        r#"(import "kubephase:plugin/report@0.1.0" "message" (func $m (param i32 i32 i32)))"#;
    let component = guest(
        message,
        "",
        "(func $early (call $m (i32.const 1) (i32.const 0) (i32.const 1))) (start $early)",
    );
    let refusal = format!(
        "{:#}",
        engine().load(component.clone()).map(|_| ()).unwrap_err()
    );
    assert!(refusal.contains("its `describe` failed"), "{refusal}");
}

fn may_read(plugin: &Plugin) -> bool {
    plugin
        .grant()
        .allows(
            &gate::READ_FILE.row,
            &[gate::Demand::Path("/etc/os-release")],
        )
        .is_ok()
}

#[test]
fn the_operator_allows_capabilities_by_name() {
    let read =
        r#"(import "kubephase:plugin/observe-files@0.1.0" "read-file" (func (param i32 i32 i32)))"#;
    let component = with_manifest(
        guest(read, "", ""),
        &manifest(&["capability: observe-files.read-file, paths: ['/etc/os-release']"]),
    );
    let plugin = engine().load(component.clone()).unwrap();
    let refusal = plugin
        .allow(&["observe-files.stat".into()], &[])
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains(r#"["observe-files.read-file","paths","/etc/os-release"]: a test"#),
        "{refusal}"
    );
    assert!(!may_read(&plugin));
    plugin
        .allow(&["observe-files.read-file".into()], &[])
        .unwrap();
    assert!(may_read(&plugin));
}

/// The name of such a component is known only after a call, and a call needs compiling.
#[test]
fn a_component_without_a_manifest_is_shown_without_compiling_it() {
    let engine = engine();
    let plugin = engine.load_uncompiled(guest("", "", "")).unwrap();
    assert_eq!(
        (plugin.manifest().name.as_str(), engine.compiled_count()),
        ("unnamed", 0)
    );
    assert_eq!(
        engine.load(guest("", "", "")).unwrap().manifest().name,
        "hostile"
    );
    assert_eq!(engine.compiled_count(), 1);
}

#[test]
fn a_component_that_only_reports_is_a_check_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("check.wasm"), guest("", "", "")).unwrap();
    let (config, digest) = (
        folder.path().join("cluster.yaml"),
        crate::text::digest::sha256_hex(&guest("", "", "")),
    );
    let text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
        v1.36.2\n---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins: \
        [{name: hostile, source: check.wasm, digest: DIGEST}]\n";
    fs::write(&config, text.replace("DIGEST", &digest)).unwrap();
    let plan = prepare_init(&config, None).unwrap().plan;
    let planned = plan.node("preflight/hostile").unwrap();
    assert!(planned.state.runs());
    assert_eq!(
        planned.source,
        PhaseSource::Plugin {
            name: "hostile".into(),
            version: "0.0.0".into(),
            embedded: false
        }
    );
    let later = plan.node("certs/ca").unwrap();
    assert!(
        later
            .after
            .iter()
            .any(|earlier| earlier == "preflight/hostile"),
        "{:?}",
        later.after
    );
}

#[test]
fn a_component_for_another_version_is_refused_with_a_version_that_would_fit() {
    for (requires, expected) in [
        (
            "{host: '>=3.1'}",
            "it needs kubephase >=3.1, this is 0.1.0; the nearest version that would fit is 3.1.0",
        ),
        (
            "{interface: ^0.2}",
            "it needs the interface kubephase:plugin ^0.2, this is 0.1.0; the nearest version that \
             would fit is 0.2.0",
        ),
    ] {
        let manifest = format!("requires: {requires}\n{}", manifest(&[]));
        let message = refusal_of(&with_manifest(guest("", "", ""), &manifest));
        assert!(message.contains(expected), "{message}");
    }
    let fits = format!(
        "requires: {{host: '>=0.1, <2', interface: '0.1'}}\n{}",
        manifest(&[])
    );
    assert!(
        engine()
            .load(with_manifest(guest("", "", ""), &fits))
            .is_ok()
    );
}
