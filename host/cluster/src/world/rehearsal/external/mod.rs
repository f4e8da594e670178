//! A real cluster that a machine would join. The machine reads it, and asks it for the result of
//! each change without making the change (server-side dry run); nothing there is changed. The
//! results are remembered in this process, and later reads return them. `dry_run_client` is the
//! API, `pending` has the results.
mod dry_run_client;
mod pending;

use super::etcd::EtcdMembers;
use crate::world::{
    Cluster,
    api::{ApiClient, Credentials, Endpoint, Resolver},
    real::etcd_pods,
};
use dry_run_client::DryRunClient;
use kubephase_sdk::net::Url;
use parking_lot::Mutex;
use pending::PendingObjects;
use std::{net::IpAddr, sync::Arc};

/// A real cluster that a machine would join.
pub struct ExternalCluster {
    resolver: Arc<dyn Resolver>,
    /// Whether the members of etcd were imported.
    imported: Mutex<bool>,
    /// The files that stand in for those that members of the control plane share.
    stand_ins: Option<StandIns>,
    pending: Arc<PendingObjects>,
}

/// Files that were made for a dry run, because the machine lacks those that all members of the
/// control plane share.
pub struct StandIns {
    pub files: Vec<String>,
    /// The kubeconfig that the cluster does not know, if its authority is among the files.
    pub unknown_kubeconfig: Option<String>,
}

impl ExternalCluster {
    /// Returns a cluster whose servers are resolved by `resolver`.
    pub fn new(resolver: Arc<dyn Resolver>, stand_ins: Option<StandIns>) -> ExternalCluster {
        ExternalCluster {
            resolver,
            imported: Mutex::default(),
            stand_ins,
            pending: Arc::default(),
        }
    }

    /// Returns the address of a server; `None` to use the address of its URL.
    pub fn endpoint(&self, server: &Url) -> Option<Endpoint> {
        self.resolver.endpoint(server)
    }

    /// Imports the members of etcd, unless that was done before: its Pods in the API stand for
    /// them. A dry run never speaks to etcd (kubeadm behaviour). Pods at `stale_addresses` are left
    /// out: they are of an earlier node.
    pub fn import_members(
        &self,
        members: &EtcdMembers,
        api: &dyn Cluster,
        stale_addresses: &[IpAddr],
    ) {
        let mut imported = self.imported.lock();
        if !*imported {
            members.import_pods(&etcd_pods(api).unwrap_or_default(), stale_addresses);
            *imported = true;
        }
    }

    /// Returns the parts of the cluster that were not checked.
    pub fn unchecked_parts(&self) -> Vec<String> {
        let etcd = self.imported.lock().then(|| {
            "whether the etcd cluster is healthy: a dry run does not speak to etcd".to_owned()
        });
        let keys = self.stand_ins.as_ref().map(|stand_ins| {
            format!(
                "whether this machine can join the control plane: {} missing here, and stood in \
                 for by files of this dry run; without them the join itself fails (give the \
                 certificate key that `init --upload-certs` printed, or copy them from a control \
                 plane)",
                enumeration(&stand_ins.files)
            )
        });
        etcd.into_iter().chain(keys).collect()
    }

    /// Returns the API as the holder of these credentials sees it.
    pub fn dry_run_client(&self, client: ApiClient, credentials: &Credentials) -> DryRunClient {
        let stand_ins = self.stand_ins.as_ref();
        DryRunClient::new(
            client.with_dry_run(),
            credentials,
            stand_ins.and_then(|stand_ins| stand_ins.unknown_kubeconfig.clone()),
            self.pending.clone(),
        )
    }
}

/// Returns the names in one line, with the verb that follows them.
fn enumeration(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(", "))
}

#[cfg(test)]
mod tests;
