//! The API of a machine without a cluster: it has no objects, and accepts every change without
//! keeping it.
use crate::{
    secret::Secret,
    world::{Cluster, WorldResult, revision::Revision},
};
use kubephase_wit::ObjectRef;
use serde_json::Value;

/// An API without objects that accepts every change.
pub struct NoCluster;

impl Cluster for NoCluster {
    fn get(&self, _reference: &ObjectRef) -> WorldResult<Option<Value>> {
        Ok(None)
    }

    fn list(
        &self,
        _api_version: &str,
        _kind: &str,
        _namespace: Option<&str>,
        _selector: Option<&str>,
    ) -> WorldResult<Vec<Value>> {
        Ok(Vec::new())
    }

    fn create(&self, manifest: &Value) -> WorldResult<Value> {
        Ok(manifest.clone())
    }

    fn replace(&self, manifest: &Value) -> WorldResult<Value> {
        Ok(manifest.clone())
    }

    fn server_side_apply(&self, manifest: &Value) -> WorldResult<Value> {
        Ok(manifest.clone())
    }

    fn patch(&self, _reference: &ObjectRef, patch: &Value) -> WorldResult<Value> {
        Ok(patch.clone())
    }

    fn delete(&self, _reference: &ObjectRef, _only: Option<&Revision>) -> WorldResult<()> {
        Ok(())
    }

    fn probe(&self, _kubeconfig: &str, _url: &str) -> WorldResult<u16> {
        Ok(200)
    }

    fn as_holder_of(&self, _kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        Ok(Box::new(NoCluster))
    }

    fn with_kubeconfig(&self, _path: &str) -> WorldResult<Box<dyn Cluster>> {
        Ok(Box::new(NoCluster))
    }
}
