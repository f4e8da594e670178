//! The container runtime of a node.
use crate::world::WorldResult;
use serde_json::Value;
use std::time::Duration;

/// The container runtime, over CRI.
///
/// Methods fail with `unavailable` if the runtime does not answer, and with `unimplemented` if the
/// runtime does not have the method.
pub trait Runtime: Send + Sync {
    /// Returns name, version and sandbox image of a runtime that is ready.
    fn status(&self) -> WorldResult<Value>;
    /// Returns the configuration that the runtime reports: its cgroup driver.
    fn config(&self) -> WorldResult<Value>;
    /// Whether an image is on the node.
    fn image_present(&self, image: &str) -> WorldResult<bool>;
    /// Pulls an image, with a few retries.
    fn pull(&self, image: &str) -> WorldResult<()>;
    /// Lists all containers, including those that ended.
    fn containers(&self) -> WorldResult<Vec<Container>>;
    /// Ends a container: asks it to shut down, and kills it if it still runs after `grace`. If
    /// `grace` is 0, it is killed at once. The kubelet starts it again.
    fn stop_container(&self, id: &str, grace: Duration) -> WorldResult<()>;
    /// Stops and removes all sandboxes of Pods. Returns how many there were.
    fn remove_sandboxes(&self) -> WorldResult<usize>;
    /// Returns the last lines of a container's log.
    fn log(&self, id: &str, lines: usize) -> WorldResult<Vec<String>>;
}

/// A container of the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its id in the runtime.
    pub id: String,
    /// Its name within its Pod: `kube-apiserver`.
    pub name: String,
    /// The namespace of its Pod: `kube-system`.
    pub namespace: String,
    /// The name of its Pod: `kube-apiserver-node1`.
    pub pod: String,
    /// The UID of its Pod. That of a static Pod is the hash of its manifest, which its mirror has
    /// as `kubernetes.io/config.hash`.
    pub pod_uid: String,
    /// Whether it runs.
    pub running: bool,
    /// The number of its restarts.
    pub attempt: u32,
    /// When it was made, in Unix seconds; `None` if the runtime does not say.
    pub created: Option<i64>,
}
