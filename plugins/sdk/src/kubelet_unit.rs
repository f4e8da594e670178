//! The kubelet's unit, and whether it passes the kubelet the files that kubeadm writes. Packages of
//! the kubelet bring a drop-in `10-kubeadm.conf` for this. Without the drop-in the kubelet starts
//! without a cluster, and a run waits for it until the time limit.
mod openrc;
mod systemd;

use crate::{Failure, node_fact, observe_files};

/// The drop-in that passes kubeadm's files to the kubelet.
const DROP_IN: &str = "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf";
/// The file of flags that `kubelet-start` writes.
pub const FLAGS_FILE: &str = "/var/lib/kubelet/kubeadm-flags.env";

const KUBECONFIGS: &str = "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
    --kubeconfig=/etc/kubernetes/kubelet.conf";
const CONFIG: &str = "--config=/var/lib/kubelet/config.yaml";

/// The files that a unit passes to the kubelet, and the file that would pass them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeletUnit {
    /// the files of the unit that were read
    pub files: Vec<String>,
    pub passed: UnitParts,
    /// the file that passes everything, if the unit passes nothing
    pub remedy: Option<NewFile>,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    pub path: String,
    pub content: String,
}

/// The parts of kubeadm's files that a unit passes to the kubelet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitParts {
    /// kubeadm's file of flags
    pub flags: bool,
    /// a kubeconfig for the time before the kubelet has a certificate
    pub bootstrap_kubeconfig: bool,
    /// a configuration file
    pub config: bool,
}

impl UnitParts {
    /// Returns the parts that are missing, in words.
    pub fn missing_parts(self) -> Vec<&'static str> {
        [
            (self.flags, "kubeadm's flags (kubeadm-flags.env)"),
            (self.bootstrap_kubeconfig, "--bootstrap-kubeconfig"),
            (self.config, "--config"),
        ]
        .into_iter()
        .filter_map(|(is_passed, part)| (!is_passed).then_some(part))
        .collect()
    }
}

/// Reads the kubelet's unit; `None` if there is none, or if its files do not show what it passes.
///
/// # Errors
/// The host cannot answer a question.
pub fn read() -> Result<Option<KubeletUnit>, Failure> {
    Ok(match node_fact::<String>("initSystem")?.as_deref() {
        Some("systemd") => systemd::read(),
        Some("openrc") => openrc::read(),
        _ => None,
    })
}

/// Returns the text of a file; `None` if it is missing, cannot be read or is not text.
fn text_of(path: &str) -> Option<String> {
    observe_files::read_file(path)
        .ok()
        .and_then(|content| String::from_utf8(content).ok())
}

#[cfg(test)]
mod tests;
