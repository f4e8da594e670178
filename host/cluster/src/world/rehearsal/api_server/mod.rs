//! The embedded API server. It checks certificates, tokens and RBAC as a real one does, on objects
//! in memory.
//!
//! | module | content |
//! |---|---|
//! | `server` | HTTPS on loopback, by the settings of a static Pod |
//! | `requests` | requests to the API, from their path to the store |
//! | `store` | objects in memory |
//! | `shape` | checks of the shape of objects that clients send |
//! | `admission` | checks and defaults of objects that are to be stored |
//! | `rbac`, `policy` | authorization, and the roles that every cluster has |
//! | `server_side_apply` | field managers |
//! | `controllers`, `signer` | what the controller manager does in every cluster |
//! | `discovery`, `review`, `table` | answers that are not objects of the store |
//! | `protobuf`, `selectors` | parts of requests |
//! | `status` | answers that are errors |
//! | `tls` | certificates of the server and of its clients |
//!
//! The client of the API is in `world::api`.

mod admission;
mod controllers;
mod discovery;
mod policy;
mod protobuf;
mod rbac;
mod requests;
mod review;
mod selectors;
mod server;
mod server_side_apply;
mod shape;
mod signer;
mod status;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod tls;

pub use requests::ApiState;
pub use server::{ApiServer, ServedObjects, StartOptions};
pub use signer::sign_with_throwaway_authority;
pub use store::namespace_and_name;

use crate::world::{WorldResult, api::MANAGER};
use kubephase_wit::{Failure, FailureCode};
use serde_json::Value;

/// Returns the object `current` after this program has applied a manifest to it, server-side.
///
/// # Errors
/// `invalid` if the manifest or the object is not valid. Conflicts with other field managers are
/// overridden.
pub fn apply(current: Option<&Value>, manifest: &Value) -> WorldResult<Value> {
    server_side_apply::apply(current, manifest, MANAGER, true)
        .map_err(|error| Failure::new(FailureCode::Invalid, error.message))
}

/// Whether a label selector selects an object. Without a selector every object is selected.
pub fn selects(selector: Option<&str>, object: &Value) -> bool {
    let query = selector
        .map(|selector| ("labelSelector".to_owned(), selector.to_owned()))
        .into_iter()
        .collect();
    selectors::Selectors::parse(&query).is_ok_and(|selectors| selectors.matches(object))
}
