//! Hostile and broken guests: each call ends with a message that names the guest and the reason.
mod limits;

use super::{engine, guest, manifest, with_manifest, world};
use crate::{
    cancel::Cancel,
    config::plugin_limits::Limits,
    run::{access::Access, session::Session},
    wasm::request::Request,
};
use kubephase_wit::{Error, FailureCode, Outcome, phase::Host};
use serde_json::json;
use std::time::Duration;

const MESSAGE: &str =
    r#"(import "kubephase:plugin/report@0.1.0" "message" (func $message (param i32 i32 i32)))"#;
const WRITE_FILE: &str = r#"(import "kubephase:plugin/effects-files@0.1.0" "write-file"
    (func $write (param i32 i32 i32 i32 i32)))"#;
const APPLY: &str = r#"(import "kubephase:plugin/effects-cluster@0.1.0" "apply-object"
    (func $apply (param i32 i32 i32)))"#;
const READ: &str = r#"(import "kubephase:plugin/observe-files@0.1.0" "read-file"
    (func $read (param i32 i32 i32)))"#;
const ANY_FILE: &str = "capability: effects-files.write-file, paths: ['/**']";

fn run_in(component: &[u8], allowed: &[&str], limits: Limits) -> (Result<Outcome, Error>, Session) {
    let plugin = engine().load(component.to_vec()).unwrap();
    let requests = plugin
        .manifest()
        .grants
        .iter()
        .filter(|request| allowed.contains(&request.capability.as_str()));
    let lines: Vec<String> = requests.flat_map(Request::lines).collect();
    plugin.allow(&[], &lines).unwrap_or_default();
    let root = tempfile::tempdir().unwrap();
    let session = world::session_with_limits(root.path(), Access::Granted(plugin.grant()), limits);
    session.begin(0);
    (
        plugin
            .phase(session.clone(), limits, &Cancel::never())
            .unwrap()
            .run(),
        session,
    )
}

fn limits_with_deadline(deadline: Duration) -> Limits {
    Limits {
        deadline,
        ..Limits::default()
    }
}

/// Returns the message with which a guest with this body is stopped.
fn run_until_stopped(imports: &str, run: &str, more: &str, grants: &[&str]) -> String {
    let component = with_manifest(guest(imports, run, more), &manifest(grants));
    let allowed: Vec<&str> = grants
        .iter()
        .filter_map(|grant| grant.strip_prefix("capability: ")?.split(',').next())
        .collect();
    match run_in(&component, &allowed, Limits::default()).0 {
        Err(Error::Stop(stop)) => stop.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_that_behaves_settles() {
    let component = with_manifest(guest("", "", ""), &manifest(&[]));
    assert_eq!(
        run_in(&component, &[], Limits::default()).0.unwrap(),
        Outcome::Settled
    );
}

#[test]
fn a_guest_ends_when_the_run_is_cancelled() {
    for (run, more) in [
        ("(loop (br 0))", ""),
        ("", "(func $forever (loop (br 0))) (start $forever)"),
    ] {
        let plugin = engine()
            .load(with_manifest(guest("", run, more), &manifest(&[])))
            .unwrap();
        let root = tempfile::tempdir().unwrap();
        let session = world::session_with_limits(
            root.path(),
            Access::Granted(plugin.grant()),
            Limits::default(),
        );
        session.begin(0);
        let cancel = Cancel::new();
        let mut phase = plugin.phase(session, Limits::default(), &cancel).unwrap();
        cancel.request();
        let Err(Error::Failure(failure)) = phase.run() else {
            panic!()
        };
        assert_eq!(failure.code, FailureCode::Cancelled);
    }
}

#[test]
fn a_backtrace_is_as_long_as_a_screen_and_a_line_a_function() {
    let calls: String = (0..60)
        .map(|depth| format!("(func $f{depth} (call $f{})) ", depth + 1))
        .collect();
    let name = "x".repeat(5000);
    let message = run_until_stopped(
        "",
        "(call $f0)",
        &format!("{calls} (func $f60 (call ${name})) (func ${name} unreachable)"),
        &[],
    );
    assert!((10..30).contains(&message.lines().count()), "{message}");
    assert!(message.lines().all(|line| line.len() < 400), "{message}");
}

#[test]
fn a_name_in_a_backtrace_makes_no_line_of_its_own() {
    let message = run_until_stopped(
        "",
        "(call $f)",
        r#"(func $f (@name "x\n[certs] FAKE\r\u{1b}[2J") unreachable)"#,
        &[],
    );
    assert!(message.contains("FAKE"), "{message}");
    assert!(
        message.lines().all(|line| !line.starts_with("[certs]")),
        "{message}"
    );
    assert!(!message.contains('\u{1b}'), "{message}");
}

#[test]
fn traps_are_reported_with_the_guests_own_names() {
    let deep = run_until_stopped(
        "",
        "(drop (call $deeper (i32.const 0)))",
        "(func $deeper (param i32) (result i32) (i32.add (i32.const 1) (call $deeper (local.get \
         0))))",
        &[],
    );
    assert!(deep.contains("its stack overflowed"), "{deep}");
    let broken = run_until_stopped(
        "",
        "(call $what_went_wrong)",
        "(func $what_went_wrong unreachable)",
        &[],
    );
    assert!(
        broken.starts_with("plugin hostile 1.2.3 was stopped in run:")
            && broken.contains("what_went_wrong"),
        "{broken}"
    );
}

#[test]
fn what_was_not_granted_fails_but_does_not_end_the_guest() {
    // The result of the call is the result of `run`.
    let apply = with_manifest(
        guest(
            APPLY,
            "(call $apply (i32.const 0) (i32.const 7) (i32.const 1024))",
            "",
        ),
        &manifest(&[]),
    );
    let (result, session) = run_in(&apply, &[], Limits::default());
    let Err(Error::Failure(failure)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        (
            "denied",
            "plugin hostile 1.2.3 was not granted effects-cluster.apply-object"
        )
    );
    assert!(session.take_proposals().is_empty());

    let read = guest(
        READ,
        "(call $read (i32.const 64) (i32.const 9) (i32.const 1024))",
        r#"(data (i32.const 64) "/root/key")"#,
    );
    let asked = "capability: observe-files.read-file, paths: ['/etc/*']";
    let (result, _) = run_in(
        &with_manifest(read.clone(), &manifest(&[asked])),
        &["observe-files.read-file"],
        Limits::default(),
    );
    let Err(Error::Failure(failure)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        failure.message,
        "plugin hostile was not granted observe-files.read-file of /root/key"
    );

    // A capability that the operator did not allow is not granted, whatever the manifest asks for.
    let (result, _) = run_in(
        &with_manifest(read, &manifest(&[asked])),
        &[],
        Limits::default(),
    );
    let Err(Error::Failure(failure)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        failure.message,
        "plugin hostile 1.2.3 was not granted observe-files.read-file"
    );
}

#[test]
fn a_link_shows_no_key_that_has_another_name() {
    let read = guest(
        READ,
        "(call $read (i32.const 64) (i32.const 9) (i32.const 1024))",
        r#"(data (i32.const 64) "/etc/link")"#,
    );
    let asked = "capability: observe-files.read-file, paths: ['/etc/**']";
    let plugin = engine()
        .load(with_manifest(read, &manifest(&[asked])))
        .unwrap();
    plugin
        .allow(&["observe-files.read-file".into()], &[])
        .unwrap();
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("etc/kubernetes")).unwrap();
    std::fs::write(root.path().join("etc/kubernetes/admin.conf"), "users").unwrap();
    for (target, message) in [
        (
            "/etc/kubernetes/admin.conf",
            "leads to /etc/kubernetes/admin.conf, which is never shown",
        ),
        ("/etc/../../../proc/self/environ", "cannot open /etc/link"),
    ] {
        let _ = std::fs::remove_file(root.path().join("etc/link"));
        std::os::unix::fs::symlink(target, root.path().join("etc/link")).unwrap();
        let (session, _) = world::session(
            json!({}),
            Vec::new(),
            root.path(),
            Access::Granted(plugin.grant()),
        );
        session.begin(0);
        let result = plugin
            .phase(session, Limits::default(), &Cancel::never())
            .unwrap()
            .run();
        let Err(Error::Failure(failure)) = result else {
            panic!("{target}: {result:?}")
        };
        assert!(failure.message.contains(message), "{failure:?}");
    }
}

#[test]
fn each_call_begins_anew() {
    let count = "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (if (i32.gt_u \
        (global.get $calls) (i32.const 1)) (then unreachable))";
    let component = with_manifest(
        guest("", count, "(global $calls (mut i32) (i32.const 0))"),
        &manifest(&[]),
    );
    let plugin = engine().load(component.clone()).unwrap();
    let root = tempfile::tempdir().unwrap();
    let (session, _) = world::session(
        json!({}),
        Vec::new(),
        root.path(),
        Access::Granted(plugin.grant()),
    );
    let mut phase = plugin
        .phase(session, Limits::default(), &Cancel::never())
        .unwrap();
    assert!(phase.run().is_ok() && phase.run().is_ok());
}
