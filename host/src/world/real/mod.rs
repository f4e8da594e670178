//! The machine that this program runs on.
mod cri;
mod net;
pub mod services;

use super::{
    Cluster, Files, Net, Node, Runtime, ServiceState, Tried, World,
    api::{ApiClient, Dial, Endpoint},
    files::RootedFiles,
    node::facts::NodeFacts,
};
use anyhow::{Context, Result};
use cri::Cri;
use kubephase_wit::{CommandOutput, Failure};
use net::RealNet;
use serde_json::Value;
use services::Init;
use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc, time::Duration};
use tokio::runtime::Handle;

pub struct Real {
    files: Arc<RootedFiles>,
    node: RealNode,
    net: RealNet,
    runtime: Cri,
    api: ApiClient,
}

/// Servers are where their kubeconfigs say.
struct Direct;

impl Dial for Direct {
    fn endpoint(&self, _server: &url::Url) -> Option<Endpoint> {
        None
    }
}

impl Real {
    /// `kubeconfig` is the admin's, `budget` how long requests to the API are tried, `socket` the container runtime's.
    ///
    /// # Errors
    /// Where the root of the file tree cannot be opened.
    pub fn open(handle: &Handle, facts: NodeFacts, kubeconfig: &str, budget: Duration, socket: &str) -> Result<Real> {
        let files = Arc::new(RootedFiles::open(Path::new("/")).context("the file tree cannot be opened")?);
        let net = RealNet::new(handle.clone(), files.clone(), facts.environment.clone());
        let api = ApiClient::new(handle.clone(), files.clone(), kubeconfig, Arc::new(Direct), budget);
        let runtime = Cri::new(handle.clone(), socket);
        let fields = serde_json::to_value(&facts)?;
        Ok(Real { files, node: RealNode { facts, fields, init: Init::detect() }, net, runtime, api })
    }
}

/// The container runtime behind a socket, for who wants nothing else of this machine.
pub fn runtime(handle: &Handle, socket: &str) -> impl Runtime {
    Cri::new(handle.clone(), socket)
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
        #[allow(clippy::disallowed_methods, reason = "this is where programs are run")]
        let output = Command::new(program).args(args).stdin(std::process::Stdio::null()).output();
        let output = output.map_err(|error| {
            let code = if error.kind() == std::io::ErrorKind::NotFound { "not-found" } else { "io" };
            Failure::new(code, format!("cannot run {program}: {error}"))
        })?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(CommandOutput { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) })
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
