//! A cluster whose objects are a fixed list: for test cases of plugins, and for objects that a
//! backup has.
use crate::{
    secret::Secret,
    world::{Cluster, WorldResult, object_ref::reference, rehearsal::selects, revision::Revision},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;

/// A cluster whose objects are a fixed list. It answers the holders of any credentials, and
/// refuses changes.
#[derive(Clone)]
pub struct FixedObjects(pub Vec<Value>);

fn refuse_writing<T>() -> WorldResult<T> {
    Err(Failure::new(
        FailureCode::Denied,
        "the objects of this cluster are a fixed list",
    ))
}

/// Whether an object is of a kind, and in a namespace if one is given.
fn is_listed(object: &Value, api_version: &str, kind: &str, namespace: Option<&str>) -> bool {
    object["apiVersion"] == api_version
        && object["kind"] == kind
        && namespace.is_none_or(|namespace| object["metadata"]["namespace"] == namespace)
}

impl Cluster for FixedObjects {
    fn get(&self, wanted: &ObjectRef) -> WorldResult<Option<Value>> {
        let found = self
            .0
            .iter()
            .find(|object| reference(object).is_ok_and(|found| found == *wanted));
        Ok(found.cloned())
    }

    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> WorldResult<Vec<Value>> {
        Ok(self
            .0
            .iter()
            .filter(|object| is_listed(object, api_version, kind, namespace))
            .filter(|object| selects(selector, object))
            .cloned()
            .collect())
    }

    fn create(&self, _manifest: &Value) -> WorldResult<Value> {
        refuse_writing()
    }

    fn replace(&self, _manifest: &Value) -> WorldResult<Value> {
        refuse_writing()
    }

    fn server_side_apply(&self, _manifest: &Value) -> WorldResult<Value> {
        refuse_writing()
    }

    fn patch(&self, _reference: &ObjectRef, _patch: &Value) -> WorldResult<Value> {
        refuse_writing()
    }

    fn delete(&self, _reference: &ObjectRef, _only: Option<&Revision>) -> WorldResult<()> {
        refuse_writing()
    }

    fn probe(&self, _kubeconfig: &str, _path: &str) -> WorldResult<u16> {
        Ok(200)
    }

    fn with_kubeconfig(&self, _path: &str) -> WorldResult<Box<dyn Cluster>> {
        refuse_writing()
    }

    fn as_holder_of(&self, _kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        Ok(Box::new(self.clone()))
    }
}
