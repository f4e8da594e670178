//! The facts of a node, as fields of a description.
use super::{ServiceState, UsedIds};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr};

/// The facts of a node, gathered from a machine or described in a file (`--node FILE`).
///
/// The description is a superset of the `host.json` of kubeadm's recorded runs, with the same
/// names. Every field has a default; the defaults describe a machine on which kubeadm's preflight
/// checks pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NodeFacts {
    /// host name that the operating system reports
    pub hostname: String,
    /// global unicast addresses of all interfaces
    pub addresses: Vec<IpAddr>,
    /// address of the interface of the default route; `None` without a default route
    pub default_route_interface_address: Option<IpAddr>,
    /// global unicast addresses of the loopback interface
    pub loopback_addresses: Vec<IpAddr>,
    /// certificate directories that exist
    pub ca_directories: Vec<String>,
    /// sockets of container runtimes that answer
    pub cri_sockets: Vec<String>,
    /// whether systemd-resolved runs
    pub systemd_resolved_active: bool,
    /// whether release labels such as `stable-1` can be looked up
    pub internet: bool,

    /// user id that the program runs as
    pub user_id: u32,
    /// number of processors
    pub cpus: u32,
    /// memory in MiB
    pub memory_mib: u64,
    /// lines of /proc/swaps after the header
    pub swaps: Vec<String>,
    /// operating system: `Linux`
    pub os: String,
    /// release of the kernel: `6.12.0`
    pub kernel_release: String,
    /// CONFIG_ options without the prefix: `y`, `m` or `n`; an option that is not listed counts as
    /// `y`
    pub kernel_options: BTreeMap<String, String>,
    /// version of control groups: 1 or 2
    pub cgroup_version: u8,
    /// controllers of control groups
    pub cgroup_controllers: Vec<String>,
    /// kernel parameters by dotted name, `net.ipv4.ip_forward`
    pub sysctls: BTreeMap<String, String>,
    /// programs found in PATH
    pub commands: Vec<String>,
    /// output of programs, by command line: `chronyc tracking`
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, Output>,
    /// version of the kubelet, `v1.36.2`; `None` without a kubelet
    pub kubelet_version: Option<String>,
    /// `systemd`, `openrc`, or none
    pub init_system: Option<String>,
    /// services by name
    pub services: BTreeMap<String, ServiceState>,
    /// TCP ports that something listens on
    pub ports_in_use: Vec<u16>,
    /// names that resolve besides the host name, with their addresses
    pub hosts: BTreeMap<String, Vec<String>>,
    /// proxy variables of the environment, with user names and passwords, which phases do not see
    pub environment: BTreeMap<String, String>,
    /// the container runtime
    pub runtime: RuntimeFacts,
    /// text of files by path, for a rehearsal: it has no other files of the machine
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// ids of users and groups that are taken
    #[serde(rename = "usedSystemIDs")]
    pub used_system_ids: UsedIds,
    /// a note for readers of the description
    pub note: String,
}

/// Exit code and output of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The container runtime of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RuntimeFacts {
    /// name of the runtime: `containerd`
    pub name: String,
    /// version of the runtime
    pub version: String,
    /// whether the runtime reports itself ready
    pub ready: bool,
    /// whether the runtime has the CRI method RuntimeConfig
    pub runtime_config: bool,
    /// image of the sandboxes of Pods
    pub sandbox_image: Option<String>,
    /// images that are present
    pub images: Vec<String>,
    /// images whose containers end as soon as they start
    pub broken_images: Vec<String>,
    /// images of etcd that end as soon as they start, and leave data that no etcd can read
    pub damaging_images: Vec<String>,
    /// flags that no component knows, such as `--no-such-flag`: a container or a kubelet that has
    /// one ends as soon as it starts
    pub unknown_flags: Vec<String>,
}

impl Default for RuntimeFacts {
    fn default() -> Self {
        RuntimeFacts {
            name: "containerd".into(),
            version: "2.1.0".into(),
            ready: true,
            runtime_config: true,
            sandbox_image: None,
            images: Vec::new(),
            broken_images: Vec::new(),
            damaging_images: Vec::new(),
            unknown_flags: Vec::new(),
        }
    }
}
