//! Pure functions from the configuration to the files and objects that kubeadm writes. Nothing here
//! reads or writes: `phase` proposes the results.

pub mod addresses;
pub mod images;
pub mod kubeconfig;
pub mod kubelet;
pub mod messages;
pub mod objects;
pub mod patches;
mod recommended;
pub mod static_pod;
pub mod typed;

pub use recommended::recommendation_warning;

pub use kubephase_sdk::net::host_port;

use kubephase_sdk::kubeadm::Arg;

/// The directory of kubeadm's files. `--kubeconfig-dir` does not move it.
pub const KUBERNETES_DIRECTORY: &str = "/etc/kubernetes";

/// The directory in which the kubelet looks for static Pods.
pub const MANIFESTS: &str = "/etc/kubernetes/manifests";
/// The directory in which kubeadm, and runs of this program, keep what they replace.
pub const BACKUPS: &str = "/etc/kubernetes/tmp";
/// The directory of the kubelet's files.
pub const KUBELET_DIR: &str = "/var/lib/kubelet";

/// Returns `directory/name` in Go's clean form: `//`, `.` and `..` are resolved. kubeadm cleans the
/// paths in flags; it does not clean the paths of volumes.
pub fn join_path(directory: &str, name: &str) -> String {
    let path = format!("{directory}/{name}");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if path.starts_with('/') => {}
            _ => parts.push(part),
        }
    }
    format!(
        "{}{}",
        if path.starts_with('/') { "/" } else { "" },
        parts.join("/")
    )
}

/// Returns the value that the user set for a flag of a component; of several values the last.
pub fn last_flag_value<'a>(arguments: &'a [Arg], name: &str) -> Option<&'a str> {
    arguments
        .iter()
        .rev()
        .find(|argument| argument.name == name)
        .map(|argument| argument.value.as_str())
}

/// Returns a component's flags in kubeadm's order. First come kubeadm's own flags, sorted by name,
/// except the flags that the user sets too. The flags of the user follow in their order.
pub fn command_line(
    own: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    of_user: &[Arg],
) -> Vec<String> {
    let mut own: Vec<(String, String)> = own
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    own.retain(|(name, _)| of_user.iter().all(|arg| arg.name != *name));
    own.sort();
    own.iter()
        .map(|(name, value)| (name, value))
        .chain(of_user.iter().map(|arg| (&arg.name, &arg.value)))
        .map(|(name, value)| format!("--{name}={value}"))
        .collect()
}
