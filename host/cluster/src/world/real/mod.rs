//! The machine that this program runs on.
//!
//! | module | content |
//! |---|---|
//! | `machine` | facts, kernel parameters, modules and programs |
//! | [`services`] | services of the init system |
//! | [`programs`] | where programs are found, and in which environment they run |
//! | [`child`] | running programs |
//! | `capabilities` | which rights of root a program has |
//! | `supervisor` | ends all processes that a program leaves behind |
//! | `net` | the network |
//! | `cri` | the container runtime |
//! | [`image_import`] | images for the container runtime without a registry |
//! | `etcd` | the cluster's etcd |
//! | `mounts`, `sysctl` | mounts and kernel parameters |
//! | `connections` | single parts of this machine, for callers that do not need a whole world |
//!
//! Files are in [`world::files`](super::files), the API's client is in [`world::api`](super::api).
mod capabilities;
pub mod child;
mod connections;
mod cri;
mod etcd;
pub mod image_import;
mod machine;
pub mod mounts;
pub(in crate::world) mod net;
pub mod programs;
pub mod services;
mod supervisor;
mod sysctl;

use super::{
    Cluster, Etcd, Files, Net, Node, Runtime, World, WorldResult,
    api::{ApiClient, Credentials, RetryLimit},
    files::RootedFiles,
    node::facts::NodeFacts,
};
use crate::{secret::configuration::Config, text::system_error::go_words};
use anyhow::Result;
use connections::OwnServerResolver;
pub use connections::{cluster, direct_resolver, files, runtime};
use cri::Cri;
use etcd::RealEtcd;
pub use etcd::{EtcdPod, etcd_endpoints, etcd_pods};
use kubephase_sdk::{kubeadm::ApiEndpoint, net::parse_address};
use kubephase_wit::{Failure, FailureCode};
use machine::RealNode;
use net::RealNet;
use services::Tools;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::runtime::Handle;

/// The machine that this program runs on, as a world.
pub struct Real {
    files: Arc<RootedFiles>,
    node: RealNode,
    net: RealNet,
    runtime: Cri,
    api: ApiClient,
    etcd: RealEtcd<ApiClient>,
}

/// Returns the address that this node's own API server listens on.
fn own_server(endpoint: &ApiEndpoint) -> Option<SocketAddr> {
    Some(SocketAddr::new(
        parse_address(&endpoint.advertise_address)?,
        u16::try_from(endpoint.bind_port).ok()?,
    ))
}

impl Real {
    /// Opens this machine. `retry_limit` limits how long requests to the API are tried; its
    /// cancellation ends all work on this machine.
    ///
    /// # Errors
    /// The root of the file tree cannot be opened.
    pub fn open(
        handle: &Handle,
        facts: NodeFacts,
        config: &Config,
        retry_limit: &RetryLimit,
    ) -> Result<Real> {
        let (files, cancel) = (Arc::new(files()?), &retry_limit.cancel);
        let net = RealNet::new(handle.clone(), facts.environment.clone(), cancel.clone());
        // A node that joins or is upgraded asks the API servers of its kubeconfig: its own does not
        // exist yet, or is restarted.
        let address = if config.join.is_none() && config.upgrade.is_none() {
            own_server(&config.init.local_api_endpoint)
        } else {
            None
        };
        let api = ApiClient::new(
            handle.clone(),
            files.clone(),
            Credentials::for_run(config),
            Arc::new(OwnServerResolver(address)),
            retry_limit.clone(),
        );
        let etcd = RealEtcd {
            handle: handle.clone(),
            files: files.clone(),
            cluster: api.clone(),
            directory: config.cluster.certificates_dir.clone(),
            cancel: cancel.clone(),
        };
        let runtime = Cri::new(
            handle.clone(),
            &config.init.node_registration.cri_socket,
            cancel.clone(),
        );
        Ok(Real {
            files,
            node: RealNode::new(facts, Tools::new(cancel)),
            net,
            runtime,
            api,
            etcd,
        })
    }

    /// Returns this machine, where programs that authenticate the user of this kubeconfig are run.
    #[must_use]
    pub fn with_programs_of(self, named: Credentials) -> Real {
        let etcd = RealEtcd {
            cluster: self.etcd.cluster.with_programs_of(named.clone()),
            ..self.etcd
        };
        Real {
            api: self.api.with_programs_of(named),
            etcd,
            ..self
        }
    }
}

impl World for Real {
    fn files(&self) -> &dyn Files {
        self.files.as_ref()
    }

    fn node(&self) -> &dyn Node {
        &self.node
    }

    fn net(&self) -> &dyn Net {
        &self.net
    }

    fn runtime(&self) -> &dyn Runtime {
        &self.runtime
    }

    fn cluster(&self) -> &dyn Cluster {
        &self.api
    }

    fn etcd(&self) -> &dyn Etcd {
        &self.etcd
    }
}

#[cfg(test)]
mod tests;

/// Makes a directory the root directory of this process.
///
/// # Errors
/// The directory does not exist, or the user is not root.
pub fn enter_root(directory: &Path) -> WorldResult<()> {
    let enter = || {
        rustix::process::chroot(directory)?;
        rustix::process::chdir("/")
    };
    enter().map_err(|error| {
        let why = go_words(&error.to_string());
        let message = format!("unable to chroot to {}: {why}", directory.display());
        Failure::new(FailureCode::Denied, message)
    })
}
