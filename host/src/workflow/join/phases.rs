//! The phases of `join`, by kubeadm's names; kubeadm does not have `needs`. A worker does not have
//! the phases of the control plane.
//!
//! kubeadm writes the manifests of the control plane before its etcd is a member, and starts the
//! kubelet at a time when the API server cannot start yet. Here etcd comes first, with the
//! certificates that it needs; the API server starts when its etcd answers. kubeadm has one phase
//! for all certificates and one for all kubeconfigs; here these are groups.
use crate::{
    phase::{
        certs, cluster_objects, control_plane, download_certs, etcd_join, kubeconfig, kubelet_join,
        mark_control_plane, preflight, wait_control_plane,
    },
    plan::spec::{PhaseSpec, START_API_SERVER, START_ETCD, START_KUBELET},
};

/// Flags of a subcommand, in groups that several subcommands share.
type Flags<'a> = &'a [&'a [&'a str]];

const COMMON: &[&str] = &["config", "dry-run"];
const DISCOVERY: &[&str] = &[
    "discovery-file",
    "discovery-token",
    "discovery-token-ca-cert-hash",
    "discovery-token-unsafe-skip-ca-verification",
    "tls-bootstrap-token",
    "token",
];
const ENDPOINT: &[&str] = &["apiserver-advertise-address", "apiserver-bind-port"];
const PREFLIGHT: Flags = &[
    COMMON,
    DISCOVERY,
    ENDPOINT,
    &[
        "ignore-preflight-errors",
        "control-plane",
        "cri-socket",
        "node-name",
        "certificate-key",
    ],
];
const PREPARE: Flags = &[
    COMMON,
    DISCOVERY,
    ENDPOINT,
    &["control-plane", "node-name", "certificate-key", "patches"],
];
const DISCOVER: Flags = &[COMMON, DISCOVERY, &["control-plane", "certificate-key"]];
const CERTS: Flags = &[
    COMMON,
    DISCOVERY,
    &["apiserver-advertise-address", "control-plane", "node-name"],
];
const MANIFESTS: Flags = &[COMMON, ENDPOINT, &["control-plane", "patches"]];
const KUBELET_START: Flags = &[COMMON, DISCOVERY, &["cri-socket", "node-name", "patches"]];
const MEMBER: Flags = &[
    COMMON,
    &[
        "control-plane",
        "node-name",
        "patches",
        "apiserver-advertise-address",
    ],
];
const BOOTSTRAP: Flags = &[COMMON, &["cri-socket"]];
const MARK: Flags = &[COMMON, &["control-plane", "node-name"]];

/// The phases that a worker does not have.
pub const CONTROL_PLANE_PHASES: &[&str] = &[
    "control-plane-prepare",
    "check-etcd",
    "etcd-join",
    "control-plane-join",
    "wait-control-plane",
];

/// Returns all phases of `join`.
pub fn phases() -> Vec<PhaseSpec> {
    [
        preflight::phases("Run join pre-flight checks", PREFLIGHT),
        prepare_phases(),
        node_phases(),
        control_plane_phases(),
    ]
    .concat()
}

/// Returns the phases that prepare a machine for serving a control plane.
fn prepare_phases() -> Vec<PhaseSpec> {
    [
        vec![
            PhaseSpec::group(
                "control-plane-prepare",
                "Prepare the machine for serving a control plane",
                PREPARE,
            ),
            PhaseSpec::phase(
                "control-plane-prepare/download-certs",
                "Download certificates shared among control-plane nodes from the kubeadm-certs \
                 Secret",
                DISCOVER,
                download_certs::download_shared_certificates,
            )
            .needs(&["preflight"]),
        ],
        certs::join_phases(CERTS),
        kubeconfig::join_phases(DISCOVER),
        vec![
            PhaseSpec::phase(
                "control-plane-prepare/control-plane",
                "Generate the manifests for the new control plane components",
                MANIFESTS,
                control_plane::write_all_static_pods,
            )
            .needs(&[
                "control-plane-prepare/certs",
                "control-plane-prepare/kubeconfig",
                "etcd-join",
            ]),
        ],
    ]
    .concat()
}

/// Returns the phases that make the machine a node and its etcd a member.
fn node_phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::phase(
            "check-etcd",
            "Check cluster health for etcd",
            &[],
            etcd_join::check_health,
        )
        .needs(&[
            "control-plane-prepare/kubeconfig/admin",
            "control-plane-prepare/certs/etcd-healthcheck-client",
        ]),
        // A node whose kubelet bootstraps is in the cluster. A machine that cannot become a member
        // of etcd therefore fails before its kubelet starts.
        PhaseSpec::phase(
            "kubelet-start",
            "Write kubelet settings, certificates and (re)start the kubelet",
            KUBELET_START,
            kubelet_join::start,
        )
        .needs(&[
            "preflight",
            "control-plane-prepare/kubeconfig/admin",
            "check-etcd",
        ])
        .expected_millis(START_KUBELET),
        PhaseSpec::phase(
            "etcd-join",
            "Join etcd for control plane nodes",
            MEMBER,
            etcd_join::join_cluster,
        )
        .needs(&[
            "check-etcd",
            "kubelet-start",
            "control-plane-prepare/certs/etcd-server",
            "control-plane-prepare/certs/etcd-peer",
        ])
        .expected_millis(START_ETCD),
        PhaseSpec::phase(
            "kubelet-wait-bootstrap",
            "Wait for the kubelet to bootstrap itself",
            BOOTSTRAP,
            kubelet_join::wait_for_bootstrap,
        )
        .needs(&["kubelet-start"])
        .expected_millis(START_KUBELET)
        .run_after_stop(),
    ]
}

/// Returns the phases that make a node part of the control plane.
fn control_plane_phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            "control-plane-join",
            "Join a machine as a control plane instance",
            MEMBER,
        ),
        PhaseSpec::phase(
            "control-plane-join/mark-control-plane",
            "Mark a node as a control-plane",
            MARK,
            mark_control_plane::mark_node,
        )
        .needs(&[
            "kubelet-wait-bootstrap",
            "control-plane-prepare/kubeconfig/admin",
        ]),
        PhaseSpec::phase(
            "control-plane-join/kubelet",
            "Point the kubelet at this node's own API server",
            MARK,
            kubelet_join::use_own_api_server,
        )
        .needs(&[
            "kubelet-wait-bootstrap",
            "control-plane-prepare/control-plane",
        ]),
        PhaseSpec::phase(
            "control-plane-join/cluster-objects",
            "Verify the objects with which nodes join the cluster",
            MARK,
            cluster_objects::verify,
        )
        .needs(&["control-plane-join/mark-control-plane"]),
        PhaseSpec::phase(
            "wait-control-plane",
            "Wait for the control plane to start",
            &[],
            wait_control_plane::wait_for_own_components,
        )
        .needs(&["control-plane-prepare/control-plane"])
        .expected_millis(START_API_SERVER),
    ]
}
