//! The facts of this machine, read and never changed. A fact that cannot be read keeps its default,
//! with a note.
//!
//! `network` reads addresses, `kernel` options and controllers, `user_ids` users and groups. The
//! other modules read files of `/proc`, `/sys` and `/etc` below a root (`tree`); a fact of theirs
//! that cannot be read is not there.
#![allow(
    clippy::disallowed_methods,
    reason = "this is where the machine is looked at"
)]
mod clock;
mod filesystems;
mod hardware;
mod identity;
mod interfaces;
mod kernel;
mod modules;
mod network;
mod tree;
mod user_ids;

use super::facts::NodeFacts;
use crate::{
    arguments::UnitName,
    cancel::Cancel,
    world::{
        ServiceState,
        real::{
            net::reserve_port,
            services::{ServiceManager, Tools},
        },
    },
};
use interfaces::InterfaceAddress;
use kubephase_sdk::node::is_proxy;
use std::{
    collections::BTreeMap,
    env,
    ffi::CStr,
    fs,
    os::unix::net::UnixStream,
    path::Path,
    thread::{self, JoinHandle},
};
use tree::Tree;

/// Directories of CA certificates that static Pods mount (kubeadm's list).
const CA_DIRECTORIES: &[&str] = &[
    "/etc/ca-certificates",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
];
/// Sockets that container runtimes listen on by default.
const CRI_SOCKETS: &[&str] = &[
    "/var/run/containerd/containerd.sock",
    "/var/run/crio/crio.sock",
    "/var/run/cri-dockerd.sock",
];
/// Programs whose presence phases ask for.
const PROGRAMS: &[&str] = &[
    "systemctl",
    "openrc",
    "rc-service",
    "losetup",
    "mount",
    "cp",
    "conntrack",
    "kubelet",
];
/// Ports that the control plane listens on.
const PORTS: &[u16] = &[6443, 10250, 10257, 10259, 2379, 2380];

/// Facts of this machine that are complete except for the kubelet's version. A thread is still
/// asking the kubelet, which takes as long as all other facts together.
pub struct Gathering {
    /// All facts except the version of the kubelet.
    pub facts: NodeFacts,
    notes: Vec<String>,
    kubelet: Option<JoinHandle<Option<String>>>,
}

impl Gathering {
    /// Waits for the kubelet's answer. Returns all facts, and a note for each that could not be
    /// read.
    pub fn finish(self) -> (NodeFacts, Vec<String>) {
        let kubelet_version = self
            .kubelet
            .and_then(|version| version.join().ok().flatten());
        (
            NodeFacts {
                kubelet_version,
                ..self.facts
            },
            self.notes,
        )
    }
}

/// Gathers the facts of this machine. Returns them, and a note for each that could not be read.
pub fn gather() -> (NodeFacts, Vec<String>) {
    begin().finish()
}

/// Gathers the facts of this machine without waiting for the kubelet's version.
pub fn begin() -> Gathering {
    let mut notes = Vec::new();
    let tools = Tools::new(&Cancel::never());
    let commands = find_commands(&tools);
    let kubelet = commands.iter().any(|found| found == "kubelet").then(|| {
        let tools = tools.clone();
        thread::spawn(move || kubelet_version(&tools))
    });
    let facts = NodeFacts {
        commands,
        internet: false,
        user_id: rustix::process::geteuid().as_raw(),
        cpus: thread::available_parallelism()
            .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        memory_mib: memory_mib(),
        swaps: lines("/proc/swaps").skip(1).collect(),
        ca_directories: existing_directories(),
        cri_sockets: answering_sockets(),
        ports_in_use: ports_in_use(),
        used_system_ids: user_ids::read(),
        environment: proxies(),
        kubelet_version: None,
        hosts: BTreeMap::new(),
        ..NodeFacts::default()
    };
    let addresses = network::interface_addresses(&mut notes);
    let facts = network::add_addresses(facts, &addresses);
    let facts = add_services(facts, &tools);
    let facts = kernel::add_kernel(facts, &tools, &mut notes);
    let facts = NodeFacts {
        time_sync: clock::time_sync(),
        ..facts
    };
    Gathering {
        facts: add_files(facts, &Tree::new(Path::new("/")), &addresses),
        notes,
        kubelet,
    }
}

/// Adds what the files below a root say. `facts` has the release of the kernel already.
fn add_files(facts: NodeFacts, tree: &Tree, addresses: &[InterfaceAddress]) -> NodeFacts {
    let mounts = filesystems::mount_table(tree);
    let mounts = mounts.as_deref();
    NodeFacts {
        processor: hardware::cpu(tree),
        hugepages: hardware::hugepages(tree),
        disks: hardware::disks(tree, mounts),
        filesystems: filesystems::filesystems(tree, mounts),
        interfaces: interfaces::interfaces(tree, addresses),
        routes: interfaces::routes(tree),
        dns: interfaces::dns(tree),
        os_release: identity::os_release(tree),
        machine: Some(identity::machine_ids(tree)),
        kernel_modules: modules::kernel_modules(tree, &facts.kernel_release),
        security: Some(modules::security_modules(tree)),
        ..facts
    }
}

/// Returns the proxy variables of this program's environment. Nothing else of the environment is
/// part of any record.
pub fn proxies() -> BTreeMap<String, String> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.filter(|(name, _)| is_proxy(name)).collect()
}

fn find_commands(tools: &Tools) -> Vec<String> {
    PROGRAMS
        .iter()
        .filter(|program| tools.programs.find(program).is_some())
        .map(ToString::to_string)
        .collect()
}

fn existing_directories() -> Vec<String> {
    CA_DIRECTORIES
        .iter()
        .filter(|path| Path::new(path).is_dir())
        .map(ToString::to_string)
        .collect()
}

fn answering_sockets() -> Vec<String> {
    CRI_SOCKETS
        .iter()
        .filter(|path| UnixStream::connect(path).is_ok())
        .map(|path| format!("unix://{path}"))
        .collect()
}

fn ports_in_use() -> Vec<u16> {
    PORTS
        .iter()
        .copied()
        .filter(|port| reserve_port(*port).is_err())
        .collect()
}

fn memory_mib() -> u64 {
    let memory = rustix::system::sysinfo();
    u64::from(memory.mem_unit) * memory.totalram / (1 << 20)
}

/// Adds the init system and the states of the services that phases ask for.
fn add_services(facts: NodeFacts, tools: &Tools) -> NodeFacts {
    let init = ServiceManager::detect(tools);
    let init = init.as_ref();
    NodeFacts {
        systemd_resolved_active: init
            .zip(UnitName::parse("systemd-resolved").ok())
            .is_some_and(|(init, name)| init.is_active(&name)),
        services: ["kubelet", "firewalld"]
            .into_iter()
            .map(|name| (name.to_owned(), service_state(init, name)))
            .collect(),
        init_system: init.map(|init| init.name().to_owned()),
        ..facts
    }
}

/// Returns the state of a service; the default without an init system.
fn service_state(init: Option<&ServiceManager>, name: &str) -> ServiceState {
    init.zip(UnitName::parse(name).ok())
        .map(|(init, name)| init.state(&name))
        .unwrap_or_default()
}

fn kubelet_version(tools: &Tools) -> Option<String> {
    let (_, output) = tools.ask("kubelet", &["--version"])?;
    output.trim().strip_prefix("Kubernetes ").map(str::to_owned)
}

fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Returns the lines of a file; empty if it cannot be read.
fn lines(path: &str) -> impl Iterator<Item = String> {
    read(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests;
