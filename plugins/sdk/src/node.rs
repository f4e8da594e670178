//! What is known of a node: gathered from this machine, or described in a file (`--node FILE`).
//!
//! The description is a superset of the `host.json` of kubeadm's recorded runs, same names; every
//! field has a default, and the defaults describe a machine on which kubeadm's preflight checks
//! pass.
use crate::facts::{FACTS, PROXIES};
use crate::failure;
use crate::types::{CommandOutput, Failure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::IpAddr};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NodeFacts {
    pub hostname: String,
    /// global unicast addresses of all interfaces
    pub addresses: Vec<IpAddr>,
    /// address of the interface that the default route leaves by; none where there is no default
    /// route
    pub default_route_interface_address: Option<IpAddr>,
    /// global unicast addresses on the loopback interface
    pub loopback_addresses: Vec<IpAddr>,
    /// certificate directories that exist
    pub ca_directories: Vec<String>,
    /// sockets of container runtimes that answer
    pub cri_sockets: Vec<String>,
    pub systemd_resolved_active: bool,
    /// whether release labels such as `stable-1` can be looked up
    pub internet: bool,

    pub user_id: u32,
    pub cpus: u32,
    pub memory_mib: u64,
    /// lines of /proc/swaps beyond the header
    pub swaps: Vec<String>,
    pub os: String,
    pub kernel_release: String,
    /// CONFIG_ options without the prefix: `y`, `m` or `n`; an option that is not here counts as
    /// `y`
    pub kernel_options: BTreeMap<String, String>,
    /// 1 or 2
    pub cgroup_version: u8,
    pub cgroup_controllers: Vec<String>,
    /// by dotted name, `net.ipv4.ip_forward`
    pub sysctls: BTreeMap<String, String>,
    /// programs found in PATH
    pub commands: Vec<String>,
    /// what programs say, by command line: `chronyc tracking`
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, Output>,
    /// what `kubelet --version` says, `v1.36.2`; none where there is no kubelet
    pub kubelet_version: Option<String>,
    /// `systemd`, `openrc`, or none
    pub init_system: Option<String>,
    pub services: BTreeMap<String, ServiceState>,
    pub ports_in_use: Vec<u16>,
    /// names that resolve, beside the host name
    pub hosts: BTreeMap<String, Vec<String>>,
    /// proxy variables of the environment, with their user names and passwords; phases see them
    /// without
    pub environment: BTreeMap<String, String>,
    pub runtime: RuntimeFacts,
    /// ids of users and groups that are taken
    #[serde(rename = "usedSystemIDs")]
    pub used_system_ids: UsedIds,
    /// for whoever reads the description
    pub note: String,
}

/// Ids of the host that are taken, and the ranges that system users and groups come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsedIds {
    pub uids: Vec<u32>,
    pub gids: Vec<u32>,
    /// first and last, as in /etc/login.defs
    #[serde(rename = "sysUIDRange")]
    pub uid_range: (u32, u32),
    #[serde(rename = "sysGIDRange")]
    pub gid_range: (u32, u32),
    /// of a rootless control plane, those users that are there, by name
    pub users: BTreeMap<String, UsedUser>,
    /// and its groups
    pub groups: BTreeMap<String, u32>,
}

/// An entry of `/etc/passwd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsedUser {
    pub uid: u32,
    pub shell: String,
}

impl Default for UsedIds {
    fn default() -> Self {
        UsedIds {
            uids: Vec::new(),
            gids: Vec::new(),
            uid_range: (100, 999),
            gid_range: (100, 999),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceState {
    pub exists: bool,
    pub enabled: bool,
    pub active: bool,
}

/// What a program says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The container runtime, where a socket answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RuntimeFacts {
    pub name: String,
    pub version: String,
    pub ready: bool,
    /// whether it has the CRI method RuntimeConfig
    pub runtime_config: bool,
    pub sandbox_image: Option<String>,
    pub images: Vec<String>,
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
        }
    }
}

impl Default for NodeFacts {
    fn default() -> Self {
        let service = |enabled, active| ServiceState {
            exists: true,
            enabled,
            active,
        };
        let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        NodeFacts {
            hostname: "node-1".into(),
            addresses: vec![IpAddr::from([192, 0, 2, 2])],
            default_route_interface_address: Some(IpAddr::from([192, 0, 2, 2])),
            loopback_addresses: Vec::new(),
            ca_directories: strings(&["/etc/ssl/certs", "/usr/share/ca-certificates"]),
            cri_sockets: Vec::new(),
            systemd_resolved_active: false,
            internet: false,
            user_id: 0,
            cpus: 4,
            memory_mib: 8192,
            swaps: Vec::new(),
            os: "Linux".into(),
            kernel_release: "6.12.0".into(),
            kernel_options: BTreeMap::new(),
            cgroup_version: 2,
            cgroup_controllers: strings(&[
                "cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc",
            ]),
            sysctls: [
                ("net.ipv4.ip_forward", "1"),
                ("net.ipv6.conf.default.forwarding", "1"),
            ]
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .into(),
            commands: strings(&[
                "systemctl",
                "losetup",
                "mount",
                "cp",
                "conntrack",
                "kubelet",
            ]),
            outputs: BTreeMap::new(),
            kubelet_version: Some("v1.36.2".into()),
            init_system: Some("systemd".into()),
            services: [("kubelet".to_string(), service(true, false))].into(),
            ports_in_use: Vec::new(),
            hosts: BTreeMap::new(),
            environment: BTreeMap::new(),
            runtime: RuntimeFacts::default(),
            used_system_ids: UsedIds::default(),
            note: String::new(),
        }
    }
}

/// What the node answers by its description alone.
impl NodeFacts {
    /// A fact by its name in [`FACTS`]; none for another name, and where the node does not have it.
    pub fn fact(&self, name: &str) -> Option<Value> {
        self.facts().remove(name)
    }

    /// All facts that phases may ask for, by name.
    pub fn facts(&self) -> BTreeMap<&'static str, Value> {
        let mut fields = serde_json::to_value(self).unwrap_or_default();
        let mut value = |name: &str| match name {
            PROXIES => Some(json!(self.shown_proxies())),
            _ => fields.get_mut(name).map(Value::take),
        };
        FACTS
            .iter()
            .filter_map(|fact| {
                Some((
                    fact.name,
                    value(fact.name).filter(|value| !value.is_null())?,
                ))
            })
            .collect()
    }

    /// The proxy variables that phases see, without user names and passwords.
    pub fn shown_proxies(&self) -> BTreeMap<&str, String> {
        let set = self
            .environment
            .iter()
            .filter(|(name, value)| is_common_proxy(name) && !value.is_empty());
        set.map(|(name, value)| (name.as_str(), without_user_info(value)))
            .collect()
    }

    pub fn kernel_option(&self, name: &str) -> Option<String> {
        match self.kernel_options.get(name).map(String::as_str) {
            None => Some("y".into()),
            Some("") => None,
            Some(value) => Some(value.to_owned()),
        }
    }

    /// # Errors
    /// `not-found` for a host that is not there.
    pub fn resolve(&self, host: &str) -> Result<Vec<String>, Failure> {
        if host == self.hostname {
            return Ok(self.addresses.iter().map(ToString::to_string).collect());
        }
        self.hosts
            .get(host)
            .cloned()
            .ok_or_else(|| failure("not-found", format!("lookup {host}: no such host")))
    }

    /// What a program says: as the description has it, and the kubelet its version.
    ///
    /// # Errors
    /// `not-found` for a kubelet that is not there, `not-checked` for what nobody described.
    pub fn run(&self, program: &str, args: &[String]) -> Result<CommandOutput, Failure> {
        let line = [&[program.to_owned()], args].concat().join(" ");
        if let Some(said) = self.outputs.get(&line) {
            return Ok(CommandOutput {
                status: said.status,
                stdout: said.stdout.clone(),
                stderr: said.stderr.clone(),
            });
        }
        match (program, args, &self.kubelet_version) {
            ("kubelet", [version], Some(kubelet)) if version == "--version" => Ok(CommandOutput {
                status: 0,
                stdout: format!("Kubernetes {kubelet}\n"),
                stderr: String::new(),
            }),
            ("kubelet", ..) => Err(failure("not-found", "executable file not found in $PATH")),
            _ => Err(not_checked(&format!("what `{line}` would say"))),
        }
    }

    pub fn image_present(&self, image: &str) -> bool {
        self.runtime.images.iter().any(|present| present == image)
    }
}

/// Whether an environment variable names a proxy. kubeadm hands all of these to the control plane's
/// Pods.
pub fn is_proxy(name: &str) -> bool {
    name.to_lowercase().ends_with("_proxy")
}

/// Whether an environment variable is one of those that programs read in general, in either case.
pub fn is_common_proxy(name: &str) -> bool {
    ["http_proxy", "https_proxy", "no_proxy", "all_proxy"].contains(&name.to_lowercase().as_str())
}

/// A proxy, or a list of hosts, without what may be secret about it: user names, passwords, queries
/// and fragments.
pub fn without_user_info(proxy: &str) -> String {
    let stripped = |entry: &str| {
        let (scheme, rest) = match entry.find("://") {
            Some(at) => entry.split_at(at + "://".len()),
            None => ("", entry),
        };
        // A password may hold characters that would end the host, so all up to the last `@` goes.
        let host = rest.rsplit('@').next().unwrap_or_default();
        let host = host.split(['?', '#']).next().unwrap_or_default();
        format!("{scheme}{host}")
    };
    // In a URL a comma is part of a password; elsewhere it separates the entries of a list.
    if proxy.contains("://") {
        return stripped(proxy);
    }
    proxy.split(',').map(stripped).collect::<Vec<_>>().join(",")
}

/// The answer where the description has none.
pub fn not_checked(what: &str) -> Failure {
    failure(
        "not-checked",
        format!("{what} is not checked: a rehearsal does not look outside"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_may_leave_everything_to_its_defaults_but_names_count() {
        let facts: NodeFacts = serde_yaml::from_str(
            "{hostname: a, cpus: 1, usedSystemIDs: {uids: [1], sysUIDRange: [100, 200]}}",
        )
        .unwrap();
        assert_eq!(
            (
                facts.cpus,
                facts.memory_mib,
                facts.used_system_ids.uid_range
            ),
            (1, 8192, (100, 200))
        );
        let error = serde_yaml::from_str::<NodeFacts>("hostnam: a")
            .unwrap_err()
            .to_string();
        assert!(error.contains("hostnam"), "{error}");
    }
    /// Fields that phases do not ask for by name: the environment is asked for as `proxies`, and
    /// the note is for people.
    const NO_FACTS: &[&str] = &["environment", "note"];

    #[test]
    fn every_field_is_a_documented_fact_or_none_on_purpose() {
        let output = Output::default();
        let node = NodeFacts {
            outputs: [("true".to_owned(), output)].into(),
            ..NodeFacts::default()
        };
        let fields = serde_json::to_value(&node).unwrap();
        let fields: Vec<&str> = fields
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        for field in &fields {
            let listed = FACTS.iter().any(|fact| fact.name == *field);
            assert_ne!(
                listed,
                NO_FACTS.contains(field),
                "{field} belongs into `FACTS` or into `NO_FACTS`"
            );
        }
        for fact in FACTS {
            assert!(
                fact.name == PROXIES || fields.contains(&fact.name),
                "{} is not a field of a node",
                fact.name
            );
        }
        for name in NO_FACTS.iter().chain(&["", "nothing"]) {
            assert_eq!(node.fact(name), None, "{name}");
        }
        assert_eq!(node.fact("cpus"), Some(json!(4)));
    }

    #[test]
    fn the_documentation_of_facts_is_that_of_the_list() {
        let written = include_str!("../../../wit/facts.md");
        assert_eq!(
            written,
            crate::facts::document(),
            "write this to wit/facts.md:\n{}",
            crate::facts::document()
        );
    }

    #[test]
    fn proxies_are_shown_without_user_names_and_passwords() {
        for (given, shown) in [
            (
                "http://user:pass@proxy.example:3128",
                "http://proxy.example:3128",
            ),
            ("user:pass@proxy.example:3128", "proxy.example:3128"),
            (
                "http://user:p/a,s@s@proxy.example:3128/",
                "http://proxy.example:3128/",
            ),
            (
                "socks5://proxy.example?key=secret#secret",
                "socks5://proxy.example",
            ),
            ("proxy.example", "proxy.example"),
            (
                "localhost,.example.com,10.0.0.0/8,[2001:db8::1]",
                "localhost,.example.com,10.0.0.0/8,[2001:db8::1]",
            ),
            ("", ""),
        ] {
            assert_eq!(without_user_info(given), shown);
        }
        let environment = [
            ("HTTPS_PROXY", "http://u:secret@p"),
            ("no_proxy", "a"),
            ("OTHER_PROXY", "secret"),
            ("AWS_KEY", "secret"),
        ];
        let environment = environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let node = NodeFacts {
            environment,
            ..NodeFacts::default()
        };
        assert_eq!(
            node.fact(PROXIES),
            Some(json!({"HTTPS_PROXY": "http://p", "no_proxy": "a"}))
        );
        assert!(!format!("{:?}", node.facts()).contains("secret"));
    }
}
