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
    fn containers(&self) -> Tried<Vec<Container>> {
        Ok(self.containers.lock().clone())
    }

    fn stop_container(&self, id: &str, grace: Duration) -> Tried<()> {
        assert!(grace > Duration::from_secs(1), "it gives up its lease");
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

    fn status(&self) -> Tried<Value> {
        unreachable!("only containers are asked for")
    }

    fn config(&self) -> Tried<Value> {
        unreachable!("only containers are asked for")
    }

    fn image_present(&self, _: &str) -> Tried<bool> {
        unreachable!("only containers are asked for")
    }

    fn pull(&self, _: &str) -> Tried<()> {
        unreachable!("only containers are asked for")
    }

    fn remove_sandboxes(&self) -> Tried<usize> {
        unreachable!("only containers are asked for")
    }

    fn log(&self, _: &str, _: usize) -> Tried<Vec<String>> {
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
        attempt: 0,
    }
}

fn machine(root: &std::path::Path, containers: Vec<Container>, kubelet_works: bool) -> Machine {
    Machine {
        world: FakeWorld::new(&Case::parse(HEALTHY).unwrap(), root).unwrap(),
        containers: Mutex::new(containers),
        kubelet_works,
    }
}

fn restart_scheduler(machine: &Machine) -> Tried<Done> {
    let spec = RestartSpec {
        component: "kube-scheduler".into(),
        health_url: "https://127.0.0.1:10259/livez".into(),
        timeout_seconds: 1,
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
            container(
                "a",
                "kube-scheduler",
                "kube-system",
                "kube-scheduler-quince",
            ),
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

#[test]
fn a_component_that_does_not_run_is_left_to_the_kubelet() {
    let root = tempfile::tempdir().unwrap();
    let done = restart_scheduler(&machine(root.path(), Vec::new(), true)).unwrap();
    assert!(matches!(done.applied, Applied::Skipped(_)), "{done:?}");
}

#[test]
fn a_kubelet_that_starts_nothing_is_reported() {
    let root = tempfile::tempdir().unwrap();
    let pod = container(
        "a",
        "kube-scheduler",
        "kube-system",
        "kube-scheduler-quince",
    );
    let failure = restart_scheduler(&machine(root.path(), vec![pod], false)).unwrap_err();
    assert_eq!(failure.code, FailureCode::Timeout);
    assert_eq!(
        failure.message,
        "the kubelet did not start kube-scheduler again within 1s"
    );
}
