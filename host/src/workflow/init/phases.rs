//! The phases of `init`, in kubeadm's order. Ids, aliases and inherited flags are kubeadm's;
//! kubeadm does not have `needs`.
use crate::{
    phase::{
        bootstrap_token, certs, control_plane, etcd, kubeconfig, kubelet_finalize, kubelet_start,
        mark_control_plane, preflight, show_join_command, upload_certs, upload_config,
        wait_control_plane,
    },
    plan::spec::{PhaseSpec, START_API_SERVER, START_ETCD, START_KUBELET},
    render::MANIFESTS,
};

/// Flags of a subcommand, in groups that several subcommands share.
type Flags<'a> = &'a [&'a [&'a str]];

const COMMON: &[&str] = &["config", "dry-run"];
const CLUSTER: &[&str] = &["config", "dry-run", "kubeconfig"];
const ENDPOINT: &[&str] = &["apiserver-advertise-address", "control-plane-endpoint"];
const PREFLIGHT: Flags = &[
    COMMON,
    &["image-repository", "cri-socket", "ignore-preflight-errors"],
];
const CERT: &[&str] = &["cert-dir", "config", "kubernetes-version", "dry-run"];
const SERVING_CERT: Flags = &[
    CERT,
    ENDPOINT,
    &[
        "apiserver-cert-extra-sans",
        "service-dns-domain",
        "service-cidr",
    ],
];
const KUBECONFIG: &[&str] = &[
    "apiserver-advertise-address",
    "control-plane-endpoint",
    "apiserver-bind-port",
    "cert-dir",
    "config",
    "kubeconfig-dir",
    "kubernetes-version",
    "dry-run",
];
const ETCD: Flags = &[COMMON, &["cert-dir", "image-repository", "patches"]];
const STATIC_POD: &[&str] = &[
    "config",
    "cert-dir",
    "kubernetes-version",
    "image-repository",
    "patches",
    "dry-run",
];
const APISERVER: &[&str] = &[
    "apiserver-advertise-address",
    "control-plane-endpoint",
    "apiserver-bind-port",
    "apiserver-extra-args",
    "feature-gates",
    "service-cidr",
];
const CONTROLLER_MANAGER: &[&str] = &["controller-manager-extra-args", "pod-network-cidr"];
const SCHEDULER: &[&str] = &["scheduler-extra-args"];
const KUBELET_START: Flags = &[
    COMMON,
    &["image-repository", "cri-socket", "node-name", "patches"],
];
const UPLOAD: Flags = &[CLUSTER, &["cri-socket"]];
const UPLOAD_CERTS: Flags = &[
    CLUSTER,
    &[
        "upload-certs",
        "certificate-key",
        "skip-certificate-key-print",
    ],
];
const FINALIZE: Flags = &[COMMON, &["cert-dir"]];
const ADDON: &[&str] = &[
    "config",
    "dry-run",
    "kubeconfig",
    "kubernetes-version",
    "image-repository",
];
const COREDNS: Flags = &[
    ADDON,
    &[
        "feature-gates",
        "service-dns-domain",
        "service-cidr",
        "print-manifest",
    ],
];
const KUBE_PROXY: Flags = &[
    ADDON,
    ENDPOINT,
    &["apiserver-bind-port", "pod-network-cidr", "print-manifest"],
];

/// The phases that must have settled before a phase talks to the API server.
const API_READY: &[&str] = &["wait-control-plane/api"];

/// Returns all phases of `init`.
pub fn phases() -> Vec<PhaseSpec> {
    [
        preflight_phases(),
        certs::init_phases(&[CERT], SERVING_CERT),
        kubeconfig::init_phases(&[KUBECONFIG], &[KUBECONFIG, &["node-name"]]),
        static_pod_phases(),
        start_phases(),
        upload_phases(),
        cluster_phases(),
    ]
    .concat()
}

fn preflight_phases() -> Vec<PhaseSpec> {
    preflight::phases("Run pre-flight checks", PREFLIGHT)
}

/// Returns the phases that write the static Pods of etcd and of the control plane.
fn static_pod_phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            "etcd",
            "Generate static Pod manifest file for local etcd",
            ETCD,
        ),
        PhaseSpec::phase(
            "etcd/local",
            "Generate the static Pod manifest file for a local, single-node local etcd instance",
            ETCD,
            etcd::write_static_pod,
        )
        .needs(&[
            "certs/etcd-server",
            "certs/etcd-peer",
            "certs/etcd-healthcheck-client",
        ])
        .expected_millis(START_ETCD),
        PhaseSpec::group(
            "control-plane",
            "Generate all static Pod manifest files necessary to establish the control plane",
            &[STATIC_POD, APISERVER, CONTROLLER_MANAGER, SCHEDULER],
        )
        .header(|_| vec![format!("Using manifest folder {MANIFESTS:?}")]),
        PhaseSpec::phase(
            "control-plane/apiserver",
            "Generates the kube-apiserver static Pod manifest",
            &[STATIC_POD, APISERVER],
            || control_plane::write_static_pod("kube-apiserver"),
        )
        .needs(&["certs", "etcd/local"]),
        PhaseSpec::phase(
            "control-plane/controller-manager",
            "Generates the kube-controller-manager static Pod manifest",
            &[STATIC_POD, CONTROLLER_MANAGER],
            || control_plane::write_static_pod("kube-controller-manager"),
        )
        .needs(&[
            "certs/ca",
            "certs/front-proxy-ca",
            "certs/sa",
            "kubeconfig/controller-manager",
        ]),
        PhaseSpec::phase(
            "control-plane/scheduler",
            "Generates the kube-scheduler static Pod manifest",
            &[STATIC_POD, SCHEDULER],
            || control_plane::write_static_pod("kube-scheduler"),
        )
        .needs(&["kubeconfig/scheduler"]),
    ]
}

/// Returns the phases that start the kubelet and wait for the control plane.
fn start_phases() -> Vec<PhaseSpec> {
    vec![
        // The kubelet takes longer to start than all keys take to be made, and reads manifests as
        // they appear.
        PhaseSpec::phase(
            "kubelet-start",
            "Write kubelet settings and (re)start the kubelet",
            KUBELET_START,
            kubelet_start::write_settings_and_start,
        )
        .needs(&["kubeconfig/kubelet"])
        .expected_millis(START_KUBELET),
        PhaseSpec::phase(
            "wait-control-plane",
            "Wait for the control plane to start",
            &[],
            wait_control_plane::wait_until_healthy,
        )
        .needs(&["kubelet-start", "control-plane", "kubeconfig"])
        .expected_millis(START_API_SERVER),
        // Phases that use the API begin as soon as it answers, while its last start-up hooks still
        // run. They need this phase even if `wait-control-plane` is skipped, because it also lets
        // the admin act (kubeadm behaviour).
        PhaseSpec::phase(
            "wait-control-plane/api",
            "Wait until the API server lets the admin act",
            &[],
            wait_control_plane::wait_for_api,
        )
        .needs(&["kubelet-start", "control-plane", "kubeconfig"])
        .run_without_group()
        .expected_millis(START_API_SERVER),
    ]
}

/// Returns the phases that store the data that joining machines need.
fn upload_phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            "upload-config",
            "Upload the kubeadm and kubelet configuration to a ConfigMap",
            UPLOAD,
        )
        .aliases(&["uploadconfig"]),
        PhaseSpec::phase(
            "upload-config/kubeadm",
            "Upload the kubeadm ClusterConfiguration to a ConfigMap",
            UPLOAD,
            upload_config::upload_cluster_configuration,
        )
        .needs(API_READY),
        PhaseSpec::phase(
            "upload-config/kubelet",
            "Upload the kubelet component config to a ConfigMap",
            UPLOAD,
            upload_config::upload_kubelet_configuration,
        )
        .needs(API_READY),
        PhaseSpec::phase(
            upload_config::PHASES,
            "Upload the PhaseConfiguration to a ConfigMap",
            UPLOAD,
            upload_config::upload_phase_configuration,
        )
        .needs(API_READY),
        PhaseSpec::phase(
            "upload-certs",
            "Upload certificates to kubeadm-certs",
            UPLOAD_CERTS,
            upload_certs::upload_certificates,
        )
        .needs(API_READY),
    ]
}

/// Returns the phases that change the cluster through its API.
fn cluster_phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::phase(
            "mark-control-plane",
            "Mark a node as a control-plane",
            &[COMMON, &["node-name"]],
            mark_control_plane::mark_node,
        )
        .needs(API_READY),
        PhaseSpec::phase(
            "bootstrap-token",
            "Generates bootstrap tokens used to join a node to a cluster",
            &[CLUSTER, &["skip-token-print"]],
            bootstrap_token::propose_tokens,
        )
        .needs(API_READY)
        .aliases(&["bootstraptoken"]),
        PhaseSpec::group(
            "kubelet-finalize",
            "Updates settings relevant to the kubelet after TLS bootstrap",
            FINALIZE,
        ),
        PhaseSpec::phase(
            "kubelet-finalize/enable-client-cert-rotation",
            "Enable kubelet client certificate rotation",
            FINALIZE,
            kubelet_finalize::enable_client_certificate_rotation,
        )
        .needs(API_READY),
        PhaseSpec::group(
            "addon",
            "Install required addons for passing conformance tests",
            &[ADDON],
        )
        .member_flags("addon/coredns", COREDNS)
        .member_flags("addon/kube-proxy", KUBE_PROXY)
        .accept_plugins(),
        PhaseSpec::phase(
            "show-join-command",
            "Show the join command for control-plane and worker node",
            &[],
            show_join_command::show_commands,
        )
        .needs(&[
            "wait-control-plane",
            "upload-config",
            "upload-certs",
            "mark-control-plane",
            "bootstrap-token",
            "kubelet-finalize",
            "addon",
        ])
        .requires(&["bootstrap-token", "upload-certs"]),
    ]
}
