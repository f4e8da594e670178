//! The plugins that are part of the program, and the released interface.
use super::*;

#[test]
fn the_default_plugins_are_small_granted_and_fit() {
    let engine = engine();
    let root = tempfile::tempdir().unwrap();
    for default in embedded::defaults() {
        let plugin = engine.load(default.bytes).unwrap();
        assert_eq!(plugin.manifest().name, default.name);
        assert!(
            default.bytes.len() < 448 << 10,
            "{}: {} bytes",
            default.name,
            default.bytes.len()
        );
        for request in &plugin.manifest().grants {
            assert!(plugin.grant().has(&request.capability));
        }
        let (session, _) = world::session(
            json!({}),
            Vec::new(),
            root.path(),
            Access::Granted(plugin.grant()),
        );
        assert_eq!(
            plugin
                .phase(session, Limits::default(), &Cancel::never())
                .unwrap()
                .describe()
                .unwrap()
                .name,
            default.name
        );
    }
}

/// A check compiled when this interface was first released. It never changes, because a component
/// that was compiled once has to run on every later host.
#[test]
fn a_guest_of_the_first_interface_runs() {
    let plugin = engine()
        .load(include_bytes!("../released/interface-0.1.0.wasm"))
        .unwrap();
    assert_eq!(plugin.manifest().name, "enough-memory");
    let root = tempfile::tempdir().unwrap();
    let settings = json!({"atLeastMib": 4096});
    let session = world::session_with(&settings, Access::Granted(plugin.grant()), root.path());
    session.begin(0);
    let outcome = plugin
        .phase(session.clone(), Limits::default(), &Cancel::never())
        .unwrap()
        .run();
    assert!(matches!(outcome, Ok(kubephase_wit::Outcome::Settled)));
    let findings = session.take_findings();
    assert_eq!(
        (findings[0].code.as_str(), findings[0].verdict),
        ("EnoughMemory", kubephase_wit::Verdict::Pass)
    );
}
