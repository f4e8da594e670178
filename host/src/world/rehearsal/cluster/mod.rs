//! The embedded cluster: an API server that checks certificates, tokens and RBAC for real, on objects in memory.

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
mod signer;
mod status;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod tls;

pub use rest::Api;
pub use server::{Keeps, Server};
