use crate::{
    cancel::Cancel,
    phase::catalog::Workflow,
    plan::{Node, Plan, sample},
    run::{
        access::Access,
        crew::Places,
        event::{Bus, RunResult},
        executor::{Executor, Ready},
        judge::Judge,
        session::{Session, Shared},
    },
    wasm::{grant::Grant, manifest::FailurePolicy},
    world::{self, Cluster, Files, Net, Runtime, World, fake::FakeWorld},
};
use kubephase_sdk::{
    Failure, Native, Outcome, Phase, PhaseInfo, effects_core, effects_files, json,
    spec::{Condition, WaitSpec},
    testing::Case,
};
use kubephase_wit::phase::Host;
use std::{path::Path, sync::Arc};

/// Of its steps the second fails: there is a directory where a file is to be.
struct HalfWay;

impl Phase for HalfWay {
    fn describe() -> PhaseInfo {
        info("half-way")
    }

    fn run() -> Result<Outcome, Failure> {
        effects_files::write_file("/secret", b"for now")?;
        effects_files::write_file("/taken", b"no")?;
        effects_files::write_file("/later", b"no")?;
        let removal = effects_files::remove_file("/secret")?;
        effects_core::regardless(removal)?;
        Ok(Outcome::Settled)
    }
}

/// Leaves a secret for another to remove.
struct Opens;

impl Phase for Opens {
    fn describe() -> PhaseInfo {
        info("opens")
    }

    fn run() -> Result<Outcome, Failure> {
        effects_files::write_file("/left", b"for now")?;
        Ok(Outcome::Settled)
    }
}

/// Waits for what does not come, and removes the secret.
struct Tidies;

impl Phase for Tidies {
    fn describe() -> PhaseInfo {
        info("tidies")
    }

    fn run() -> Result<Outcome, Failure> {
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
}

/// Writes a key of the host's.
struct Reaches;

impl Phase for Reaches {
    fn describe() -> PhaseInfo {
        info("reaches")
    }

    fn run() -> Result<Outcome, Failure> {
        effects_files::write_file("/etc/kubernetes/pki/ca.key", b"evil")?;
        Ok(Outcome::Settled)
    }
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

fn info(name: &str) -> PhaseInfo {
    PhaseInfo {
        name: name.into(),
        summary: String::new(),
        annotations: Vec::new(),
    }
}

fn node(id: &str, after: &[&str], tidies: bool) -> Node {
    Node {
        tidies,
        ..sample::node(id, after)
    }
}

fn made(id: &str, session: Session) -> Box<dyn Host + Send> {
    match id {
        "opens" => Box::new(Native::<Opens, _>::new(session)),
        "tidies" => Box::new(Native::<Tidies, _>::new(session)),
        "reaches" => Box::new(Native::<Reaches, _>::new(session)),
        _ => Box::new(Native::<HalfWay, _>::new(session)),
    }
}

/// What a run of these leaves of the secrets and of what comes later, where one of them fails.
fn left(nodes: Vec<Node>, fails: &str) -> Vec<&'static str> {
    let root = tempfile::tempdir().unwrap();
    left_in(
        Arc::new(imagined(root.path())),
        nodes,
        Places::Exactly(1),
        fails,
    )
}

fn imagined(root: &Path) -> FakeWorld {
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
fn a_plugin_does_not_reach_what_is_the_hosts_whatever_it_was_granted() {
    let root = tempfile::tempdir().unwrap();
    let world = Arc::new(imagined(root.path()));
    left_in(
        world.clone(),
        vec![node("reaches", &[], false)],
        Places::Exactly(1),
        "reaches",
    );
    assert!(world.files().stat("/etc/kubernetes").unwrap().is_none());
}

fn left_in(
    world: Arc<dyn World>,
    nodes: Vec<Node>,
    places: Places,
    fails: &str,
) -> Vec<&'static str> {
    world.files().make_dir("/taken/by", 0o755).unwrap();
    let plan = Plan {
        workflow: Workflow::Init,
        nodes,
        groups: Vec::new(),
    };
    let shared = Arc::new(Shared::new(
        world,
        Bus::new(Vec::new()),
        serde_json::json!({}),
    ));
    let executor = Executor {
        plan: &plan,
        shared: shared.clone(),
        config: &Default::default(),
        provide: &|node| {
            let access = if node.id == "reaches" {
                all_files()
            } else {
                Access::BuiltIn
            };
            let session = Session::new(shared.clone(), &node.id, &serde_json::json!({}), access);
            Ready {
                phase: made(&node.id, session.clone()),
                session,
                plugin: None,
                policy: FailurePolicy::Fail,
                headers: Vec::new(),
            }
        },
        judge: &Judge::default(),
        started: 0,
        cancel: &Cancel::never(),
        places,
    };
    assert!(matches!(executor.execute().result, RunResult::Failed { phase, .. } if phase == fails));
    let files = shared.world.files();
    ["/secret", "/left", "/later"]
        .into_iter()
        .filter(|path| files.stat(path).unwrap().is_some())
        .collect()
}

#[test]
fn what_is_to_be_done_regardless_is_done_after_a_failure_and_nothing_else_is() {
    assert_eq!(
        left(vec![node("half-way", &[], false)], "half-way"),
        [""; 0]
    );
}

/// Another phase fails before the one that tidies up begins; one that does not tidy up is not
/// begun.
#[test]
fn what_a_phase_leaves_open_is_put_away_even_where_the_run_was_stopped() {
    let nodes = |tidies| {
        vec![
            node("opens", &[], false),
            node("half-way", &["opens"], false),
            node("tidies", &["opens"], tidies),
        ]
    };
    let with = |tidies| left(nodes(tidies), "half-way");
    assert_eq!(with(true), [""; 0]);
    assert_eq!(with(false), ["/left"]);
}

/// Whether it holds a place while it does or not.
#[test]
fn where_the_host_panics_for_a_phase_that_fails_and_what_needs_it_is_not_begun() {
    for places in [Places::Exactly(1), Places::Working(1)] {
        let root = tempfile::tempdir().unwrap();
        let nodes = vec![
            node("tidies", &[], false),
            node("opens", &["tidies"], false),
        ];
        assert_eq!(
            left_in(
                Arc::new(Defective(imagined(root.path()))),
                nodes,
                places,
                "tidies"
            ),
            [""; 0]
        );
    }
}
