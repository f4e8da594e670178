use super::*;
use crate::world::{Files, NoEtcd, api::Patience, files::RootedFiles};
use serde_json::json;

struct Nowhere;

impl Dial for Nowhere {
    fn endpoint(&self, _: &url::Url) -> Option<Endpoint> {
        None
    }
}

/// What is made here is looked at, selected, changed and removed here; nobody else is asked.
#[test]
fn what_would_be_is_as_it_would_be() {
    let (tokio, root) = (
        tokio::runtime::Runtime::new().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let (files, credentials) = (
        Arc::new(RootedFiles::open(root.path()).unwrap()),
        Credentials::File(kubelet::KUBECONFIG.into()),
    );
    let client = ApiClient::new(
        tokio.handle().clone(),
        files.clone(),
        credentials.clone(),
        Arc::new(Nowhere),
        Patience::none(),
    );
    let seen = Outside::new(Arc::new(Nowhere), Box::new(NoEtcd)).seen(client, &credentials);
    let map = |data: Value| {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "b", "labels": {"of": "x"}},
            "data": data,
        })
    };
    let of = reference(&map(json!({}))).unwrap();
    assert_eq!(seen.get(&of).unwrap(), None);
    assert_eq!(seen.patch(&of, &json!({})).unwrap_err().code, "not-found");
    seen.create(&map(json!({"one": "1"}))).unwrap();
    assert_eq!(
        seen.create(&map(json!({}))).unwrap_err().code,
        "already-exists"
    );
    seen.patch(&of, &json!({"data": {"two": "2"}})).unwrap();
    seen.server_side_apply(&map(json!({"three": "3"}))).unwrap();
    assert_eq!(
        seen.get(&of).unwrap().unwrap()["data"],
        json!({"one": "1", "two": "2", "three": "3"})
    );
    for (namespace, selector, count) in [
        (None, None, 1),
        (Some("b"), Some("of=x"), 1),
        (Some("b"), Some("of=y"), 0),
        (Some("c"), None, 0),
    ] {
        assert_eq!(
            seen.list("v1", "ConfigMap", namespace, selector)
                .unwrap()
                .len(),
            count,
            "{namespace:?} {selector:?}"
        );
    }
    seen.delete(&of).unwrap();
    assert_eq!(
        (
            seen.get(&of).unwrap(),
            seen.list("v1", "ConfigMap", None, None).unwrap()
        ),
        (None, vec![])
    );
    seen.create(&map(json!({}))).unwrap();
    assert!(seen.get(&of).unwrap().is_some());
    files.write(kubelet::KUBECONFIG, b"", 0o600, None).unwrap();
    let again = seen.with_kubeconfig(kubelet::KUBECONFIG).unwrap();
    let another = ObjectRef {
        name: "another".into(),
        ..of.clone()
    };
    assert_eq!(
        (
            again.get(&of).unwrap().is_some(),
            again.get(&another).unwrap()
        ),
        (true, None),
        "whoever asks so is not known"
    );
}
