//! A real cluster, as a machine sees it that would join it. It is read, and asked for the result of
//! each change without making it (server-side dry run); nothing there is changed. The results are
//! remembered in this process, and later reads return them.
//!
//! `dry_run_client` is the API, `pending` has the results.
mod dry_run_client;
mod pending;

use super::etcd::EtcdMembers;
use crate::world::{
    Etcd, Tried,
    api::{ApiClient, Credentials, Endpoint, Resolver},
};
use dry_run_client::DryRunClient;
use parking_lot::Mutex;
use pending::PendingObjects;
use std::sync::Arc;
use url::Url;

/// A real cluster that a machine would join.
pub struct ExternalCluster {
    resolver: Arc<dyn Resolver>,
    etcd: Box<dyn Etcd>,
    /// Whether the members of etcd were imported.
    imported: Mutex<bool>,
    pending: Arc<PendingObjects>,
}

impl ExternalCluster {
    /// Returns a cluster whose servers are resolved by `resolver`. The members of its `etcd` are
    /// only listed.
    pub fn new(resolver: Arc<dyn Resolver>, etcd: Box<dyn Etcd>) -> ExternalCluster {
        ExternalCluster {
            resolver,
            etcd,
            imported: Mutex::default(),
            pending: Arc::default(),
        }
    }

    /// Returns the address of a server; none to use the address of its URL.
    pub fn endpoint(&self, server: &Url) -> Option<Endpoint> {
        self.resolver.endpoint(server)
    }

    /// Imports the members of etcd, unless that succeeded before.
    ///
    /// # Errors
    /// `unavailable` if the members cannot be listed, or too few of them serve.
    pub fn import_members(&self, members: &EtcdMembers) -> Tried<()> {
        let mut imported = self.imported.lock();
        if !*imported {
            members.import_from(self.etcd.as_ref())?;
            *imported = true;
        }
        Ok(())
    }

    /// Returns the API as the holder of these credentials sees it.
    pub fn dry_run_client(&self, client: ApiClient, credentials: &Credentials) -> DryRunClient {
        DryRunClient::new(client.with_dry_run(), credentials, self.pending.clone())
    }
}

#[cfg(test)]
mod tests;
