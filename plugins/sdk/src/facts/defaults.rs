//! Values of facts on a described node that does not name them: those of a fit machine.
use super::{Cpu, Disk, Filesystem};
use std::collections::BTreeMap;

/// Directories whose filesystems are facts.
pub const FILESYSTEM_PATHS: &[&str] = &[
    "/",
    "/etc/kubernetes",
    "/opt",
    "/run",
    "/tmp",
    "/usr",
    "/var",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/log",
];

/// Kernel parameters that checks look at, with the values of a fit machine.
pub const SYSCTLS: &[(&str, &str)] = &[
    ("fs.inotify.max_user_instances", "8192"),
    ("fs.inotify.max_user_watches", "524288"),
    ("kernel.keys.root_maxbytes", "25000000"),
    ("kernel.keys.root_maxkeys", "1000000"),
    ("kernel.panic", "10"),
    ("kernel.panic_on_oops", "1"),
    ("kernel.pid_max", "4194304"),
    ("net.bridge.bridge-nf-call-ip6tables", "1"),
    ("net.bridge.bridge-nf-call-iptables", "1"),
    ("net.ipv4.conf.all.rp_filter", "0"),
    ("net.ipv4.ip_forward", "1"),
    ("net.ipv4.ip_local_port_range", "32768\t60999"),
    ("net.ipv6.conf.default.forwarding", "1"),
    ("vm.overcommit_memory", "1"),
    ("vm.panic_on_oom", "0"),
];

/// Returns texts as a list.
pub(super) fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// Returns pairs of texts as a map.
pub(super) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}

pub(super) fn cpu() -> Cpu {
    Cpu {
        vendor: Some("GenuineIntel".into()),
        model: None,
        features: strings(&[
            "cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2", "aes", "avx", "avx2",
        ]),
    }
}

pub(super) fn disk() -> Disk {
    Disk {
        name: "vda".into(),
        size_mib: 102_400,
        used: true,
        ..Disk::default()
    }
}

/// Returns one large filesystem below all directories.
pub(super) fn filesystems() -> BTreeMap<String, Filesystem> {
    let filesystem = Filesystem {
        mount_point: Some("/".into()),
        kind: Some("ext4".into()),
        options: Some(strings(&["rw", "relatime"])),
        read_only: Some(false),
        total_mib: Some(102_400),
        available_mib: Some(81_920),
        total_inodes: Some(6_553_600),
        available_inodes: Some(6_000_000),
    };
    let paths = FILESYSTEM_PATHS.iter();
    let filesystems = paths.map(|path| ((*path).to_owned(), filesystem.clone()));
    filesystems.collect()
}
