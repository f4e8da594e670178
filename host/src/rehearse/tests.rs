use super::*;
use crate::{
    config::{ConfigFile, InitFlags},
    run::{prepare::PreparedRun, threads::Threads},
    wasm::{cache::Cache, compiler::Compiler, engine::Engine},
    workflow::{
        builtin_catalog,
        init::{self, Init},
    },
    world::{
        EtcdMember,
        rehearsal::{ClusterState, ExternalCluster},
    },
};
use kubephase_wit::ObjectRef;
use serde_json::Value;

/// Completes and executes a run. Returns its configuration and its result.
fn execute(prepared: PreparedRun, world: &Arc<Rehearsal>) -> (Config, RunResult) {
    let run = prepared.complete(world.files(), &Cancel::never()).unwrap();
    let finished = run
        .execute(world.clone(), &|_| {}, |_| Vec::new(), &Cancel::never())
        .unwrap();
    (run.prepared.config, finished.result)
}

/// Opens the machine of a scratch tree.
fn open(
    handle: &Handle,
    root: &Path,
    facts: NodeFacts,
    config: &Config,
    cluster: ClusterState,
) -> Arc<Rehearsal> {
    let setting = Setting {
        files: rehearsal::files(root, None).unwrap(),
        has_all_files: false,
        facts,
        credentials: Credentials::for_run(config),
        cluster: Arc::new(cluster),
        retry_limit: RetryLimit {
            duration: API_TIME,
            cancel: Cancel::never(),
        },
        port: 0,
    };
    Arc::new(Rehearsal::open(handle, setting).unwrap())
}

/// Plans the `init` of the example with several control planes, which shares its certificates.
fn prepare_init(distribution: &Distribution<'_>, facts: &NodeFacts) -> PreparedRun {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/ha/cluster.yaml");
    let file = ConfigFile::at(&example);
    let flags = InitFlags {
        upload_certs: true,
        ignore_preflight_errors: vec!["Swap".into()],
        ..InitFlags::default()
    };
    let loaded = init::load(Some(&file), &flags, facts).unwrap();
    prepare(distribution, &Init, loaded, Some(&file), None).unwrap()
}

/// Returns the objects and members that a join could change in the cluster.
fn state_of(world: &Rehearsal) -> (Vec<Value>, Vec<Value>, Vec<EtcdMember>) {
    let [nodes, requests] = [
        ("v1", "Node"),
        ("certificates.k8s.io/v1", "CertificateSigningRequest"),
    ]
    .map(|(version, kind)| world.cluster().list(version, kind, None, None).unwrap());
    (nodes, requests, world.etcd().members().unwrap())
}

/// Plans the join of a machine with the join command that `init` prints.
fn prepare_join(cluster: &RehearsedCluster<'_>, machine: Machine) -> PreparedRun {
    let flags = JoinFlags {
        control_plane: machine.control_plane,
        certificate_key: Some(cluster.config.init.certificate_key.clone()),
        ..cluster.join_flags().unwrap()
    };
    let source = ClusterSource {
        file: None,
        flags: &flags,
        is_named: false,
    };
    let loaded = join::load(&source, &machine.facts(), cluster.world, &Steps::NONE).unwrap();
    prepare(cluster.distribution, &Join, loaded, None, None).unwrap()
}

#[test]
fn a_rehearsed_join_of_a_control_plane_succeeds_and_changes_nothing_in_the_cluster() {
    let engine = Engine::with(
        Cache::open_at(Path::new("/dev/null")),
        Compiler::ThisProcess,
    )
    .unwrap();
    let distribution = Distribution::new(&engine, builtin_catalog()).unwrap();
    let threads = Threads::start().unwrap();
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let facts = NodeFacts {
        addresses: vec!["192.0.2.2".parse().unwrap()],
        ..NodeFacts::default()
    };
    let prepared = prepare_init(&distribution, &facts);
    let cluster_state = ClusterState::new(first.path());
    let world = open(
        threads.handle(),
        first.path(),
        facts,
        &prepared.config,
        cluster_state,
    );
    let (config, result) = execute(prepared, &world);
    assert_eq!(result, RunResult::Done);
    let before = state_of(&world);

    let machine = Machine {
        control_plane: true,
        number: 2,
    };
    let cluster = RehearsedCluster {
        world: &world,
        config: &config,
        root: first.path(),
        distribution: &distribution,
        handle: threads.handle(),
        cancel: &Cancel::never(),
    };
    let joining = prepare_join(&cluster, machine);
    let registration = &joining.config.init.node_registration;
    assert_eq!(
        registration.ignore_preflight_errors,
        ["swap"],
        "what is ignored on the first machine"
    );
    let external = ExternalCluster::new(world.cluster_state(), None);
    let cluster_state = ClusterState::with_external(second.path(), external);
    let version = joining.config.cluster.kubernetes_version.clone();
    let node = open(
        threads.handle(),
        second.path(),
        fill_kubelet_version(&version, machine.facts()),
        &joining.config,
        cluster_state,
    );
    assert_eq!(execute(joining, &node).1, RunResult::Done);
    assert_is_member(&node, machine);
    assert!(state_of(&world) == before, "{:?}", state_of(&world));
}

/// Checks that a machine serves, and that the cluster has it as a member of the control plane.
fn assert_is_member(node: &Rehearsal, machine: Machine) {
    let of = ObjectRef::node(machine.name());
    let marked = node.cluster().get(&of).unwrap().unwrap();
    assert!(
        marked["metadata"]["labels"]
            .get("node-role.kubernetes.io/control-plane")
            .is_some(),
        "{marked}"
    );
    let etcd = String::from_utf8(
        node.files()
            .read("/etc/kubernetes/manifests/etcd.yaml")
            .unwrap(),
    )
    .unwrap();
    assert!(
        etcd.contains(
            "control-plane-1=https://192.0.2.2:2380,control-plane-2=https://198.19.0.2:2380"
        ),
        "{etcd}"
    );
    let members = node.etcd().members().unwrap();
    assert!(
        members.len() == 2 && members.iter().all(|member| !member.learner),
        "{members:?}"
    );
    assert!(node.endpoint().is_some(), "its API server serves");
}
