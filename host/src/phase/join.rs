//! The rows of `join`, by kubeadm's names; `needs` are ours. On a worker those of the control plane
//! are left out.
//!
//! kubeadm writes the control plane's manifests before its etcd is a member, and starts the kubelet
//! against an API server that cannot come up yet. Here etcd comes first, with the certificates that
//! it needs, and the API server when its etcd answers. kubeadm has one phase for all certificates
//! and one for all kubeconfigs; here these are groups.
use super::{
    built_in::{API, BuiltIn, ETCD_UP, KUBELET, check, group, keyed, phase},
    certs, control_plane, download_certs, etcd_join, kubeconfig, kubelet_join, mark_control_plane,
    preflight, wait_control_plane,
};

const PREFLIGHT: &[&str] = &[
    "config",
    "ignore-preflight-errors",
    "tls-bootstrap-token",
    "token",
    "control-plane",
    "apiserver-advertise-address",
    "apiserver-bind-port",
    "cri-socket",
    "node-name",
    "discovery-file",
    "discovery-token",
    "discovery-token-ca-cert-hash",
    "discovery-token-unsafe-skip-ca-verification",
    "certificate-key",
    "dry-run",
];
const PREPARE: &[&str] = &[
    "apiserver-advertise-address",
    "apiserver-bind-port",
    "config",
    "control-plane",
    "node-name",
    "discovery-file",
    "discovery-token",
    "discovery-token-ca-cert-hash",
    "discovery-token-unsafe-skip-ca-verification",
    "tls-bootstrap-token",
    "token",
    "certificate-key",
    "patches",
    "dry-run",
];
const DISCOVER: &[&str] = &[
    "config",
    "control-plane",
    "discovery-file",
    "discovery-token",
    "discovery-token-ca-cert-hash",
    "discovery-token-unsafe-skip-ca-verification",
    "tls-bootstrap-token",
    "token",
    "certificate-key",
    "dry-run",
];
const CERTS: &[&str] = &[
    "apiserver-advertise-address",
    "config",
    "control-plane",
    "node-name",
    "discovery-file",
    "discovery-token",
    "discovery-token-ca-cert-hash",
    "discovery-token-unsafe-skip-ca-verification",
    "tls-bootstrap-token",
    "token",
    "dry-run",
];
const MANIFESTS: &[&str] = &[
    "apiserver-advertise-address",
    "apiserver-bind-port",
    "config",
    "control-plane",
    "patches",
    "dry-run",
];
const KUBELET_START: &[&str] = &[
    "config",
    "cri-socket",
    "node-name",
    "discovery-file",
    "discovery-token",
    "discovery-token-ca-cert-hash",
    "discovery-token-unsafe-skip-ca-verification",
    "tls-bootstrap-token",
    "token",
    "patches",
    "dry-run",
];
const MEMBER: &[&str] = &[
    "config",
    "control-plane",
    "node-name",
    "patches",
    "apiserver-advertise-address",
    "dry-run",
];
const BOOTSTRAP: &[&str] = &["config", "cri-socket", "dry-run"];
const MARK: &[&str] = &["config", "control-plane", "node-name", "dry-run"];

/// What a worker has nothing of.
pub const CONTROL_PLANE: &[&str] = &[
    "control-plane-prepare",
    "check-etcd",
    "etcd-join",
    "control-plane-join",
    "wait-control-plane",
];

/// A certificate of this node's own.
const fn own(id: &'static str, title: &'static str) -> BuiltIn {
    keyed::<certs::Certs>(id, title, &["control-plane-prepare/certs/shared"], CERTS)
}

const fn kubeconfig(id: &'static str, title: &'static str) -> BuiltIn {
    keyed::<kubeconfig::Joining>(
        id,
        title,
        &["control-plane-prepare/download-certs"],
        DISCOVER,
    )
}

pub const ROWS: &[BuiltIn] = &[
    group("preflight", "Run join pre-flight checks", PREFLIGHT),
    check::<preflight::Runtime>(
        "preflight/runtime",
        "The container runtime answers and has what the kubelet needs",
        PREFLIGHT,
    ),
    check::<preflight::ExternalEtcd>(
        "preflight/etcd",
        "An external etcd is new enough",
        PREFLIGHT,
    ),
    check::<preflight::Images>(
        "preflight/images",
        "Pull the images of the control plane",
        PREFLIGHT,
    ),
    group(
        "control-plane-prepare",
        "Prepare the machine for serving a control plane",
        PREPARE,
    ),
    phase::<download_certs::DownloadCerts>(
        "control-plane-prepare/download-certs",
        "Download certificates shared among control-plane nodes from the kubeadm-certs Secret",
        &["preflight"],
        DISCOVER,
    ),
    group(
        "control-plane-prepare/certs",
        "Generate the certificates for the new control plane components",
        CERTS,
    ),
    phase::<certs::Shared>(
        "control-plane-prepare/certs/shared",
        "Look whether what all members of the control plane share is there",
        &["control-plane-prepare/download-certs"],
        CERTS,
    ),
    own(
        "control-plane-prepare/certs/etcd-healthcheck-client",
        "Generate the certificate to ask etcd with",
    ),
    own(
        "control-plane-prepare/certs/etcd-server",
        "Generate the certificate for serving etcd",
    ),
    own(
        "control-plane-prepare/certs/etcd-peer",
        "Generate the certificate for etcd nodes to communicate with each other",
    ),
    own(
        "control-plane-prepare/certs/apiserver",
        "Generate the certificate for serving the Kubernetes API",
    ),
    own(
        "control-plane-prepare/certs/apiserver-kubelet-client",
        "Generate the certificate for the API server to connect to kubelet",
    ),
    own(
        "control-plane-prepare/certs/apiserver-etcd-client",
        "Generate the certificate the apiserver uses to access etcd",
    ),
    own(
        "control-plane-prepare/certs/front-proxy-client",
        "Generate the certificate for the front proxy client",
    ),
    group(
        "control-plane-prepare/kubeconfig",
        "Generate the kubeconfig for the new control plane components",
        DISCOVER,
    ),
    kubeconfig(
        "control-plane-prepare/kubeconfig/admin",
        "Generate the kubeconfig for the admin",
    ),
    kubeconfig(
        "control-plane-prepare/kubeconfig/controller-manager",
        "Generate the kubeconfig for the controller manager",
    ),
    kubeconfig(
        "control-plane-prepare/kubeconfig/scheduler",
        "Generate the kubeconfig for the scheduler",
    ),
    phase::<control_plane::All>(
        "control-plane-prepare/control-plane",
        "Generate the manifests for the new control plane components",
        &[
            "control-plane-prepare/certs",
            "control-plane-prepare/kubeconfig",
            "etcd-join",
        ],
        MANIFESTS,
    ),
    phase::<etcd_join::Check>(
        "check-etcd",
        "Check cluster health for etcd",
        &[
            "control-plane-prepare/kubeconfig/admin",
            "control-plane-prepare/certs/etcd-healthcheck-client",
        ],
        &[],
    ),
    // A node whose kubelet bootstraps is in the cluster: one that cannot become a member of etcd
    // does not come that far.
    BuiltIn {
        typical: KUBELET,
        ..phase::<kubelet_join::Start>(
            "kubelet-start",
            "Write kubelet settings, certificates and (re)start the kubelet",
            &[
                "preflight",
                "control-plane-prepare/kubeconfig/admin",
                "check-etcd",
            ],
            KUBELET_START,
        )
    },
    BuiltIn {
        typical: ETCD_UP,
        ..phase::<etcd_join::Join>(
            "etcd-join",
            "Join etcd for control plane nodes",
            &[
                "check-etcd",
                "kubelet-start",
                "control-plane-prepare/certs/etcd-server",
                "control-plane-prepare/certs/etcd-peer",
            ],
            MEMBER,
        )
    },
    BuiltIn {
        typical: KUBELET,
        tidies: true,
        ..phase::<kubelet_join::WaitBootstrap>(
            "kubelet-wait-bootstrap",
            "Wait for the kubelet to bootstrap itself",
            &["kubelet-start"],
            BOOTSTRAP,
        )
    },
    group(
        "control-plane-join",
        "Join a machine as a control plane instance",
        MEMBER,
    ),
    phase::<mark_control_plane::MarkControlPlane>(
        "control-plane-join/mark-control-plane",
        "Mark a node as a control-plane",
        &[
            "kubelet-wait-bootstrap",
            "control-plane-prepare/kubeconfig/admin",
        ],
        MARK,
    ),
    phase::<kubelet_join::OwnServer>(
        "control-plane-join/kubelet",
        "Point the kubelet at this node's own API server",
        &[
            "kubelet-wait-bootstrap",
            "control-plane-prepare/control-plane",
        ],
        MARK,
    ),
    BuiltIn {
        typical: API,
        ..phase::<wait_control_plane::Joined>(
            "wait-control-plane",
            "Wait for the control plane to start",
            &["control-plane-prepare/control-plane"],
            &[],
        )
    },
];
