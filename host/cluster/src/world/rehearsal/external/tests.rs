use super::*;
use crate::world::{
    Cluster, Files, api::RetryLimit, files::RootedFiles, object_ref::reference,
    rehearsal::kubelet::KUBECONFIG,
};
use kubephase_wit::{FailureCode, ObjectRef};
use serde_json::{Value, json};

/// A resolver of a cluster that no test asks.
struct NoResolver;

impl Resolver for NoResolver {
    fn endpoint(&self, _: &Url) -> Option<Endpoint> {
        None
    }
}

/// A client whose kubeconfig the cluster does not know, so that only earlier changes answer.
struct Fixture {
    client: DryRunClient,
    files: Arc<RootedFiles>,
    _tokio: tokio::runtime::Runtime,
    _root: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Fixture {
        Fixture::with(Credentials::File(KUBECONFIG.into()), None)
    }

    fn with(credentials: Credentials, stand_ins: Option<StandIns>) -> Fixture {
        let tokio = tokio::runtime::Runtime::new().unwrap();
        let root = tempfile::tempdir().unwrap();
        let files = Arc::new(RootedFiles::open(root.path()).unwrap());
        let client = ApiClient::new(
            tokio.handle().clone(),
            files.clone(),
            credentials.clone(),
            Arc::new(NoResolver),
            RetryLimit::single_try(),
        );
        let cluster = ExternalCluster::new(Arc::new(NoResolver), stand_ins);
        Fixture {
            client: cluster.dry_run_client(client, &credentials),
            files,
            _tokio: tokio,
            _root: root,
        }
    }
}

fn config_map(data: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "b", "labels": {"of": "x"}},
        "data": data,
    })
}

fn config_map_reference() -> ObjectRef {
    reference(&config_map(json!({}))).unwrap()
}

#[test]
fn changes_add_up() {
    let fixture = Fixture::new();
    let (client, object) = (&fixture.client, config_map_reference());
    assert_eq!(client.get(&object).unwrap(), None);
    assert_eq!(
        client.patch(&object, &json!({})).unwrap_err().code,
        FailureCode::NotFound
    );
    client.create(&config_map(json!({"one": "1"}))).unwrap();
    assert_eq!(
        client.create(&config_map(json!({}))).unwrap_err().code,
        FailureCode::AlreadyExists
    );
    client
        .patch(&object, &json!({"data": {"two": "2"}}))
        .unwrap();
    client
        .server_side_apply(&config_map(json!({"three": "3"})))
        .unwrap();
    assert_eq!(
        client.get(&object).unwrap().unwrap()["data"],
        json!({"one": "1", "two": "2", "three": "3"})
    );
}

#[test]
fn new_objects_are_listed_and_selected() {
    let fixture = Fixture::new();
    fixture.client.create(&config_map(json!({}))).unwrap();
    for (namespace, selector, count) in [
        (None, None, 1),
        (Some("b"), Some("of=x"), 1),
        (Some("b"), Some("of=y"), 0),
        (Some("c"), None, 0),
    ] {
        let listed = fixture
            .client
            .list("v1", "ConfigMap", namespace, selector)
            .unwrap();
        assert_eq!(listed.len(), count, "{namespace:?} {selector:?}");
    }
}

#[test]
fn a_deleted_object_can_be_created_again() {
    let fixture = Fixture::new();
    let (client, object) = (&fixture.client, config_map_reference());
    client.create(&config_map(json!({}))).unwrap();
    client.delete(&object, None).unwrap();
    assert_eq!(client.get(&object).unwrap(), None);
    assert!(
        client
            .list("v1", "ConfigMap", None, None)
            .unwrap()
            .is_empty()
    );
    client.create(&config_map(json!({}))).unwrap();
    assert!(client.get(&object).unwrap().is_some());
}

#[test]
fn clients_with_other_credentials_see_the_same_changes() {
    let fixture = Fixture::new();
    fixture.client.create(&config_map(json!({}))).unwrap();
    fixture.files.write(KUBECONFIG, b"", 0o600, None).unwrap();
    let other = fixture.client.with_kubeconfig(KUBECONFIG).unwrap();
    let missing = ObjectRef {
        name: "missing".into(),
        ..config_map_reference()
    };
    assert!(other.get(&config_map_reference()).unwrap().is_some());
    assert_eq!(
        other.get(&missing).unwrap(),
        None,
        "the cluster is not asked, because it does not know the kubeconfig"
    );
}

#[test]
fn a_dry_run_needs_no_etcd() {
    let fixture = Fixture::new();
    let cluster = ExternalCluster::new(Arc::new(NoResolver), None);
    let log = crate::world::rehearsal::persistence::ClusterLog::new("/".as_ref());
    let members = EtcdMembers::new(Arc::new(log));
    assert!(cluster.unchecked_parts().is_empty());
    cluster.import_members(&members, &fixture.client, &[]);
    let notes = cluster.unchecked_parts();
    assert!(
        notes.len() == 1 && notes[0].starts_with("whether the etcd cluster is healthy"),
        "{notes:?}"
    );
}

#[test]
fn keys_that_stand_in_for_missing_ones_are_named_and_no_cluster_knows_their_kubeconfig() {
    let stand_ins = || StandIns {
        files: vec!["/p/ca.crt".into(), "/p/sa.key".into()],
        unknown_kubeconfig: Some("/p/admin.conf".into()),
    };
    let fixture = Fixture::with(Credentials::File("/p/admin.conf".into()), Some(stand_ins()));
    assert_eq!(
        fixture.client.get(&config_map_reference()).unwrap(),
        None,
        "the cluster is not asked"
    );
    let cluster = ExternalCluster::new(Arc::new(NoResolver), Some(stand_ins()));
    let notes = cluster.unchecked_parts();
    assert!(
        notes.len() == 1 && notes[0].contains("/p/ca.crt, /p/sa.key are missing here"),
        "{notes:?}"
    );
}
