//! Names of plugins.
use crate::text::sanitise;

/// Names that no plugin may have, because a reader of messages would take the plugin for this
/// program, a program or component of Kubernetes, or a phase, group or command. Names of the
/// program's own plugins are not among them. The test
/// `no_plugin_has_the_name_of_a_command_or_a_phase` compares the list with all commands and phases.
const RESERVED: &[&str] = &[
    // programs
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
    "kubephase",
    "kubernetes",
    // words that messages use for the program and its parts
    "core",
    "host",
    "journal",
    "kubephase-plugin",
    "plugins",
    "root",
    "system",
    // commands
    "alpha",
    "apply",
    "bundle",
    "certificates",
    "certs",
    "completion",
    "config",
    "diff",
    "doctor",
    "help",
    "init",
    "join",
    "kubeconfig",
    "phase",
    "plan",
    "plugin",
    "rehearse",
    "report",
    "reset",
    "token",
    "upgrade",
    "version",
    // phases and groups, and labels of kubeadm's lines
    "addon",
    "addons",
    "api-check",
    "bootstrap-token",
    "bootstraptoken",
    "check-etcd",
    "cleanup-node",
    "cleanupnode",
    "cluster",
    "cluster-info",
    "cluster-objects",
    "control-plane",
    "control-plane-check",
    "control-plane-join",
    "control-plane-prepare",
    "discovery",
    "download-certs",
    "drift",
    "drop",
    "dryrun",
    "etcd",
    "etcd-join",
    "etcd-members",
    "kubelet-check",
    "kubelet-config",
    "kubelet-finalize",
    "kubelet-start",
    "kubelet-wait-bootstrap",
    "mark-control-plane",
    "patches",
    "post-upgrade",
    "pre-flight",
    "reissue",
    "remove-etcd-member",
    "show-join-command",
    "timer",
    "trust",
    "update-status",
    "upload-certs",
    "upload-config",
    "uploadconfig",
    "wait-control-plane",
    // certificates and kubeconfigs that are renewed
    "admin-conf",
    "apiserver",
    "apiserver-etcd-client",
    "apiserver-kubelet-client",
    "controller-manager-conf",
    "etcd-healthcheck-client",
    "etcd-peer",
    "etcd-server",
    "front-proxy-client",
    "restart",
    "scheduler-conf",
    "super-admin-conf",
];

/// Whether a text has the form of a name of a plugin, slot or workflow: 1 to 63 lower-case letters,
/// digits and dashes.
pub fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Checks the name of a plugin.
///
/// # Errors
/// The name does not have the form of [`is_name`], or is a name of kubephase or Kubernetes.
pub fn check_name(name: &str) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!(
            "\"{}\" is not a valid name: use 1 to 63 lower-case letters, digits and dashes",
            sanitise::quoted(name)
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!(
            "{name:?} is the name of a program, phase or command of kubephase or Kubernetes; \
             choose another name"
        ));
    }
    Ok(())
}
