//! Plugins that try to look like another origin: they are refused, or each line and event shows
//! which plugin it is from.
use super::{guest, prepare_init, with_manifest};
use crate::{
    cancel::Cancel,
    event::{Event, EventKind, RunResult, Subscriber},
    report::{lines::LinePrinter, style::Palette},
    run::prepare::PreparedRun,
    text::digest::sha256_hex,
    world::{World, fake::FakeWorld},
};
use kubephase_sdk::testing::Case;
use parking_lot::Mutex;
use std::{
    fs,
    io::{self, Write},
    sync::Arc,
};

const REPORT: &str = r#"
    (import "kubephase:plugin/report@0.1.0" "message" (func $message (param i32 i32 i32)))
    (import "kubephase:plugin/report@0.1.0" "submit"
        (func $submit (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
/// A guest that prints what only phases of the program print, and reports the check NumCPU as
/// passed and as failed.
const FORGE: &str = r#"
    (call $message (i32.const 1) (i32.const 2048) (i32.const 49))
    (call $submit (i32.const 2200) (i32.const 6) (i32.const 0) (i32.const 2300) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $submit (i32.const 2200) (i32.const 6) (i32.const 2) (i32.const 2300) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))"#;
const TEXTS: &str = r#"
    (data (i32.const 2048) "[show-join-command] kubeadm join x\0a[certs] forged")
    (data (i32.const 2200) "NumCPU")
    (data (i32.const 2300) "fine")"#;

/// Plans `init` with one plugin that provides phases of these ids.
fn prepare_phases(ids: &[&str]) -> anyhow::Result<PreparedRun> {
    let folder = tempfile::tempdir().unwrap();
    let provides: String = ids
        .iter()
        .map(|id| format!("- {{id: {id}, title: t, kind: check, workflow: [init]}}\n"))
        .collect();
    let manifest = format!("name: hostile\nversion: 1.2.3\nprovides:\n{provides}grants: []\n");
    let component = with_manifest(guest(REPORT, FORGE, TEXTS), &manifest);
    fs::write(folder.path().join("check.wasm"), &component).unwrap();
    let text =
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
        v1.36.2\nencryptionAlgorithm: ECDSA-P256\n---\napiVersion: kubephase.dev/v1alpha1\nkind: \
        PhaseConfiguration\nplugins: [{name: hostile, source: check.wasm, digest: DIGEST}]\n"
            .replace("DIGEST", &sha256_hex(&component));
    let config = folder.path().join("cluster.yaml");
    fs::write(&config, text).unwrap();
    let only = Some(vec!["preflight".to_owned()]);
    prepare_init(&config, only)
}

#[test]
fn a_plugin_that_takes_an_id_is_refused_before_the_run() {
    for id in [
        "preflight/resources",
        "preflight/runtime",
        "certs/ca",
        "certs",
        "wait-control-plane",
    ] {
        let refused = prepare_phases(&[id]).map(drop).unwrap_err();
        assert!(
            refused.is::<crate::plugin::refused::PluginRefused>(),
            "{id}: {refused:#}"
        );
        let message = refused.to_string();
        assert!(
            message.starts_with(&format!(
                "plugin hostile provides the phase {id}, but the built-in"
            )),
            "{message}"
        );
    }
    let refused = prepare_phases(&["preflight/hostile", "preflight/hostile"])
        .map(drop)
        .unwrap_err();
    assert!(
        refused.to_string().contains("is the id of two phases"),
        "{refused}"
    );
}

#[derive(Clone)]
struct Shared<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Shared(Arc::default())
    }
}

impl Write for Shared<u8> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Subscriber for Shared<Event> {
    fn on_event(&mut self, event: &Event) {
        self.0.lock().push(event.clone());
    }
}

impl Shared<u8> {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

/// Runs the checks on a machine with one processor. Returns the result, the events, standard output
/// and standard error.
fn run(ignored: &[&str]) -> (RunResult, Vec<Event>, String, String) {
    let root = tempfile::tempdir().unwrap();
    let case = Case::parse("node: {hostname: node-1, cpus: 1, memoryMib: 4096}").unwrap();
    let world = Arc::new(FakeWorld::new(&case, root.path()).unwrap());
    let mut prepared = prepare_phases(&["preflight/hostile"]).unwrap();
    let ignored = ignored.iter().map(ToString::to_string).collect();
    prepared
        .config
        .init
        .node_registration
        .ignore_preflight_errors = ignored;
    let (events, out, err) = (Shared::default(), Shared::default(), Shared::default());
    let subscribers = |plan: &crate::plan::Plan| -> Vec<Box<dyn Subscriber>> {
        let lines = LinePrinter::new(
            (out.clone(), Palette::PLAIN),
            (err.clone(), Palette::PLAIN),
            plan.builtin_ids(),
            false,
        );
        vec![Box::new(events.clone()), Box::new(lines)]
    };
    let run = prepared.complete(world.files(), &Cancel::never()).unwrap();
    let finished = run
        .execute(world, &|_| {}, subscribers, &Cancel::never())
        .unwrap();
    let seen = events.0.lock().clone();
    (finished.result, seen, out.text(), err.text())
}

fn of_hostile(text: &str) -> (Option<String>, String) {
    (Some("hostile".to_owned()), text.to_owned())
}

#[test]
fn a_built_in_failure_stays_fatal_whatever_a_plugin_finds() {
    let (result, events, out, err) = run(&["hostile/NumCPU"]);
    assert_eq!(result, RunResult::PreflightFailed);
    assert!(
        err.contains(
            "\t[ERROR NumCPU]: the number of available CPUs 1 is less than the required 2\n"
        ),
        "{err}"
    );
    assert!(
        err.contains("\t[WARNING hostile/NumCPU]: fine (plugin hostile)\n"),
        "{err}"
    );

    // The plugin's text appears under its own name, in one line, and nowhere else.
    let line = "[plugin hostile] [show-join-command] kubeadm join x\\n[certs] forged\n";
    assert!(out.contains(line), "{out}");
    assert!(
        !out.lines()
            .any(|line| line.starts_with("[show-join-command]") || line.starts_with("[certs]")),
        "{out}"
    );

    let origins = events.iter().filter_map(|event| match &event.kind {
        EventKind::Message {
            phase,
            plugin,
            label,
            ..
        } if phase == "preflight/hostile" => Some((plugin.clone(), label.clone())),
        EventKind::Finding {
            phase,
            plugin,
            finding,
            ..
        } if phase == "preflight/hostile" => Some((plugin.clone(), finding.code.clone())),
        _ => None,
    });
    assert_eq!(
        origins.collect::<Vec<_>>(),
        [
            of_hostile("plugin hostile"),
            of_hostile("hostile/NumCPU"),
            of_hostile("hostile/NumCPU")
        ]
    );
    // The program's own phases have no origin of a plugin.
    assert!(!events.iter().any(|event| matches!(
        &event.kind,
        EventKind::Finding { phase, plugin: Some(_), .. } if phase != "preflight/hostile"
    )));
}

#[test]
fn ignoring_a_built_in_check_does_not_ignore_a_plugins() {
    let (result, _, _, err) = run(&["NumCPU"]);
    assert_eq!(result, RunResult::PreflightFailed);
    assert!(err.contains("\t[WARNING NumCPU]: "), "{err}");
    assert!(
        err.contains("\t[ERROR hostile/NumCPU]: fine (plugin hostile)\n"),
        "{err}"
    );
}
