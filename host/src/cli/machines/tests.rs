use super::*;
use crate::{
    config::{ConfigFile, InitFlags},
    wasm::cache::Cache,
    world::{Etcd, EtcdMember, Tried, rehearsal::ExternalCluster},
};
use kubephase_wit::ObjectRef;

/// The etcd of a cluster that is only looked at.
struct Beside(Arc<Rehearsal>);

impl Etcd for Beside {
    fn members(&self) -> Tried<Vec<EtcdMember>> {
        self.0.etcd().members()
    }

    fn serves(&self, client_url: &str) -> Tried<bool> {
        self.0.etcd().serves(client_url)
    }

    fn add_learner(&self, _: &str) -> Tried<()> {
        unreachable!("nothing is changed there")
    }

    fn promote(&self, _: u64) -> Tried<()> {
        unreachable!("nothing is changed there")
    }

    fn remove(&self, _: u64) -> Tried<()> {
        unreachable!("nothing is changed there")
    }

    fn health(&self) -> Tried<(usize, usize)> {
        unreachable!("its members are looked at one by one")
    }
}

fn executed(prepared: &mut Prepared, world: &Arc<Rehearsal>) -> RunResult {
    init::execute(prepared, world.clone(), |_| Vec::new(), &Cancel::never())
        .unwrap()
        .finished
        .result
}

#[test]
fn a_control_plane_that_would_join_goes_all_the_way_and_changes_nothing_in_the_cluster() {
    let engine = Engine::with(
        Cache::at(Path::new("/dev/null")),
        crate::wasm::compiler::Compiler::ThisProcess,
    )
    .unwrap();
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/ha/cluster.yaml");
    let facts = NodeFacts {
        addresses: vec!["192.0.2.2".parse().unwrap()],
        ..NodeFacts::default()
    };
    let flags = InitFlags {
        upload_certs: true,
        ..InitFlags::default()
    };
    let mut prepared = init::prepare(
        Some(&ConfigFile::at(&example)),
        &flags,
        &facts,
        None,
        &engine,
    )
    .unwrap();
    let open = |root: &Path, facts: NodeFacts, prepared: &Prepared, common: ClusterState| {
        let (files, credentials) = (
            rehearsal::files(root, None).unwrap(),
            Credentials::of(&prepared.config),
        );
        let setting = Setting {
            files,
            facts,
            credentials,
            cluster: Arc::new(common),
            patience: Patience {
                time: TIME,
                cancel: Cancel::never(),
            },
            port: 0,
        };
        Arc::new(Rehearsal::open(tokio.handle(), setting).unwrap())
    };
    let world = open(
        first.path(),
        facts,
        &prepared,
        ClusterState::new(first.path()),
    );
    assert_eq!(executed(&mut prepared, &world), RunResult::Done);
    let there = || {
        let list =
            |version: &str, kind: &str| world.cluster().list(version, kind, None, None).unwrap();
        (
            list("v1", "Node"),
            list("certificates.k8s.io/v1", "CertificateSigningRequest"),
            world.etcd().members().unwrap(),
        )
    };
    let before = there();

    let machine = Machine {
        control_plane: true,
        number: 2,
    };
    let cluster = Cluster {
        world: &world,
        prepared: &prepared,
        root: first.path(),
        engine: &engine,
        handle: tokio.handle(),
        cancel: &Cancel::never(),
    };
    let certificate_key = Some(prepared.config.init.certificate_key.clone());
    let flags = JoinFlags {
        control_plane: true,
        certificate_key,
        ..cluster.invitation().unwrap()
    };
    let mut joining = join::prepare(
        None,
        &flags,
        &machine.facts(),
        None,
        &engine,
        world.as_ref(),
        &|_| (),
    )
    .unwrap();
    let outside = ExternalCluster::new(world.cluster_state(), Box::new(Beside(world.clone())));
    let node = open(
        second.path(),
        machine.facts(),
        &joining,
        ClusterState::with_external(second.path(), outside),
    );
    assert_eq!(executed(&mut joining, &node), RunResult::Done);

    let of = ObjectRef {
        api_version: "v1".into(),
        kind: "Node".into(),
        namespace: None,
        name: machine.name(),
    };
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
    assert!(there() == before, "{:?}", there());
}
