//! Single parts of this machine, for callers that do not need a whole [`Real`](super::Real).
use super::cri::Cri;
use crate::{
    cancel::Cancel,
    world::{
        Runtime,
        api::{ApiClient, Credentials, Endpoint, Resolver, RetryLimit},
        files::RootedFiles,
    },
};
use anyhow::{Context, Result};
use kubephase_sdk::net::Url;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::runtime::Handle;

/// Connects to every server at the address of this node's API server, or, without an address, at
/// the address of the server's URL. While a control plane starts, a load balancer in front of it
/// may not lead to it yet. kubeadm connects to the node's own address as well.
pub(super) struct OwnServerResolver(pub(super) Option<SocketAddr>);

impl Resolver for OwnServerResolver {
    fn endpoint(&self, _server: &Url) -> Option<Endpoint> {
        self.0.map(Endpoint::new)
    }
}

/// Returns the container runtime behind a socket.
pub fn runtime(handle: &Handle, socket: &str) -> impl Runtime {
    Cri::new(handle.clone(), socket, Cancel::never())
}

/// Returns the API server of a kubeconfig of this machine. Each request is tried once.
///
/// # Errors
/// The root of the file tree cannot be opened.
pub fn cluster(handle: &Handle, kubeconfig: &str) -> Result<ApiClient> {
    let credentials = Credentials::File(kubeconfig.to_owned());
    Ok(ApiClient::new(
        handle.clone(),
        Arc::new(files()?),
        credentials,
        Arc::new(direct_resolver()),
        RetryLimit::single_try(),
    ))
}

/// Returns a resolver that connects to servers at the addresses of their URLs.
pub fn direct_resolver() -> impl Resolver {
    OwnServerResolver(None)
}

/// Returns the file tree of this machine.
///
/// # Errors
/// Its root cannot be opened.
pub fn files() -> Result<RootedFiles> {
    RootedFiles::open(Path::new("/")).context("the file tree cannot be opened")
}
