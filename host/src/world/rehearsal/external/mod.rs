//! A real cluster, as a machine sees it that would join it. It is read, and asked for the result of
//! each change without making it (server-side dry run); nothing there is changed. The results are
//! remembered in this process, and later reads return them.
//!
//! `dry_run_client` is the API, `pending` has the results.
mod dry_run_client;
mod pending;

use super::etcd::EtcdMembers;
use crate::world::{
    Cluster, Etcd, Tried,
    api::{ApiClient, Credentials, Endpoint, Resolver},
    real::etcd_pods,
};
use dry_run_client::DryRunClient;
use kubephase_sdk::net::Url;
use kubephase_wit::FailureCode;
use parking_lot::Mutex;
use pending::PendingObjects;
use std::sync::Arc;

/// A real cluster that a machine would join.
pub struct ExternalCluster {
    resolver: Arc<dyn Resolver>,
    etcd: Box<dyn Etcd>,
    /// Whether the members of etcd were imported.
    imported: Mutex<bool>,
    /// Why the members of etcd were not asked.
    unreachable_etcd: Mutex<Option<String>>,
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
            unreachable_etcd: Mutex::default(),
            pending: Arc::default(),
        }
    }

    /// Returns the address of a server; none to use the address of its URL.
    pub fn endpoint(&self, server: &Url) -> Option<Endpoint> {
        self.resolver.endpoint(server)
    }

    /// Imports the members of etcd, unless that was done before. A dry run needs no etcd (kubeadm
    /// behaviour): if it cannot be asked, its Pods in the API stand for the members.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn import_members(&self, members: &EtcdMembers, api: &dyn Cluster) -> Tried<()> {
        let mut imported = self.imported.lock();
        if *imported {
            return Ok(());
        }
        if let Err(failure) = members.import_from(self.etcd.as_ref()) {
            if failure.code == FailureCode::Cancelled {
                return Err(failure);
            }
            members.import_pods(&etcd_pods(api).unwrap_or_default());
            *self.unreachable_etcd.lock() = Some(failure.message);
        }
        *imported = true;
        Ok(())
    }

    /// Returns what was not checked because etcd could not be asked; none if it was asked, or was
    /// not needed.
    pub fn not_checked(&self) -> Option<String> {
        let reason = self.unreachable_etcd.lock();
        reason
            .as_ref()
            .map(|reason| format!("whether the etcd cluster is healthy ({reason})"))
    }

    /// Returns the API as the holder of these credentials sees it.
    pub fn dry_run_client(&self, client: ApiClient, credentials: &Credentials) -> DryRunClient {
        DryRunClient::new(client.with_dry_run(), credentials, self.pending.clone())
    }
}

#[cfg(test)]
mod tests;
