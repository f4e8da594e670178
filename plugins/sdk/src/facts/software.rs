//! Facts that are objects: the operating system, services, programs and the container runtime.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

fact_object! {
    /// The distribution of the operating system.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct OsRelease {
        /// name of the distribution: debian, rocky
        "id" id: String,
        /// distributions that this one is made from, the closest first
        "idLike" id_like: Vec<String>,
        /// version of the distribution: 13, 24.04; rolling distributions have none
        "versionId" version_id: Option<String>,
        /// name for people: Debian GNU/Linux 13 (trixie)
        "prettyName" pretty_name: String,
    }
}

fact_object! {
    /// Linux security modules.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct SecurityModules {
        /// active modules in the order in which the kernel asks them
        "active" active: Option<Vec<String>>,
        /// enforcing, permissive or disabled
        "selinux" selinux: String,
        /// whether AppArmor is active
        "apparmor" apparmor: bool,
        /// whether the kernel has seccomp filters
        "seccomp" seccomp: bool,
    }
}

fact_object! {
    /// The state of a service.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct ServiceState {
        /// whether the init system knows the service
        "exists" exists: bool,
        /// whether the service starts with the machine
        "enabled" enabled: bool,
        /// whether the service runs
        "active" active: bool,
    }
}

fact_object! {
    /// Exit code and output of a program.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct Output {
        /// exit code
        "status" status: i32,
        /// text of the standard output
        "stdout" stdout: String,
        /// text of the standard error output
        "stderr" stderr: String,
    }
}

fact_object! {
    /// The container runtime of a node.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    #[cfg_attr(not(target_arch = "wasm32"), serde(deny_unknown_fields))]
    pub struct RuntimeFacts {
        /// name of the runtime: containerd
        "name" name: String,
        /// version of the runtime
        "version" version: String,
        /// whether the runtime reports itself ready
        "ready" ready: bool,
        /// whether the runtime has the CRI method RuntimeConfig
        "runtimeConfig" runtime_config: bool,
        /// image of the sandboxes of Pods
        "sandboxImage" sandbox_image: Option<String>,
        /// images that are present
        "images" images: Vec<String>,
        /// images whose containers end as soon as they start
        "brokenImages" broken_images: Vec<String>,
        /// images of etcd that end as soon as they start, and leave data that no etcd can read
        "damagingImages" damaging_images: Vec<String>,
        /// flags that no component knows, such as --no-such-flag: a container or a kubelet that has
        /// one ends as soon as it starts
        "unknownFlags" unknown_flags: Vec<String>,
    }
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

fact_object! {
    /// Ids of users and groups that are taken, and the ranges of the ids of system users and
    /// groups.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    pub struct UsedIds {
        /// ids of users that are taken
        "uids" uids: Vec<u32>,
        /// ids of groups that are taken
        "gids" gids: Vec<u32>,
        /// first and last id of system users, as in /etc/login.defs
        "sysUIDRange" uid_range: (u32, u32),
        /// first and last id of system groups
        "sysGIDRange" gid_range: (u32, u32),
        /// existing users of a rootless control plane, by name
        "users" users: BTreeMap<String, UsedUser>,
        /// ids of existing groups of a rootless control plane, by name
        "groups" groups: BTreeMap<String, u32>,
    }
}

fact_object! {
    /// An entry of `/etc/passwd`.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
    #[serde(default)]
    pub struct UsedUser {
        /// id of the user
        "uid" uid: u32,
        /// program that the user starts at login
        "shell" shell: String,
    }
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
