//! Components of toolchains that always import WASI: they run, and a call of WASI ends the phase.
use super::{componentise, engine, guest_module, manifest, package, with_manifest, world};
use crate::{config::plugin_limits::Limits, plugin::inspect, run::access::Access};
use kubephase_wit::{Error, Outcome, phase::Host};

/// Interfaces of WASI, with a resource and a function of each of two versions.
const WASI: &str = "package wasi:cli@VERSION; interface environment { get-environment: func() -> \
    list<tuple<string, string>>; } interface stderr { resource output-stream { flush: func(); } \
    get-stderr: func() -> output-stream; }";
const WORLD: &str = "package local:plugin; world with-wasi { include \
    kubephase:plugin/plugin@0.1.0; import wasi:cli/environment@VERSION; import \
    wasi:cli/stderr@VERSION; }";

/// Makes a component that imports WASI of a version. `run` is the body of its function `run`.
fn component(version: &str, run: &str) -> Vec<u8> {
    let mut resolve = package();
    for (name, text) in [("wasi.wit", WASI), ("world.wit", WORLD)] {
        resolve
            .push_str(name, &text.replace("VERSION", version))
            .unwrap();
    }
    let imports = format!(
        r#"(import "wasi:cli/environment@{version}" "get-environment" (func $env (param i32)))
        (import "wasi:cli/stderr@{version}" "get-stderr" (func $stderr (result i32)))"#
    );
    let core = guest_module(&imports, run, "");
    with_manifest(
        componentise(&resolve, "local:plugin/with-wasi", &core),
        &manifest(&[]),
    )
}

#[test]
fn a_component_that_imports_wasi_runs_until_it_calls_it() {
    let interfaces =
        |version: &str| ["environment", "stderr"].map(|name| format!("wasi:cli/{name}@{version}"));
    for version in ["0.2.0", "0.2.6", "0.3.0"] {
        for (run, called) in [
            ("", None),
            ("(call $env (i32.const 1024))", Some("environment")),
            ("(drop (call $stderr))", Some("stderr")),
        ] {
            let bytes = component(version, run);
            let plugin = engine().load(bytes.clone()).unwrap();
            assert_eq!(plugin.wasi_imports(), interfaces(version));
            let report = inspect::render(&plugin, bytes.len(), "not signed");
            for interface in interfaces(version) {
                assert!(report.contains(&format!("\n  {interface}\n")), "{report}");
            }
            let root = tempfile::tempdir().unwrap();
            let access = Access::Granted(plugin.grant());
            let session = world::session_with_limits(root.path(), access, Limits::default());
            session.begin(0);
            let cancel = crate::cancel::Cancel::never();
            let mut phase = plugin.phase(session, Limits::default(), &cancel).unwrap();
            match (phase.run(), called) {
                (Ok(outcome), None) => assert_eq!(outcome, Outcome::Settled),
                (Err(Error::Stop(stop)), Some(name)) => {
                    let message = stop.to_string();
                    assert!(
                        message.contains(&format!("it called wasi:cli/{name}@{version}#get-"))
                            && message.contains("no function of WASI can be called"),
                        "{message}"
                    );
                }
                (other, _) => panic!("{version} {run}: {other:?}"),
            }
        }
    }
}
