//! The table of all facts of a node.
#[cfg(not(target_arch = "wasm32"))]
use super::defaults::{SYSCTLS, cpu, disk, filesystems, map, strings};
use super::{
    Cpu, Disk, Dns, Fact,
    FactSource::{self, Description},
    FactType, Filesystem, HugePages, MachineIds, NetworkInterface, OsRelease, Output, Route,
    RuntimeFacts, SecurityModules, ServiceState, TimeSync, UsedIds,
};
use std::{collections::BTreeMap, net::IpAddr};

/// Name of the fact with the proxy variables of the environment.
pub const PROXIES: &str = "proxies";

const fn machine(source: &'static str) -> FactSource {
    FactSource::Machine(source)
}

node_facts! {
    facts {
        /// host name as the operating system has it
        "hostname" hostname: String = "node-1".into(), from machine("uname(2)");
        /// global unicast addresses of all interfaces
        "addresses" addresses: Vec<IpAddr> = vec![IpAddr::from([192, 0, 2, 2])],
        from machine("getifaddrs(3)");
        /// address of the interface of the default route
        "defaultRouteInterfaceAddress" default_route_interface_address: Option<IpAddr> =
            Some(IpAddr::from([192, 0, 2, 2])),
        from machine("/proc/net/route, /proc/net/ipv6_route");
        /// global unicast addresses of the loopback interface
        "loopbackAddresses" loopback_addresses: Vec<IpAddr> = Vec::new(),
        from machine("getifaddrs(3)");
        /// network interfaces, by name
        "interfaces" interfaces: Option<Vec<NetworkInterface>> = None,
        from machine("/sys/class/net, getifaddrs(3)");
        /// routes to other machines: those of IPv4, then those of IPv6
        "routes" routes: Option<Vec<Route>> = None,
        from machine("/proc/net/route, /proc/net/ipv6_route");
        /// how host names are looked up
        "dns" dns: Option<Dns> =
            Some(Dns { servers: strings(&["192.0.2.53"]), ..Dns::default() }),
        from machine("/etc/resolv.conf");
        /// further names that resolve, and their addresses
        "hosts" hosts: BTreeMap<String, Vec<String>> = BTreeMap::new(), from Description;
        /// TCP ports of the control plane that something listens on
        "portsInUse" ports_in_use: Vec<u16> = Vec::new(), from machine("bind(2)");
        /// whether release labels such as stable-1 can be looked up
        "internet" internet: bool = false, from Description;
        /// directories with certificates of authorities that exist
        "caDirectories" ca_directories: Vec<String> =
            strings(&["/etc/ssl/certs", "/usr/share/ca-certificates"]),
        from machine("stat(2)");
        /// sockets of container runtimes that answer
        "criSockets" cri_sockets: Vec<String> = Vec::new(), from machine("connect(2)");
        /// the container runtime
        "runtime" runtime: RuntimeFacts = RuntimeFacts::default(), from Description;
        /// user id that the program runs as
        "userId" user_id: u32 = 0, from machine("geteuid(2)");
        /// machine name of the processors: x86_64, aarch64
        "architecture" architecture: String = "x86_64".into(), from machine("uname(2)");
        /// processors
        "cpus" cpus: u32 = 4, from machine("sched_getaffinity(2), cgroups");
        /// the first processor
        "processor" processor: Option<Cpu> = Some(cpu()), from machine("/proc/cpuinfo");
        /// memory
        "memoryMib" memory_mib: u64 as "MiB" = 8192, from machine("sysinfo(2)");
        /// lines of /proc/swaps after its header
        "swaps" swaps: Vec<String> = Vec::new(), from machine("/proc/swaps");
        /// huge pages, by size
        "hugepages" hugepages: Option<Vec<HugePages>> = Some(Vec::new()),
        from machine("/sys/kernel/mm/hugepages");
        /// disks that are devices of the machine
        "disks" disks: Option<Vec<Disk>> = Some(vec![disk()]), from machine("/sys/block");
        /// filesystems of the directories that Kubernetes uses, by directory; of a directory that
        /// does not exist yet, that of the nearest one above
        "filesystems" filesystems: Option<BTreeMap<String, Filesystem>> = Some(filesystems()),
        from machine("statvfs(3), /proc/self/mountinfo");
        /// operating system: Linux
        "os" os: String = "Linux".into(), from machine("uname(2)");
        /// distribution
        "osRelease" os_release: Option<OsRelease> = Some(OsRelease {
            id: "debian".into(),
            version_id: Some("13".into()),
            pretty_name: "Debian GNU/Linux 13 (trixie)".into(),
            ..OsRelease::default()
        }),
        from machine("/etc/os-release, /usr/lib/os-release");
        /// ids by which machines can be told apart
        "machine" machine: Option<MachineIds> = None,
        from machine("/etc/machine-id, /sys/class/dmi/id/product_uuid");
        /// whether the clock follows a time server
        "timeSync" time_sync: Option<TimeSync> =
            Some(TimeSync { synchronized: true, max_error_millis: Some(10) }),
        from machine("adjtimex(2)");
        /// release of the kernel
        "kernelRelease" kernel_release: String = "6.12.0".into(), from machine("uname(2)");
        /// CONFIG_ options without the prefix: y, m or n; of a described node, an option that is
        /// not listed counts as y
        "kernelOptions" kernel_options: BTreeMap<String, String> = BTreeMap::new(),
        from machine("/boot/config-RELEASE, /proc/config.gz");
        /// kernel modules by name, with _ in place of -: loaded, builtIn, or loadable
        "kernelModules" kernel_modules: Option<BTreeMap<String, String>> = Some(map(&[
            ("overlay", "loaded"),
            ("br_netfilter", "loaded"),
            ("nf_conntrack", "loaded"),
            ("vxlan", "loadable"),
        ])),
        from machine("/proc/modules, modules.builtin and modules.dep of /lib/modules/RELEASE");
        /// Linux security modules
        "security" security: Option<SecurityModules> = Some(SecurityModules {
            active: Some(strings(&["capability", "apparmor"])),
            selinux: "disabled".into(),
            apparmor: true,
            seccomp: true,
        }),
        from machine("/sys/kernel/security/lsm, /sys/fs/selinux/enforce, /proc/sys/kernel/seccomp");
        /// version of control groups: 1 or 2
        "cgroupVersion" cgroup_version: u8 = 2, from machine("/sys/fs/cgroup");
        /// controllers of control groups
        "cgroupControllers" cgroup_controllers: Vec<String> = strings(&[
            "cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc",
        ]),
        from machine("/sys/fs/cgroup/cgroup.controllers, /proc/cgroups");
        /// kernel parameters that checks look at, by dotted name
        "sysctls" sysctls: BTreeMap<String, String> = map(SYSCTLS), from machine("/proc/sys");
        /// programs that preflight looks for and that are in PATH
        "commands" commands: Vec<String> =
            strings(&["systemctl", "losetup", "mount", "cp", "conntrack", "kubelet"]),
        from machine("PATH");
        /// what programs print, by command line
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        "outputs" outputs: BTreeMap<String, Output> = BTreeMap::new(), from Description;
        /// version of the kubelet: v1.36.2
        "kubeletVersion" kubelet_version: Option<String> =
            Some(crate::release::Release::newest().kubeadm.into()),
        from machine("kubelet --version");
        /// systemd or openrc
        "initSystem" init_system: Option<String> = Some("systemd".into()),
        from machine("PATH");
        /// whether systemd-resolved runs
        "systemdResolvedActive" systemd_resolved_active: bool = false,
        from machine("init system");
        /// services that preflight looks at, by name
        "services" services: BTreeMap<String, ServiceState> =
            [("kubelet".to_owned(), ServiceState { exists: true, enabled: true, active: false })]
                .into(),
        from machine("init system");
        /// ids of users and groups that are taken, and the ranges that system ids come from
        "usedSystemIDs" used_system_ids: UsedIds = UsedIds::default(),
        from machine("/etc/passwd, /etc/group, /etc/login.defs");
    }
    computed {
        /// proxy variables of the environment by name, without user names and passwords
        PROXIES: BTreeMap<String, String>, from machine("environment");
    }
    inputs {
        /// proxy variables of the environment, with user names and passwords, which phases do not
        /// see
        "environment" environment: BTreeMap<String, String> = BTreeMap::new();
        /// text of files by path, for a rehearsal: it has no other files of the machine
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        "files" files: BTreeMap<String, String> = BTreeMap::new();
        /// a note for readers of the description
        "note" note: String = String::new();
    }
}
