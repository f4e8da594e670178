//! The machine that this program runs on.
mod cri;
mod etcd;
mod mounts;
mod net;
pub mod services;

use super::{
    Cluster, Etcd, Files, Net, Node, Runtime, ServiceState, Tried, World,
    api::{ApiClient, Credentials, Dial, Endpoint},
    files::RootedFiles,
    node::facts::NodeFacts,
};
use anyhow::{Context, Result};
use cri::Cri;
use etcd::RealEtcd;
pub use etcd::endpoints as etcd_endpoints;
use kubephase_sdk::kubeadm::{ApiEndpoint, Config};
use kubephase_wit::{CommandOutput, Failure};
use net::RealNet;
use serde_json::Value;
use services::Init;
use std::{collections::BTreeMap, net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};
use tokio::runtime::Handle;

pub struct Real {
    files: Arc<RootedFiles>,
    node: RealNode,
    net: RealNet,
    runtime: Cri,
    api: ApiClient,
    etcd: RealEtcd<ApiClient>,
}

/// Servers are where their kubeconfigs say, but for the API server of this node: while a control plane comes up, what stands
/// before it (a load balancer, say) may not lead to it yet. kubeadm dials the node's own address as well.
struct Dialled(Option<SocketAddr>);

impl Dial for Dialled {
    fn endpoint(&self, _server: &url::Url) -> Option<Endpoint> {
        self.0.map(|address| Endpoint { address, undated: false })
    }
}

/// Where this node's own API server listens.
fn own_server(endpoint: &ApiEndpoint) -> Option<SocketAddr> {
    Some(SocketAddr::new(endpoint.advertise_address.parse().ok()?, u16::try_from(endpoint.bind_port).ok()?))
}

impl Real {
    /// `budget` is how long requests to the API are tried.
    ///
    /// # Errors
    /// Where the root of the file tree cannot be opened.
    pub fn open(handle: &Handle, facts: NodeFacts, config: &Config, budget: Duration) -> Result<Real> {
        let files = Arc::new(files()?);
        let net = RealNet::new(handle.clone(), files.clone(), facts.environment.clone());
        // Who joins asks those that are there already.
        let dial = if config.join.is_none() { own_server(&config.init.local_api_endpoint) } else { None };
        let api = ApiClient::new(handle.clone(), files.clone(), Credentials::of(config), Arc::new(Dialled(dial)), budget);
        let etcd = RealEtcd {
            handle: handle.clone(),
            files: files.clone(),
            cluster: api.clone(),
            directory: config.cluster.certificates_dir.clone(),
        };
        let runtime = Cri::new(handle.clone(), &config.init.node_registration.cri_socket);
        let fields = serde_json::to_value(&facts)?;
        Ok(Real { files, node: RealNode { facts, fields, init: Init::detect() }, net, runtime, api, etcd })
    }
}

/// The container runtime behind a socket, for who wants nothing else of this machine.
pub fn runtime(handle: &Handle, socket: &str) -> impl Runtime {
    Cri::new(handle.clone(), socket)
}

/// The API server of a kubeconfig of this machine, likewise; each request is tried once.
///
/// # Errors
/// Where the root of the file tree cannot be opened.
pub fn cluster(handle: &Handle, kubeconfig: &str) -> Result<ApiClient> {
    let credentials = Credentials::File(kubeconfig.to_owned());
    Ok(ApiClient::new(handle.clone(), Arc::new(files()?), credentials, Arc::new(direct()), Duration::ZERO))
}

/// Servers are where their kubeconfigs say.
pub fn direct() -> impl Dial {
    Dialled(None)
}

/// The etcd of the cluster that a node joins, for one who has these files.
pub fn etcd(handle: &Handle, files: Arc<dyn Files>, config: &Config) -> impl Etcd + use<> {
    let cluster = ApiClient::new(handle.clone(), files.clone(), Credentials::of(config), Arc::new(direct()), Duration::ZERO);
    RealEtcd { handle: handle.clone(), files, cluster, directory: config.cluster.certificates_dir.clone() }
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
    /// the same by name, for phases
    fields: Value,
    init: Option<Init>,
}

impl Node for RealNode {
    fn fact(&self, name: &str) -> Option<Value> {
        self.fields.get(name).filter(|value| !value.is_null()).cloned()
    }

    fn sysctl(&self, key: &str) -> Option<String> {
        read(&proc_sys(key)?)
    }

    fn kernel_option(&self, name: &str) -> Tried<Option<String>> {
        Ok(self.facts.kernel_option(name))
    }

    fn service(&self, name: &str) -> Tried<Option<ServiceState>> {
        Ok(self.init.as_ref().map(|init| init.state(name)))
    }

    fn ensure_service(&self, name: &str, state: &str) -> Tried<bool> {
        let none = || Failure::new("unavailable", format!("no supported init system detected: {name} is not made {state}"));
        self.init.as_ref().ok_or_else(none)?.ensure(name, state)
    }

    fn set_sysctl(&self, key: &str, value: &str) -> Tried<bool> {
        let path = proc_sys(key).ok_or_else(|| Failure::new("invalid", format!("{key:?} is no kernel parameter")))?;
        if read(&path).as_deref() == Some(value) {
            return Ok(false);
        }
        #[allow(clippy::disallowed_methods, reason = "this is where the machine is changed")]
        std::fs::write(&path, value).map_err(|error| Failure::new("io", format!("cannot set {key} to {value}: {error}")))?;
        Ok(true)
    }

    fn load_module(&self, name: &str) -> Tried<bool> {
        if Path::new("/sys/module").join(name.replace('-', "_")).is_dir() {
            return Ok(false);
        }
        services::done("modprobe", &[name]).map(|()| true)
    }

    fn run(&self, program: &str, args: &[String]) -> Tried<CommandOutput> {
        // Asked when the run began, and not twice: it takes as long as a key.
        if program == "kubelet" && args == ["--version"] && self.facts.kubelet_version.is_some() {
            return self.facts.run(program, args);
        }
        #[allow(clippy::disallowed_methods, reason = "this is where programs are run")]
        let output = Command::new(program).args(args).stdin(std::process::Stdio::null()).output();
        let output = output.map_err(|error| {
            let code = if error.kind() == std::io::ErrorKind::NotFound { "not-found" } else { "io" };
            Failure::new(code, format!("cannot run {program}: {error}"))
        })?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(CommandOutput { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) })
    }

    fn unmount_below(&self, directory: &str, flags: &[String]) -> Tried<usize> {
        let table = read(mounts::TABLE).ok_or_else(|| Failure::new("io", format!("{} cannot be read", mounts::TABLE)))?;
        mounts::unmount(&mounts::below(&table, directory), directory, flags)
    }
}

/// The file of a kernel parameter; none for what is no name of one.
fn proc_sys(key: &str) -> Option<String> {
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/'));
    (plain && !key.contains("..")).then(|| format!("/proc/sys/{}", key.replace('.', "/")))
}

fn read(path: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "this is where the machine is looked at")]
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// Environment by name, for proxies.
type Environment = BTreeMap<String, String>;

#[cfg(test)]
mod tests;
