//! The embedded cluster: an API server that checks certificates, tokens and RBAC for real, on
//! objects in memory.

mod admit;
mod apply;
mod controllers;
mod discovery;
mod policy;
mod protobuf;
mod rbac;
mod rest;
mod review;
mod select;
mod server;
mod shape;
mod signer;
mod status;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod tls;

pub use rest::Api;
pub use server::{Keeps, Server};
pub use signer::sign_by_nobody;
pub use store::place;

use crate::world::{Tried, api::MANAGER};
use kubephase_wit::Failure;
use serde_json::Value;

/// The object as it is after the program applied `wanted` to it, server-side.
///
/// # Errors
/// None that the program would run into: it insists on what it sets.
pub fn apply(current: Option<&Value>, wanted: &Value) -> Tried<Value> {
    apply::apply(current, wanted, MANAGER, true)
        .map_err(|error| Failure::new("invalid", error.message))
}

/// Whether a label selector is about an object; every one is, without a selector.
pub fn selects(selector: Option<&str>, object: &Value) -> bool {
    let query = selector
        .map(|selector| ("labelSelector".to_owned(), selector.to_owned()))
        .into_iter()
        .collect();
    select::Selectors::parse(&query).is_ok_and(|selectors| selectors.fit(object))
}
