use super::*;
use crate::secret::Secret;
use parking_lot::Mutex;

/// A cluster that keeps what is written to it.
#[derive(Default)]
struct Kept(Mutex<Vec<Value>>);

impl Kept {
    fn put(&self, manifest: &Value) {
        let of = reference(manifest).unwrap();
        self.delete(&of).unwrap();
        self.0.lock().push(manifest.clone());
    }

    fn has(&self, of: &ObjectRef) -> bool {
        self.get(of).unwrap().is_some()
    }
}

impl Cluster for Kept {
    fn get(&self, of: &ObjectRef) -> Tried<Option<Value>> {
        let objects = self.0.lock();
        let found = objects
            .iter()
            .find(|object| reference(object).unwrap() == *of);
        Ok(found.cloned())
    }

    fn list(&self, _: &str, _: &str, _: Option<&str>, _: Option<&str>) -> Tried<Vec<Value>> {
        unreachable!()
    }

    fn create(&self, manifest: &Value) -> Tried<Value> {
        self.put(manifest);
        Ok(manifest.clone())
    }

    fn replace(&self, manifest: &Value) -> Tried<Value> {
        self.create(manifest)
    }

    fn server_side_apply(&self, manifest: &Value) -> Tried<Value> {
        self.create(manifest)
    }

    fn patch(&self, of: &ObjectRef, patch: &Value) -> Tried<Value> {
        let mut object = self.get(of)?.unwrap();
        json_patch::merge(&mut object, patch);
        self.create(&object)
    }

    fn delete(&self, of: &ObjectRef) -> Tried<()> {
        let mut objects = self.0.lock();
        objects.retain(|object| reference(object).unwrap() != *of);
        Ok(())
    }

    fn probe(&self, _: &str, _: &str) -> Tried<u16> {
        unreachable!()
    }

    fn as_holder_of(&self, _: &Secret<String>) -> Tried<Box<dyn Cluster>> {
        unreachable!()
    }

    fn with_kubeconfig(&self, _: &str) -> Tried<Box<dyn Cluster>> {
        unreachable!()
    }
}

const NAMESPACE: &str = "kubephase-plugin-own";

fn claim(identity: &str, namespace: Option<&str>) -> Claim {
    let mark = Mark {
        plugin: "own".into(),
        identity: identity.into(),
    };
    Claim {
        mark,
        namespace: namespace.map(Into::into),
    }
}

fn config_map(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": namespace},
        "data": {"a": "b"},
    })
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
}

#[test]
fn a_plugin_changes_what_the_host_made_for_it() {
    let (cluster, of) = (Kept::default(), reference(&config_map("default")).unwrap());
    let claim = claim("a", None);
    for data in ["b", "c"] {
        let mut manifest = config_map("default");
        manifest["data"]["a"] = data.into();
        for if_exists in [IfExists::Update, IfExists::Apply] {
            claim.ensure(&manifest, if_exists, &cluster).unwrap();
            let kept = cluster.get(&of).unwrap().unwrap();
            assert!(
                kept["data"]["a"] == data && claim.mark.is_on(&kept),
                "{kept}"
            );
        }
    }
    let patch = json!({"metadata": {"labels": null}, "data": {"a": "d"}});
    claim.patch(&of, &patch, &cluster).unwrap();
    let kept = cluster.get(&of).unwrap().unwrap();
    assert!(
        kept["data"]["a"] == "d" && claim.mark.is_on(&kept),
        "{kept}"
    );
    claim.delete(&of, &cluster).unwrap();
    assert!(!cluster.has(&of));
}

#[test]
fn a_plugin_changes_nothing_that_somebody_else_made() {
    let of = reference(&config_map("default")).unwrap();
    let mut of_namesake = config_map("default");
    claim("other", None).mark.put_on(&mut of_namesake);
    for current in [config_map("default"), of_namesake] {
        let cluster = Kept::default();
        cluster.put(&current);
        let claim = claim("a", None);
        let mut manifest = config_map("default");
        manifest["data"]["a"] = "evil".into();
        let tried = [
            claim.ensure(&manifest, IfExists::Update, &cluster),
            claim.ensure(&manifest, IfExists::Apply, &cluster),
            claim.patch(&of, &json!({"data": {"a": "evil"}}), &cluster),
            claim.delete(&of, &cluster),
        ];
        for done in tried {
            let failure = done.unwrap_err();
            assert!(
                failure.code == kubephase_wit::FailureCode::Denied
                    && failure.message.contains("configmaps default/x"),
                "{failure:?}"
            );
        }
        assert_eq!(cluster.get(&of).unwrap(), Some(current));
    }
}

#[test]
fn a_plugin_writes_in_no_namespace_that_somebody_else_made() {
    let claim = claim("a", Some(NAMESPACE));
    let manifest = config_map(NAMESPACE);
    let of = reference(&manifest).unwrap();
    let cluster = Kept::default();
    cluster.put(&namespace());
    let failure = claim
        .ensure(&manifest, IfExists::Update, &cluster)
        .unwrap_err();
    assert!(
        failure.message.contains("namespaces kubephase-plugin-own"),
        "{failure:?}"
    );
    assert!(claim.delete(&of, &cluster).is_err() && !cluster.has(&of));

    let cluster = Kept::default();
    let of_namespace = Claim {
        namespace: None,
        ..claim.clone()
    };
    of_namespace
        .ensure(&namespace(), IfExists::Update, &cluster)
        .unwrap();
    claim.ensure(&manifest, IfExists::Update, &cluster).unwrap();
    assert!(cluster.has(&of));
}
