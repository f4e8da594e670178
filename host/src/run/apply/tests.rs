use crate::{
    cancel::Cancel,
    event::{Bus, RunResult},
    plan::{
        Node, Plan,
        spec::PhaseKind,
        testing::{self, INIT},
    },
    run::{
        access::Access,
        executor::{Executor, Ready},
        finding_policy::FindingPolicy,
        session::{RunContext, Session},
        worker_pool::Concurrency,
    },
    wasm::grant::Grant,
    world::{self, Cluster, Files, Net, Runtime, World, fake::FakeWorld},
};
use kubephase_sdk::{
    Failure, Finding, Native, Outcome, Verdict, effects_core, effects_files, json, report,
    spec::{Condition, WaitSpec},
    testing::Case,
};
use std::{path::Path, sync::Arc};

/// The second of its steps fails: a directory is where it writes a file.
fn half_way() -> Result<Outcome, Failure> {
    effects_files::write_file("/secret", b"for now")?;
    effects_files::write_file("/taken", b"no")?;
    effects_files::write_file("/later", b"no")?;
    let removal = effects_files::remove_file("/secret")?;
    effects_core::regardless(removal)?;
    Ok(Outcome::Settled)
}

/// Leaves a secret for another phase to remove.
fn opens() -> Result<Outcome, Failure> {
    effects_files::write_file("/left", b"for now")?;
    Ok(Outcome::Settled)
}

/// Waits for what does not come, and removes the secret.
fn cleans_up() -> Result<Outcome, Failure> {
    let condition = Condition::Bootstrapped {
        kubeconfig: "/none".into(),
    };
    effects_core::wait_until(&json(&WaitSpec {
        condition,
        timeout_seconds: 600,
    }))?;
    let removal = effects_files::remove_file("/left")?;
    effects_core::regardless(removal)?;
    Ok(Outcome::Settled)
}

/// Writes a key of the host's.
fn reaches() -> Result<Outcome, Failure> {
    effects_files::write_file("/etc/kubernetes/pki/ca.key", b"evil")?;
    Ok(Outcome::Settled)
}

/// Finds something that stands in the way.
fn finds() -> Result<Outcome, Failure> {
    let (code, summary) = ("Bad".to_owned(), "it is bad".to_owned());
    report::submit(&Finding {
        code,
        verdict: Verdict::Fail,
        summary,
        evidence: Vec::new(),
        remedy: None,
        url: None,
    });
    Ok(Outcome::Settled)
}

/// A world with a defect: it panics when its network is used, as every wait does.
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

fn node(id: &str, after: &[&str], finally: bool) -> Node {
    let mut node = testing::node(id, after);
    node.spec.finally = finally;
    node
}

fn function_of(id: &str) -> fn() -> Result<Outcome, Failure> {
    match id {
        "opens" | "changes" => opens,
        "finds" => finds,
        "cleans-up" => cleans_up,
        "reaches" => reaches,
        _ => half_way,
    }
}

/// Returns the files that a run of these phases leaves if one of them fails.
fn left(nodes: Vec<Node>, fails: &str) -> Vec<&'static str> {
    let root = tempfile::tempdir().unwrap();
    left_in(
        Arc::new(fake_world(root.path())),
        nodes,
        Concurrency::Exactly(1),
        fails,
    )
}

fn fake_world(root: &Path) -> FakeWorld {
    FakeWorld::new(&Case::parse("{}").unwrap(), root).unwrap()
}

/// A plugin that may write any file, as far as its grant says.
fn all_files() -> Access {
    let request = serde_json::json!({
        "capability": "effects-files.write-file",
        "reason": "r",
        "paths": ["/**"],
    });
    Access::Granted(Arc::new(Grant::new(
        "reaches",
        vec![serde_json::from_value(request).unwrap()],
    )))
}

#[test]
fn no_grant_lets_a_plugin_change_a_file_of_the_host() {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(fake_world(root.path()));
    left_in(
        world.clone(),
        vec![node("reaches", &[], false)],
        Concurrency::Exactly(1),
        "reaches",
    );
    assert!(world.files().stat("/etc/kubernetes").unwrap().is_none());
}

fn left_in(
    world: Arc<dyn World>,
    nodes: Vec<Node>,
    concurrency: Concurrency,
    fails: &str,
) -> Vec<&'static str> {
    let result = run(world.clone(), nodes, concurrency);
    assert!(
        matches!(&result, RunResult::Failed { phase, .. } if phase == fails),
        "{result:?}"
    );
    let files = world.files();
    ["/secret", "/left", "/later"]
        .into_iter()
        .filter(|path| files.stat(path).unwrap().is_some())
        .collect()
}

fn run(world: Arc<dyn World>, nodes: Vec<Node>, concurrency: Concurrency) -> RunResult {
    world.files().make_dir("/taken/by", 0o755).unwrap();
    let plan = Plan {
        workflow: INIT,
        nodes,
        groups: Vec::new(),
    };
    let shared = Arc::new(RunContext::new(
        world,
        Bus::new(Vec::new()),
        serde_json::json!({}),
    ));
    let executor = Executor {
        plan: &plan,
        shared: shared.clone(),
        config: &Default::default(),
        provide: &|node| {
            let access = if ["reaches", "changes"].contains(&node.id()) {
                all_files()
            } else {
                Access::BuiltIn
            };
            let session = Session::new(shared.clone(), node.id(), &serde_json::json!({}), access);
            Ready {
                phase: Box::new(Native::new(session.clone(), function_of(node.id()))),
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

fn check(id: &str, after: &[&str]) -> Node {
    {
        let mut node = testing::node(id, after);
        node.spec.kind = PhaseKind::Check;
        node
    }
}

#[test]
fn a_check_of_a_plugin_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(fake_world(root.path()));
    assert_eq!(
        run(
            world.clone(),
            vec![check("changes", &[])],
            Concurrency::Exactly(1)
        ),
        RunResult::PreflightFailed
    );
    assert!(world.files().stat("/left").unwrap().is_none());
    // The same is carried out for a phase.
    assert_eq!(
        run(
            world.clone(),
            vec![node("changes", &[], false)],
            Concurrency::Exactly(1)
        ),
        RunResult::Done
    );
    assert!(world.files().stat("/left").unwrap().is_some());
}

fn run_one_at_a_time(nodes: Vec<Node>) -> RunResult {
    let root = tempfile::tempdir().unwrap();
    run(
        Arc::new(fake_world(root.path())),
        nodes,
        Concurrency::Exactly(1),
    )
}

/// The result "preflight checks failed" promises that nothing was changed.
#[test]
fn a_check_that_fails_after_something_was_changed_is_a_phase_that_failed() {
    assert_eq!(
        run_one_at_a_time(vec![check("finds", &[])]),
        RunResult::PreflightFailed
    );
    let failed = run_one_at_a_time(vec![node("opens", &[], false), check("finds", &["opens"])]);
    assert!(
        matches!(&failed, RunResult::Failed { phase, .. } if phase == "finds"),
        "{failed:?}"
    );
}

#[test]
fn only_effects_that_are_wanted_in_any_case_are_applied_after_a_failure() {
    assert_eq!(
        left(vec![node("half-way", &[], false)], "half-way"),
        [""; 0]
    );
}

/// Another phase fails before the phase that cleans up begins. Without `finally`, that phase does
/// not begin.
#[test]
fn a_phase_that_cleans_up_begins_even_if_the_run_was_stopped() {
    for (finally, expected) in [(true, &[][..]), (false, &["/left"])] {
        let nodes = vec![
            node("opens", &[], false),
            node("half-way", &["opens"], false),
            node("cleans-up", &["opens"], finally),
        ];
        assert_eq!(left(nodes, "half-way"), expected);
    }
}

/// The phase may hold a place of a worker meanwhile, or not.
#[test]
fn a_phase_in_which_the_host_panics_fails_and_phases_that_need_it_do_not_begin() {
    for concurrency in [Concurrency::Exactly(1), Concurrency::Working(1)] {
        let root = tempfile::tempdir().unwrap();
        let nodes = vec![
            node("cleans-up", &[], false),
            node("opens", &["cleans-up"], false),
        ];
        assert_eq!(
            left_in(
                Arc::new(Defective(fake_world(root.path()))),
                nodes,
                concurrency,
                "cleans-up"
            ),
            [""; 0]
        );
    }
}
