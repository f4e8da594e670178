//! The Kubernetes API, as the holder of a kubeconfig of the node sees it. All worlds use this one
//! client; a world only says at which address a server is reached.
//!
//! | module | content |
//! |---|---|
//! | `client` | the client |
//! | `credentials` | the kubeconfig that a client uses |
//! | `resolver` | at which address a server is reached |
//! | `retry_limit` | how long requests are tried |
//! | [`resources`] | the resources of the API that are known here, and their paths |
//! | `trust` | remedies for certificates that are not trusted |
//!
//! The trait [`Cluster`](super::Cluster) is in `world::parts`, the embedded API server in
//! `world::rehearsal`.

mod client;
mod credentials;
mod resolver;
pub mod resources;
mod retry_limit;
mod trust;

pub use client::ApiClient;
pub use credentials::Credentials;
pub use resolver::{Endpoint, Resolver};
pub use retry_limit::RetryLimit;

/// The remedy if the API server cannot be reached, and nothing else is known.
pub const UNREACHABLE_REMEDY: &str = "check that the API server runs, and that this machine can \
    reach the address in the kubeconfig";

/// The field manager of all changes, in `metadata.managedFields`.
pub const MANAGER: &str = "kubephase";
