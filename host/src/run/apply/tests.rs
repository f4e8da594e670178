//! The effects that are applied when a call, a phase or the host fails.
use crate::{
    cancel::Cancel,
    event::{Bus, RunResult},
    plan::{
        Plan, PlannedPhase,
        spec::PhaseKind,
        testing::{self, INIT},
    },
    run::{
        access::Access,
        executor::{Executor, ReadyPhase},
        finding_policy::FindingPolicy,
        session::{RunContext, Session},
        worker_pool::Concurrency,
    },
    wasm::grant::Grant,
    world::{self, Cluster, Files, Net, Runtime, World, fake::FakeWorld},
};
use kubephase_sdk::{
    Failure, Native, Outcome, effects_core, effects_files, finding, json, report,
    spec::{Condition, WaitSpec},
    testing::Case,
};
use std::{path::Path, sync::Arc};

/// Proposes four effects. The second fails, because `/taken` is a directory. The last one removes
/// the secret and is marked `regardless`.
fn fail_at_second_effect() -> Result<Outcome, Failure> {
    effects_files::write_file("/secret", b"for now")?;
    effects_files::write_file("/taken", b"no")?;
    effects_files::write_file("/later", b"no")?;
    let removal = effects_files::remove_file("/secret")?;
    effects_core::regardless(removal)?;
    Ok(Outcome::Settled)
}

/// Proposes a file, and its removal on failure. `fails` says whether an effect between them fails.
fn write_and_take_back(fails: bool) -> Result<Outcome, Failure> {
    effects_files::write_file("/secret", b"new")?;
    if fails {
        effects_files::write_file("/taken", b"no")?;
    }
    let removal = effects_files::remove_file("/secret")?;
    effects_core::on_failure(removal)?;
    Ok(Outcome::Settled)
}

fn write_and_fail() -> Result<Outcome, Failure> {
    write_and_take_back(true)
}

/// Fails, and has no proposal that undoes anything.
fn fail_between() -> Result<Outcome, Failure> {
    effects_files::write_file("/taken", b"no")?;
    Ok(Outcome::Settled)
}

fn write_only() -> Result<Outcome, Failure> {
    write_and_take_back(false)
}

/// Writes a secret, which another phase may remove.
fn write_secret() -> Result<Outcome, Failure> {
    effects_files::write_file("/left", b"for now")?;
    Ok(Outcome::Settled)
}

/// Waits for a kubeconfig that never exists, and removes the secret.
fn wait_then_remove_secret() -> Result<Outcome, Failure> {
    let condition = Condition::Kubelet {
        url: "http://127.0.0.1:1/healthz".into(),
    };
    effects_core::wait_until(&json(&WaitSpec {
        condition,
        timeout_seconds: 600,
    }))?;
    let removal = effects_files::remove_file("/left")?;
    effects_core::regardless(removal)?;
    Ok(Outcome::Settled)
}

/// Writes a key that belongs to the host.
fn write_key_of_host() -> Result<Outcome, Failure> {
    effects_files::write_file("/etc/kubernetes/pki/ca.key", b"evil")?;
    Ok(Outcome::Settled)
}

/// Reports a finding that fails the check.
fn report_failed_finding() -> Result<Outcome, Failure> {
    report::submit(&finding::fail("Bad", "it is bad"));
    Ok(Outcome::Settled)
}

/// A phase of a run: its description in the plan, its code, and whether it is a plugin's.
struct TestPhase {
    node: PlannedPhase,
    function: fn() -> Result<Outcome, Failure>,
    is_plugin: bool,
}

/// Returns a built-in phase, which begins when the phases `after` are done.
fn phase(id: &str, after: &[&str], function: fn() -> Result<Outcome, Failure>) -> TestPhase {
    TestPhase {
        node: testing::node(id, after),
        function,
        is_plugin: false,
    }
}

impl TestPhase {
    fn into_plugin(mut self) -> TestPhase {
        self.is_plugin = true;
        self
    }

    fn into_check(mut self) -> TestPhase {
        self.node.spec.kind = PhaseKind::Check;
        self
    }

    fn with_finally(mut self, finally: bool) -> TestPhase {
        self.node.spec.finally = finally;
        self
    }
}

/// A world whose network panics. Every wait uses the network.
struct Defective(FakeWorld);

impl World for Defective {
    fn files(&self) -> &dyn Files {
        self.0.files()
    }

    fn node(&self) -> &dyn world::Node {
        self.0.node()
    }

    fn net(&self) -> &dyn Net {
        panic!("a defect of the host")
    }

    fn runtime(&self) -> &dyn Runtime {
        self.0.runtime()
    }

    fn cluster(&self) -> &dyn Cluster {
        self.0.cluster()
    }
}

fn fake_world(root: &Path) -> FakeWorld {
    FakeWorld::new(&Case::parse("{}").unwrap(), root).unwrap()
}

/// Returns the access of a plugin whose grant covers every file.
fn access_to_all_files() -> Access {
    let request = serde_json::json!({
        "capability": "effects-files.write-file",
        "reason": "r",
        "paths": ["/**"],
    });
    Access::Granted(Arc::new(Grant::new(
        "own",
        vec![serde_json::from_value(request).unwrap()],
    )))
}

fn run(world: Arc<dyn World>, phases: Vec<TestPhase>, concurrency: Concurrency) -> RunResult {
    world.files().make_dir("/taken/by", 0o755).unwrap();
    let plan = Plan {
        workflow: INIT,
        nodes: phases.iter().map(|phase| phase.node.clone()).collect(),
        groups: Vec::new(),
    };
    let bus = Bus::new(Vec::new());
    let shared = Arc::new(RunContext::new(world, bus, serde_json::json!({})));
    let executor = Executor {
        components: &[],
        plan: &plan,
        shared: shared.clone(),
        config: &Default::default(),
        provide: &|node| {
            let phase = phases
                .iter()
                .find(|phase| phase.node.id() == node.id())
                .unwrap();
            let access = if phase.is_plugin {
                access_to_all_files()
            } else {
                Access::BuiltIn
            };
            let session = Session::new(shared.clone(), node.id(), &serde_json::json!({}), access);
            ReadyPhase {
                phase: Box::new(Native::new(session.clone(), phase.function)),
                session,
                plugin: None,
                headers: Vec::new(),
            }
        },
        finding_policy: &FindingPolicy::default(),
        started: 0,
        cancel: &Cancel::never(),
        concurrency,
        keep: &|_| {},
    };
    executor.execute().result
}

fn run_one_at_a_time(phases: Vec<TestPhase>) -> RunResult {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(fake_world(root.path()));
    run(world, phases, Concurrency::Exactly(1))
}

/// Runs the phases, expects that the phase `failed_phase` fails, and returns the files that are
/// left.
fn files_left_in(
    world: Arc<dyn World>,
    phases: Vec<TestPhase>,
    concurrency: Concurrency,
    failed_phase: &str,
) -> Vec<&'static str> {
    let result = run(world.clone(), phases, concurrency);
    assert!(
        matches!(&result, RunResult::Failed { phase, .. } if phase == failed_phase),
        "{result:?}"
    );
    let files = world.files();
    ["/secret", "/left", "/later"]
        .into_iter()
        .filter(|path| files.stat(path).unwrap().is_some())
        .collect()
}

/// Runs the phases like [`files_left_in`], in a new world, one phase at a time.
fn files_left_after(phases: Vec<TestPhase>, failed_phase: &str) -> Vec<&'static str> {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(fake_world(root.path()));
    files_left_in(world, phases, Concurrency::Exactly(1), failed_phase)
}

#[test]
fn a_plugin_with_a_grant_for_all_files_cannot_change_a_file_of_the_host() {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(fake_world(root.path()));
    let result = run(
        world.clone(),
        vec![phase("evil", &[], write_key_of_host).into_plugin()],
        Concurrency::Exactly(1),
    );
    assert!(
        matches!(&result, RunResult::Failed { phase, .. } if phase == "evil"),
        "{result:?}"
    );
    assert!(world.files().stat("/etc/kubernetes").unwrap().is_none());
}

#[test]
fn a_check_of_a_plugin_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(fake_world(root.path()));
    let plugin = || phase("changes", &[], write_secret).into_plugin();
    assert_eq!(
        run(
            world.clone(),
            vec![plugin().into_check()],
            Concurrency::Exactly(1)
        ),
        RunResult::PreflightFailed
    );
    assert!(world.files().stat("/left").unwrap().is_none());
    // A phase of another kind may apply this proposal.
    assert_eq!(
        run(world.clone(), vec![plugin()], Concurrency::Exactly(1)),
        RunResult::Done
    );
    assert!(world.files().stat("/left").unwrap().is_some());
}

/// The result "preflight checks failed" promises that nothing was changed. So a run that has
/// changed something does not have this result.
#[test]
fn a_check_that_fails_after_something_was_changed_is_a_phase_that_failed() {
    let check = |after: &[&str]| phase("check", after, report_failed_finding).into_check();
    assert_eq!(
        run_one_at_a_time(vec![check(&[])]),
        RunResult::PreflightFailed
    );
    let failed = run_one_at_a_time(vec![phase("writes", &[], write_secret), check(&["writes"])]);
    assert!(
        matches!(&failed, RunResult::Failed { phase, .. } if phase == "check"),
        "{failed:?}"
    );
}

#[test]
fn only_regardless_effects_are_applied_after_a_failure() {
    let left = files_left_after(vec![phase("fails", &[], fail_at_second_effect)], "fails");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_was_done_is_taken_back_only_after_a_failure() {
    let left = files_left_after(vec![phase("fails", &[], write_and_fail)], "fails");
    assert!(left.is_empty(), "{left:?}");
    let phases = vec![
        phase("writes", &[], write_only),
        phase("fails", &["writes"], fail_between),
    ];
    assert_eq!(files_left_after(phases, "fails"), ["/secret"]);
}

/// Without `finally`, the phase that removes the secret does not begin after the failure.
#[test]
fn a_finally_phase_begins_after_another_phase_failed() {
    for (finally, expected) in [(true, Vec::<&str>::new()), (false, vec!["/left"])] {
        let phases = vec![
            phase("writes", &[], write_secret),
            phase("fails", &["writes"], fail_at_second_effect),
            phase("removes", &["writes"], wait_then_remove_secret).with_finally(finally),
        ];
        assert_eq!(files_left_after(phases, "fails"), expected);
    }
}

/// With `Exactly`, a waiting phase occupies a worker; with `Working`, it does not.
#[test]
fn a_phase_in_which_the_host_panics_fails_and_phases_that_need_it_do_not_begin() {
    for concurrency in [Concurrency::Exactly(1), Concurrency::Working(1)] {
        let root = tempfile::tempdir().unwrap();
        let world = Arc::new(Defective(fake_world(root.path())));
        let phases = vec![
            phase("waits", &[], wait_then_remove_secret),
            phase("writes", &["waits"], write_secret),
        ];
        let left = files_left_in(world, phases, concurrency, "waits");
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn the_reason_stands_at_the_end_of_a_warning_whatever_its_path_is() {
    let filled = super::fill_in_reason("cannot remove /opt/a{}b: {}", "it is busy");
    assert_eq!(filled, "cannot remove /opt/a{}b: it is busy");
    assert_eq!(super::fill_in_reason("cannot", "it is busy"), "cannot");
}
