//! The phases of `upgrade apply` and `upgrade node`, in kubeadm's order; kubeadm does not have
//! `needs`. All phases after `control-plane` need it, because the API server that it starts answers
//! their requests.
use crate::{
    phase::{
        bootstrap_token, cluster_objects, upgrade,
        upgrade::{control_plane::upgrade_control_plane, preflight, rollback},
        upload_config,
    },
    plan::spec::{PhaseSpec, START_API_SERVER},
};

/// Flags of a subcommand, in groups that several subcommands share.
type Flags<'a> = &'a [&'a [&'a str]];

const COMMON: &[&str] = &["config", "kubeconfig", "dry-run"];
/// The argument of `upgrade apply`, which its phases take too.
const VERSION: &[&str] = &["version"];
const PREFLIGHT_OF_APPLY: Flags = &[
    COMMON,
    VERSION,
    &[
        "force",
        "ignore-preflight-errors",
        "allow-experimental-upgrades",
        "allow-release-candidate-upgrades",
        "yes",
    ],
];
const CONTROL_PLANE: &[&str] = &["certificate-renewal", "etcd-upgrade", "patches", "snapshot"];
const PATCHES: &[&str] = &["patches"];

/// Returns all phases of `upgrade apply`.
pub fn apply_phases() -> Vec<PhaseSpec> {
    [
        preflight::apply_phases(PREFLIGHT_OF_APPLY),
        vec![control_plane_phase(
            "Upgrade the control plane",
            &[COMMON, VERSION, CONTROL_PLANE],
        )],
        upload_phases(&[COMMON, VERSION]),
        kubelet_phases(&[COMMON, VERSION]),
        vec![
            PhaseSpec::phase(
                "bootstrap-token",
                "Configures bootstrap token and cluster-info RBAC rules",
                &[COMMON, VERSION],
                bootstrap_token::apply_access,
            )
            .needs(&["control-plane"]),
        ],
        last_phases(&[COMMON, VERSION]),
    ]
    .concat()
}

/// Returns all phases of `upgrade node`.
pub fn node_phases() -> Vec<PhaseSpec> {
    [
        preflight::node_phases(&[&["config", "ignore-preflight-errors"]]),
        vec![control_plane_phase(
            "Upgrade the control plane instance deployed on this node, if any",
            &[COMMON, CONTROL_PLANE],
        )],
        kubelet_phases(&[COMMON]),
        vec![
            PhaseSpec::phase(
                "cluster-objects",
                "Verify the objects with which nodes join the cluster",
                &[COMMON],
                cluster_objects::verify,
            )
            .needs(&["control-plane"]),
        ],
        last_phases(&[COMMON]),
    ]
    .concat()
}

/// Returns all phases of `upgrade rollback`, in the opposite order of an upgrade: kube-proxy must
/// not be newer than the API server.
pub fn rollback_phases() -> Vec<PhaseSpec> {
    let flags: Flags = &[COMMON];
    vec![
        PhaseSpec::phase(
            "addons",
            "Put the addons back as they were before the upgrade",
            flags,
            rollback::restore_addons,
        ),
        PhaseSpec::phase(
            "control-plane",
            "Restore the static Pods of this node",
            flags,
            rollback::restore_control_plane,
        )
        .needs(&["addons"])
        .expected_millis(START_API_SERVER),
        PhaseSpec::phase(
            "upload-config",
            "Restore the configuration of the cluster and of its kubelets",
            flags,
            rollback::restore_configuration,
        )
        .needs(&["control-plane"]),
        PhaseSpec::phase(
            "kubelet-config",
            "Restore the configuration of this node's kubelet",
            flags,
            rollback::restore_kubelet_configuration,
        )
        .needs(&["control-plane"]),
    ]
}

fn control_plane_phase(title: &str, flags: Flags) -> PhaseSpec {
    PhaseSpec::phase("control-plane", title, flags, upgrade_control_plane)
        .needs(&["preflight"])
        .expected_millis(START_API_SERVER)
}

fn upload_phases(flags: Flags) -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            "upload-config",
            "Upload the kubeadm and kubelet configurations to ConfigMaps",
            flags,
        )
        .aliases(&["uploadconfig"]),
        PhaseSpec::phase(
            "upload-config/kubeadm",
            "Upload the kubeadm ClusterConfiguration to a ConfigMap",
            flags,
            upload_config::upload_cluster_configuration,
        )
        .needs(&["control-plane"]),
        PhaseSpec::phase(
            "upload-config/kubelet",
            "Upload the kubelet configuration to a ConfigMap",
            flags,
            upgrade::upload_kubelet_configuration,
        )
        .needs(&["upload-config/kubeadm"]),
    ]
}

fn kubelet_phases(flags: Flags) -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::phase(
            "kubeconfig",
            "Upgrade kubeconfig files for this node",
            flags,
            upgrade::upgrade_kubeconfig,
        )
        .needs(&["control-plane"]),
        PhaseSpec::phase(
            "kubelet-config",
            "Upgrade the kubelet configuration for this node",
            &[flags, &[PATCHES]].concat(),
            upgrade::upgrade_kubelet_configuration,
        )
        .needs(&["kubeconfig", "upload-config"]),
    ]
}

fn last_phases(flags: Flags) -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group("addon", "Upgrade the default kubeadm addons", flags)
            .accept_plugins()
            .member_flags("addon/coredns", &[flags, &[PATCHES]].concat()),
        PhaseSpec::phase(
            "post-upgrade",
            "Run post upgrade tasks",
            flags,
            upgrade::finish,
        )
        .needs(&[
            "upload-config",
            "kubelet-config",
            "bootstrap-token",
            "addon",
        ]),
    ]
}
