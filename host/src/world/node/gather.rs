//! The facts of this machine, read and never changed. What cannot be read keeps its default, with a
//! note.
#![allow(
    clippy::disallowed_methods,
    reason = "this is where the machine is looked at"
)]
use super::facts::NodeFacts;
use crate::{
    arguments::UnitName,
    cancel::Cancel,
    world::real::services::{Init, Tools},
};
use kubephase_sdk::node::{UsedIds, UsedUser, is_proxy};
use std::{
    collections::BTreeMap,
    env, fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener},
    os::unix::net::UnixStream,
    path::Path,
    thread::{self, JoinHandle},
};

const CA_DIRECTORIES: &[&str] = &[
    "/etc/ca-certificates",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
];
const CRI_SOCKETS: &[&str] = &[
    "/var/run/containerd/containerd.sock",
    "/var/run/crio/crio.sock",
    "/var/run/cri-dockerd.sock",
];
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
const SYSCTLS: &[&str] = &["net.ipv4.ip_forward", "net.ipv6.conf.default.forwarding"];
/// Ports that the control plane listens on.
const PORTS: &[u16] = &[6443, 10250, 10257, 10259, 2379, 2380];

/// Facts of this machine while the kubelet is still asked for its version, which takes as long as
/// all the rest.
pub struct Gathering {
    /// but for that version
    pub facts: NodeFacts,
    notes: Vec<String>,
    kubelet: Option<JoinHandle<Option<String>>>,
}

impl Gathering {
    /// Waits for the kubelet's answer: all facts, and what could not be read.
    pub fn whole(self) -> (NodeFacts, Vec<String>) {
        let kubelet_version = self.kubelet.and_then(|asked| asked.join().ok().flatten());
        (
            NodeFacts {
                kubelet_version,
                ..self.facts
            },
            self.notes,
        )
    }
}

/// Everything at once, and what could not be read.
pub fn gather() -> (NodeFacts, Vec<String>) {
    begin().whole()
}

/// Likewise, for who has something else to do meanwhile.
pub fn begin() -> Gathering {
    let mut notes = Vec::new();
    let uname = rustix::system::uname();
    let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
    let environment = proxies();
    let tools = Tools::new(&Cancel::never());
    let commands: Vec<String> = PROGRAMS
        .iter()
        .filter(|program| tools.programs.find(program).is_some())
        .map(ToString::to_string)
        .collect();
    let kubelet = commands.iter().any(|found| found == "kubelet").then(|| {
        let tools = tools.clone();
        thread::spawn(move || kubelet_version(&tools))
    });
    let init = Init::detect(&tools);
    let unit = |name: &str| Some((init.as_ref()?, UnitName::parse(name).ok()?));
    let state = |name: &str| {
        unit(name)
            .map(|(init, name)| init.state(&name))
            .unwrap_or_default()
    };
    let (addresses, loopback_addresses, default_route) = addresses(&mut notes);
    let cgroup_version = if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        2
    } else {
        1
    };
    let memory = rustix::system::sysinfo();
    let facts = NodeFacts {
        hostname: text(uname.nodename()),
        addresses,
        default_route_interface_address: default_route,
        loopback_addresses,
        ca_directories: CA_DIRECTORIES
            .iter()
            .filter(|path| Path::new(path).is_dir())
            .map(ToString::to_string)
            .collect(),
        cri_sockets: CRI_SOCKETS
            .iter()
            .filter(|path| UnixStream::connect(path).is_ok())
            .map(|path| format!("unix://{path}"))
            .collect(),
        systemd_resolved_active: unit("systemd-resolved")
            .is_some_and(|(init, name)| init.active(&name)),
        internet: false,
        user_id: rustix::process::geteuid().as_raw(),
        cpus: std::thread::available_parallelism()
            .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        memory_mib: u64::from(memory.mem_unit) * memory.totalram / (1 << 20),
        swaps: lines("/proc/swaps").skip(1).collect(),
        os: text(uname.sysname()),
        kernel_release: text(uname.release()),
        kernel_options: kernel_options(&text(uname.release()), &tools, &mut notes),
        cgroup_version,
        cgroup_controllers: controllers(cgroup_version),
        sysctls: SYSCTLS
            .iter()
            .filter_map(|key| {
                Some((
                    key.to_string(),
                    read(&format!("/proc/sys/{}", key.replace('.', "/")))?
                        .trim()
                        .to_owned(),
                ))
            })
            .collect(),
        kubelet_version: None,
        services: ["kubelet", "firewalld"]
            .into_iter()
            .map(|name| (name.to_owned(), state(name)))
            .collect(),
        ports_in_use: PORTS
            .iter()
            .copied()
            .filter(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_err())
            .collect(),
        hosts: BTreeMap::new(),
        used_system_ids: used_ids(),
        environment,
        commands,
        init_system: init.as_ref().map(|init| init.name().to_owned()),
        ..NodeFacts::default()
    };
    Gathering {
        facts,
        notes,
        kubelet,
    }
}

/// The proxy variables of this program's environment. Nothing else of the environment is part of
/// any record.
pub fn proxies() -> BTreeMap<String, String> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.filter(|(name, _)| is_proxy(name)).collect()
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn lines(path: &str) -> impl Iterator<Item = String> {
    read(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

fn kubelet_version(tools: &Tools) -> Option<String> {
    let (_, said) = tools.ask("kubelet", &["--version"])?;
    said.trim().strip_prefix("Kubernetes ").map(str::to_owned)
}

fn controllers(version: u8) -> Vec<String> {
    if version == 2 {
        return read("/sys/fs/cgroup/cgroup.controllers")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
    }
    let enabled = |line: String| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.len() == 4 && fields[3] != "0").then(|| fields[0].to_owned())
    };
    lines("/proc/cgroups")
        .filter(|line| !line.starts_with('#'))
        .filter_map(enabled)
        .collect()
}

/// Options of the running kernel; none where its configuration cannot be found, which counts as all
/// there.
fn kernel_options(
    release: &str,
    tools: &Tools,
    notes: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let plain = [
        format!("/boot/config-{release}"),
        format!("/usr/lib/modules/{release}/config"),
        format!("/lib/modules/{release}/build/.config"),
    ];
    let text = plain.iter().find_map(|path| read(path)).or_else(|| {
        tools
            .ask("zcat", &["/proc/config.gz"])
            .filter(|(read, _)| *read)
            .map(|(_, text)| text)
    });
    let Some(text) = text else {
        notes.push(
            "the kernel's configuration could not be found; its options were not checked".into(),
        );
        return BTreeMap::new();
    };
    let option = |line: &str| {
        let (name, value) = line.strip_prefix("CONFIG_")?.split_once('=')?;
        matches!(value, "y" | "m" | "n").then(|| (name.to_owned(), value.to_owned()))
    };
    text.lines().filter_map(option).collect()
}

/// Global addresses, those on the loopback interface, and that of the interface that the default
/// route leaves by.
fn addresses(notes: &mut Vec<String>) -> (Vec<IpAddr>, Vec<IpAddr>, Option<IpAddr>) {
    let mut found: Vec<(String, IpAddr)> = Vec::new();
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => found.extend(
            interfaces
                .into_iter()
                .map(|interface| (interface.name.clone(), interface.ip())),
        ),
        Err(error) => notes.push(format!(
            "the addresses of this machine could not be read: {error}"
        )),
    }
    found.retain(|(_, address)| is_global(*address));
    let on = |name: &str, v4: bool| {
        found
            .iter()
            .find(|(interface, address)| interface == name && address.is_ipv4() == v4)
            .map(|(_, address)| *address)
    };
    let routes = default_routes();
    let default = routes.iter().find_map(|(name, v4)| on(name, *v4));
    let (loopback, others): (Vec<_>, Vec<_>) = found.iter().partition(|(name, _)| name == "lo");
    (
        others.into_iter().map(|(_, address)| *address).collect(),
        loopback.into_iter().map(|(_, address)| *address).collect(),
        default,
    )
}

fn is_global(address: IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local() || address == Ipv4Addr::BROADCAST,
        IpAddr::V6(address) => address.is_unicast_link_local() || address == Ipv6Addr::UNSPECIFIED,
    };
    !link_local && !address.is_loopback() && !address.is_multicast() && !address.is_unspecified()
}

/// Interfaces of default routes, IPv4 first.
fn default_routes() -> Vec<(String, bool)> {
    let v4 = lines("/proc/net/route").skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.get(1) == Some(&"00000000") && fields.get(7) == Some(&"00000000"))
            .then(|| (fields[0].to_owned(), true))
    });
    let v6 = lines("/proc/net/ipv6_route").filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let default = fields.len() == 10
            && fields[0].bytes().all(|b| b == b'0')
            && fields[1] == "00"
            && fields[9] != "lo";
        default.then(|| (fields[9].to_owned(), false))
    });
    v4.chain(v6).collect()
}

fn used_ids() -> UsedIds {
    let ids = |path: &str| {
        lines(path)
            .filter_map(|line| line.split(':').nth(2)?.parse().ok())
            .collect()
    };
    let defaults = UsedIds::default();
    let definition = |name: &str| {
        lines("/etc/login.defs")
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok())
    };
    let range = |min: &str, max: &str, (first, last): (u32, u32)| {
        (
            definition(min).unwrap_or(first),
            definition(max).unwrap_or(last),
        )
    };
    let entries = |path: &'static str| lines(path).filter(|line| line.starts_with("kubeadm-"));
    let user = |line: String| {
        let fields: Vec<&str> = line.split(':').collect();
        Some((
            fields[0].to_owned(),
            UsedUser {
                uid: fields.get(2)?.parse().ok()?,
                shell: fields.get(6)?.trim().to_owned(),
            },
        ))
    };
    let group = |line: String| {
        Some((
            line.split(':').next()?.to_owned(),
            line.split(':').nth(2)?.parse().ok()?,
        ))
    };
    UsedIds {
        users: entries("/etc/passwd").filter_map(user).collect(),
        groups: entries("/etc/group").filter_map(group).collect(),
        uids: ids("/etc/passwd"),
        gids: ids("/etc/group"),
        uid_range: range("SYS_UID_MIN", "SYS_UID_MAX", defaults.uid_range),
        gid_range: range("SYS_GID_MIN", "SYS_GID_MAX", defaults.gid_range),
    }
}

#[cfg(test)]
mod tests;
