//! The machine that this program runs on.
mod capabilities;
pub mod child;
mod cri;
mod etcd;
mod mounts;
mod net;
pub mod programs;
pub mod services;
mod supervisor;
mod sysctl;

use super::{
    Cluster, Etcd, Files, Net, Node, Rights, Runtime, ServiceState, Tried, World,
    api::{ApiClient, Credentials, Dial, Endpoint, Patience},
    budget::Budget,
    files::RootedFiles,
    node::facts::NodeFacts,
};
use crate::{
    arguments::{CommandLine, ModuleName, SysctlKey, UnitName},
    cancel::Cancel,
    config::Config,
    secret::Secret,
};
use anyhow::{Context, Result};
use child::Remains;
use cri::Cri;
use etcd::RealEtcd;
pub use etcd::endpoints as etcd_endpoints;
use kubephase_sdk::kubeadm::ApiEndpoint;
use kubephase_wit::{CommandOutput, Failure};
use net::RealNet;
use programs::Programs;
use serde_json::Value;
use services::{Init, Tools};
use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};
use tokio::runtime::Handle;

pub struct Real {
    files: Arc<RootedFiles>,
    node: RealNode,
    net: RealNet,
    runtime: Cri,
    api: ApiClient,
    etcd: RealEtcd<ApiClient>,
}

/// Servers are where their kubeconfigs say, but for the API server of this node: while a control
/// plane comes up, what stands before it (a load balancer, say) may not lead to it yet. kubeadm
/// dials the node's own address as well.
struct Dialled(Option<SocketAddr>);

impl Dial for Dialled {
    fn endpoint(&self, _server: &url::Url) -> Option<Endpoint> {
        self.0.map(|address| Endpoint {
            address,
            undated: false,
            embedded: false,
        })
    }
}

/// Where this node's own API server listens.
fn own_server(endpoint: &ApiEndpoint) -> Option<SocketAddr> {
    Some(SocketAddr::new(
        endpoint.advertise_address.parse().ok()?,
        u16::try_from(endpoint.bind_port).ok()?,
    ))
}

impl Real {
    /// `patience` is how long requests to the API are tried; its cancellation ends whatever this
    /// machine is asked.
    ///
    /// # Errors
    /// Where the root of the file tree cannot be opened.
    pub fn open(
        handle: &Handle,
        facts: NodeFacts,
        config: &Config,
        patience: &Patience,
    ) -> Result<Real> {
        let (files, cancel) = (Arc::new(files()?), &patience.cancel);
        let net = RealNet::new(
            handle.clone(),
            files.clone(),
            facts.environment.clone(),
            cancel.clone(),
        );
        let tools = Tools::new(cancel);
        // Who joins asks those that are there already.
        let dial = if config.join.is_none() {
            own_server(&config.init.local_api_endpoint)
        } else {
            None
        };
        let api = ApiClient::new(
            handle.clone(),
            files.clone(),
            Credentials::of(config),
            Arc::new(Dialled(dial)),
            patience.clone(),
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
        let shown = facts.facts();
        Ok(Real {
            files,
            node: RealNode {
                facts,
                shown,
                init: Init::detect(&tools),
                tools,
            },
            net,
            runtime,
            api,
            etcd,
        })
    }

    /// The same machine, where programs are run that authenticate the user of this kubeconfig.
    #[must_use]
    pub fn with_programs_of(self, kubeconfig: &Secret<String>) -> Real {
        let named = Credentials::text(kubeconfig);
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

/// The container runtime behind a socket, for who wants nothing else of this machine.
pub fn runtime(handle: &Handle, socket: &str) -> impl Runtime {
    Cri::new(handle.clone(), socket, Cancel::never())
}

/// The API server of a kubeconfig of this machine, likewise; each request is tried once.
///
/// # Errors
/// Where the root of the file tree cannot be opened.
pub fn cluster(handle: &Handle, kubeconfig: &str) -> Result<ApiClient> {
    let credentials = Credentials::File(kubeconfig.to_owned());
    Ok(ApiClient::new(
        handle.clone(),
        Arc::new(files()?),
        credentials,
        Arc::new(direct()),
        Patience::none(),
    ))
}

/// Servers are where their kubeconfigs say.
pub fn direct() -> impl Dial {
    Dialled(None)
}

/// The etcd of the cluster that a node joins, for one who has these files.
pub fn etcd(
    handle: &Handle,
    files: Arc<dyn Files>,
    config: &Config,
    cancel: &Cancel,
) -> impl Etcd + use<> {
    let patience = Patience {
        cancel: cancel.clone(),
        ..Patience::none()
    };
    let cluster = ApiClient::new(
        handle.clone(),
        files.clone(),
        Credentials::of(config),
        Arc::new(direct()),
        patience,
    );
    RealEtcd {
        handle: handle.clone(),
        files,
        cluster,
        directory: config.cluster.certificates_dir.clone(),
        cancel: cancel.clone(),
    }
}

/// The file tree of this machine, likewise.
///
/// # Errors
/// Where its root cannot be opened.
pub fn files() -> Result<RootedFiles> {
    RootedFiles::open(Path::new("/")).context("the file tree cannot be opened")
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

/// What was gathered when the run began, and what is asked anew.
struct RealNode {
    facts: NodeFacts,
    /// what phases may ask for, by name
    shown: BTreeMap<&'static str, Value>,
    init: Option<Init>,
    tools: Tools,
}

impl Node for RealNode {
    fn fact(&self, name: &str) -> Option<Value> {
        self.shown.get(name).cloned()
    }

    fn sysctl(&self, key: &SysctlKey) -> Option<String> {
        sysctl::read(sysctl::TREE, key).ok()
    }

    fn kernel_option(&self, name: &str) -> Tried<Option<String>> {
        Ok(self.facts.kernel_option(name))
    }

    fn service(&self, name: &UnitName) -> Tried<Option<ServiceState>> {
        Ok(self.init.as_ref().map(|init| init.state(name)))
    }

    fn ensure_service(&self, name: &UnitName, state: &str) -> Tried<bool> {
        let none = || {
            Failure::new(
                "unavailable",
                format!("no supported init system was found: {name} is not made {state}"),
            )
        };
        self.init.as_ref().ok_or_else(none)?.ensure(name, state)
    }

    fn set_sysctl(&self, key: &SysctlKey, value: &str) -> Tried<bool> {
        sysctl::set(sysctl::TREE, key, value)
    }

    fn load_module(&self, name: &ModuleName) -> Tried<bool> {
        load_module(name, Path::new("/sys/module"), &self.tools)
    }

    fn run(&self, command: &CommandLine, rights: Rights, budget: &Budget) -> Tried<CommandOutput> {
        let (program, args) = (command.program(), command.arguments());
        // Asked when the run began, and not twice: it takes as long as a key.
        if program == "kubelet" && args == ["--version"] && self.facts.kubelet_version.is_some() {
            return self.facts.run(program, args);
        }
        let output = Programs::OfSystem(rights).run(program, args, Remains::Killed, budget)?;
        let (stdout, stderr) = (output.stdout(), output.stderr());
        Ok(CommandOutput {
            status: output.status.code().unwrap_or(-1),
            stdout,
            stderr,
        })
    }

    fn unmount_below(&self, directory: &str, flags: &[String]) -> Tried<usize> {
        let table = read(mounts::TABLE)
            .ok_or_else(|| Failure::new("io", format!("{} cannot be read", mounts::TABLE)))?;
        mounts::unmount(&mounts::below(&table, directory), directory, flags)
    }
}

/// Loads a kernel module that is not in `loaded`, the kernel's list of those it has.
fn load_module(name: &ModuleName, loaded: &Path, tools: &Tools) -> Tried<bool> {
    if loaded.join(name.replace('-', "_")).is_dir() {
        return Ok(false);
    }
    tools.change("modprobe", &["--", name]).map(|()| true)
}

fn read(path: &str) -> Option<String> {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is where the machine is looked at"
    )]
    std::fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}

/// Environment by name, for proxies.
type Environment = BTreeMap<String, String>;

#[cfg(test)]
mod tests;
