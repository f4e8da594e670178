use super::*;
use crate::{
    cancel::Cancel,
    config::Config,
    world::{Cluster, Files, Net, Node, World, fake::FakeWorld},
};
use kubephase_sdk::testing::Case;
use parking_lot::Mutex;
use serde_json::Value;

/// A world whose kubelet starts a new container for each that is stopped, or does not.
struct Machine {
    world: FakeWorld,
    containers: Mutex<Vec<Container>>,
    kubelet_works: bool,
}

impl World for Machine {
    fn files(&self) -> &dyn Files {
        self.world.files()
    }

    fn node(&self) -> &dyn Node {
        self.world.node()
    }

    fn net(&self) -> &dyn Net {
        self.world.net()
    }

    fn runtime(&self) -> &dyn Runtime {
        self
    }

    fn cluster(&self) -> &dyn Cluster {
        self.world.cluster()
    }
}

impl Runtime for Machine {
    fn containers(&self) -> WorldResult<Vec<Container>> {
        Ok(self.containers.lock().clone())
    }

    fn stop_container(&self, id: &str, grace: Duration) -> WorldResult<()> {
        assert!(grace > Duration::from_secs(1), "it gives up its lease");
        if id == "stuck" {
            return Err(Failure::new(FailureCode::Timeout, "the runtime is stuck"));
        }
        let mut containers = self.containers.lock();
        let stopped = containers.iter_mut().find(|container| container.id == id);
        let stopped = stopped.unwrap();
        stopped.running = false;
        let next = Container {
            id: format!("{id}-again"),
            running: true,
            ..stopped.clone()
        };
        containers.extend(self.kubelet_works.then_some(next));
        Ok(())
    }

    fn status(&self) -> WorldResult<Value> {
        unreachable!("only containers are asked for")
    }

    fn config(&self) -> WorldResult<Value> {
        unreachable!("only containers are asked for")
    }

    fn image_present(&self, _: &str) -> WorldResult<bool> {
        unreachable!("only containers are asked for")
    }

    fn pull(&self, _: &str) -> WorldResult<()> {
        unreachable!("only containers are asked for")
    }

    fn remove_sandboxes(&self) -> WorldResult<usize> {
        unreachable!("only containers are asked for")
    }

    fn log(&self, _: &str, _: usize) -> WorldResult<Vec<String>> {
        unreachable!("only containers are asked for")
    }
}

/// The answer of a healthy scheduler.
const HEALTHY: &str = "http: {'https://127.0.0.1:10259/livez': {status: 200, body: ok}}";

fn container(id: &str, name: &str, namespace: &str, pod: &str) -> Container {
    Container {
        id: id.into(),
        name: name.into(),
        namespace: namespace.into(),
        pod: pod.into(),
        running: true,
        ..Container::default()
    }
}

fn scheduler(id: &str) -> Container {
    container(id, "kube-scheduler", "kube-system", "kube-scheduler-quince")
}

fn machine(root: &std::path::Path, containers: Vec<Container>, kubelet_works: bool) -> Machine {
    Machine {
        world: FakeWorld::new(&Case::parse(HEALTHY).unwrap(), root).unwrap(),
        containers: Mutex::new(containers),
        kubelet_works,
    }
}

fn restart_scheduler(machine: &Machine) -> WorldResult<EffectOutcome> {
    stop_scheduler(machine, false)
}

fn stop_scheduler(machine: &Machine, is_awaited_later: bool) -> WorldResult<EffectOutcome> {
    let spec = RestartSpec {
        component: "kube-scheduler".into(),
        health_url: "https://127.0.0.1:10259/livez".into(),
        timeout_seconds: 1,
        is_awaited_later,
        if_renewed: None,
    };
    let (config, cancel) = (Config::default(), Cancel::never());
    restart(&spec, &Context::for_test(machine, &config, &cancel))
}

#[test]
fn only_the_static_pod_of_the_component_is_restarted() {
    let root = tempfile::tempdir().unwrap();
    let machine = machine(
        root.path(),
        vec![
            scheduler("a"),
            container("b", "kube-scheduler", "tenant", "kube-scheduler-quince"),
            container("c", "kube-scheduler", "kube-system", "second-scheduler-x"),
            container("d", "etcd", "kube-system", "etcd-quince"),
        ],
        true,
    );
    let done = restart_scheduler(&machine).unwrap();
    assert_eq!(done.applied, Applied::Changed);
    let running: Vec<String> = machine
        .containers()
        .unwrap()
        .into_iter()
        .filter(|container| container.running)
        .map(|container| container.id)
        .collect();
    assert_eq!(running, ["b", "c", "d", "a-again"]);
}

/// Several components start again in the same time.
#[test]
fn a_component_that_is_waited_for_later_is_only_stopped() {
    let root = tempfile::tempdir().unwrap();
    let machine = machine(root.path(), vec![scheduler("a")], false);
    let done = stop_scheduler(&machine, true).unwrap();
    assert_eq!(done.applied, Applied::Changed);
    let mut containers = machine.containers().unwrap().into_iter();
    assert!(containers.all(|container| !container.running));
}

#[test]
fn a_component_that_does_not_run_is_left_to_the_kubelet() {
    let root = tempfile::tempdir().unwrap();
    let done = restart_scheduler(&machine(root.path(), Vec::new(), true)).unwrap();
    assert!(matches!(done.applied, Applied::Skipped(_)), "{done:?}");
}

#[test]
fn a_kubelet_that_starts_nothing_is_reported() {
    let root = tempfile::tempdir().unwrap();
    let machine = machine(root.path(), vec![scheduler("a")], false);
    let failure = restart_scheduler(&machine).unwrap_err();
    assert_eq!(failure.code, FailureCode::Timeout);
    assert_eq!(
        failure.message,
        "kube-scheduler was ended to restart it, but the kubelet did not start it again within 1s; \
         make sure that the kubelet runs, and look at its log"
    );
}

#[test]
fn a_component_that_cannot_be_ended_uses_its_old_certificate() {
    let root = tempfile::tempdir().unwrap();
    let failure = restart_scheduler(&machine(root.path(), vec![scheduler("stuck")], true));
    assert_eq!(
        failure.unwrap_err().message,
        "kube-scheduler was not restarted and uses its old certificate until it is; restart it by \
         moving /etc/kubernetes/manifests/kube-scheduler.yaml away for 20 seconds: the runtime is \
         stuck"
    );
}

#[test]
fn a_component_that_is_unhealthy_afterwards_has_its_new_certificate() {
    let root = tempfile::tempdir().unwrap();
    let mut machine = machine(root.path(), vec![scheduler("a")], true);
    let sick = HEALTHY.replace("200", "503");
    machine.world = FakeWorld::new(&Case::parse(&sick).unwrap(), root.path()).unwrap();
    let message = restart_scheduler(&machine).unwrap_err().message;
    let expected = "kube-scheduler was restarted with its new certificate, but waiting for a \
                    healthy kube-scheduler at https://127.0.0.1:10259/livez timed out after 1s: ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_container_that_began_after_the_renewal_is_not_older() {
    let now = 1_800_000_000;
    let created = |created| Container {
        created,
        ..scheduler("a")
    };
    assert!(has_older(&[created(Some(now - 10))], now, now));
    assert!(!has_older(&[created(Some(now - 10))], now - 60, now));
    let both = [created(Some(now)), created(Some(now - 3600))];
    assert!(has_older(&both, now - 60, now));
    // The runtime does not say when it began.
    assert!(has_older(&[created(None)], now - 60, now));
    assert!(!has_older(&[created(None)], now - SHORT_WHILE - 1, now));
}
