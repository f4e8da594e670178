//! The Kubernetes API.
use crate::{
    secret::Secret,
    world::{WorldResult, revision::Revision},
};
use kubephase_wit::ObjectRef;
use serde_json::Value;

/// The Kubernetes API, as the holder of a kubeconfig on the node sees it.
///
/// Methods fail with `not-found`, `already-exists`, `conflict`, `forbidden`, `unauthorized`,
/// `invalid`, or `unavailable` (retryable) if the API server does not answer.
pub trait Cluster: Send + Sync {
    /// Gets an object; `None` if it does not exist.
    fn get(&self, reference: &ObjectRef) -> WorldResult<Option<Value>>;
    /// Lists objects of a kind, in all namespaces if none is given. `selector` selects by labels.
    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> WorldResult<Vec<Value>>;
    /// Creates an object. Returns it as it was stored.
    fn create(&self, manifest: &Value) -> WorldResult<Value>;
    /// Replaces an object. Returns it as it was stored.
    fn replace(&self, manifest: &Value) -> WorldResult<Value>;
    /// Applies a manifest on the server, overriding other field managers. Returns the object as it
    /// was stored.
    fn server_side_apply(&self, manifest: &Value) -> WorldResult<Value>;
    /// Patches an object by a strategic merge patch. Returns it as it was stored.
    fn patch(&self, reference: &ObjectRef, patch: &Value) -> WorldResult<Value>;
    /// Deletes an object: only a revision of it, if one is given. Fails with `conflict` if the
    /// object has another revision.
    fn delete(&self, reference: &ObjectRef, only: Option<&Revision>) -> WorldResult<()>;
    /// Gets a URL, or a path at the kubeconfig's server, with the credentials of the kubeconfig.
    /// Returns the status code.
    fn probe(&self, kubeconfig: &str, url: &str) -> WorldResult<u16>;
    /// Returns the API with the credentials of another kubeconfig, given as text.
    fn as_holder_of(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>>;
    /// Returns the API with the credentials of a kubeconfig, given as text, whose file the operator
    /// named on the command line. Programs that the kubeconfig names to authenticate its user are
    /// run.
    fn as_operator(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        self.as_holder_of(kubeconfig)
    }
    /// Returns the API with the credentials of another kubeconfig of the node. Each request is
    /// tried once, for callers that wait and retry themselves.
    fn with_kubeconfig(&self, path: &str) -> WorldResult<Box<dyn Cluster>>;
}
