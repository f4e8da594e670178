//! The API of a machine without a cluster: it has no objects, and accepts every change without
//! keeping it.
use crate::{
    secret::Secret,
    world::{Cluster, Tried, revision::Revision},
};
use kubephase_wit::ObjectRef;
use serde_json::Value;

/// An API without objects that accepts every change.
pub struct NoCluster;

impl Cluster for NoCluster {
    fn get(&self, _reference: &ObjectRef) -> Tried<Option<Value>> {
        Ok(None)
    }

    fn list(
        &self,
        _api_version: &str,
        _kind: &str,
        _namespace: Option<&str>,
        _selector: Option<&str>,
    ) -> Tried<Vec<Value>> {
        Ok(Vec::new())
    }

    fn create(&self, manifest: &Value) -> Tried<Value> {
        Ok(manifest.clone())
    }

    fn replace(&self, manifest: &Value) -> Tried<Value> {
        Ok(manifest.clone())
    }

    fn server_side_apply(&self, manifest: &Value) -> Tried<Value> {
        Ok(manifest.clone())
    }

    fn patch(&self, _reference: &ObjectRef, patch: &Value) -> Tried<Value> {
        Ok(patch.clone())
    }

    fn delete(&self, _reference: &ObjectRef, _only: Option<&Revision>) -> Tried<()> {
        Ok(())
    }

    fn probe(&self, _kubeconfig: &str, _url: &str) -> Tried<u16> {
        Ok(200)
    }

    fn as_holder_of(&self, _kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>> {
        Ok(Box::new(NoCluster))
    }

    fn with_kubeconfig(&self, _path: &str) -> Tried<Box<dyn Cluster>> {
        Ok(Box::new(NoCluster))
    }
}
