//! The risk of grants to change files.
use super::{Danger, root};
use crate::wasm::manifest::Request;

/// Directories in which every program and service has a directory of its own: a file in one of
/// those, named by the grant, is that program's alone.
const SHARED: &[&str] = &["/opt", "/srv", "/var/log", "/var/lib", "/tmp", "/var/tmp"];
/// Directories in these that are read by root's programs, by the system or by the container
/// runtime.
const RESERVED: &[&str] = &[
    "/opt/bin",
    "/opt/cni",
    "/opt/containerd",
    "/opt/puppetlabs",
    "/var/lib/AccountsService",
    "/var/lib/alternatives",
    "/var/lib/amazon",
    "/var/lib/apt",
    "/var/lib/cloud",
    "/var/lib/cni",
    "/var/lib/confexts",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/crio",
    "/var/lib/dbus",
    "/var/lib/dkms",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/etcd",
    "/var/lib/extensions",
    "/var/lib/initramfs-tools",
    "/var/lib/kubelet",
    "/var/lib/kubephase",
    "/var/lib/machines",
    "/var/lib/misc",
    "/var/lib/pam",
    "/var/lib/polkit-1",
    "/var/lib/portables",
    "/var/lib/rpm",
    "/var/lib/snapd",
    "/var/lib/sudo",
    "/var/lib/systemd",
    "/var/lib/waagent",
];
/// Further directories in which a file is configuration of the cluster alone, at any depth.
const CLUSTER: &[&str] = &["/etc/cni/net.d", "/etc/kubernetes/audit"];

/// Returns whether everything that a path pattern fits belongs to one program of the machine, or to
/// the cluster.
pub(super) fn is_apart(pattern: &str) -> bool {
    let below = |directory: &str| {
        pattern
            .strip_prefix(directory)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|rest| !rest.is_empty())
    };
    if CLUSTER.iter().any(|directory| below(directory).is_some()) {
        return true;
    }
    SHARED.iter().any(|shared| {
        let own = below(shared)
            .and_then(|rest| rest.split('/').next())
            .filter(|name| !name.contains('*'));
        own.is_some_and(|name| !RESERVED.contains(&format!("{shared}/{name}").as_str()))
    })
}

/// Judges a grant to write, make and remove files, and to set their modes: it amounts to root
/// unless the files belong to one program, or to the cluster.
pub(super) fn changed_paths(request: &Request) -> Vec<Danger> {
    let outside = request.paths.iter().filter(|pattern| !is_apart(pattern));
    outside
        .map(|pattern| {
            root(format!(
                "{pattern} is not a directory of one program's own: files there may decide what \
                 runs as root and who may do what"
            ))
        })
        .collect()
}
