//! The rows of `init`, in kubeadm's order. Ids, aliases and inherited flags are kubeadm's; `needs`
//! are ours.
use super::{
    bootstrap_token,
    built_in::{API, BuiltIn, ETCD_UP, KUBELET, check as any_check, group, keyed, phase},
    certs, control_plane, etcd, kubeconfig, kubelet_finalize, kubelet_start, mark_control_plane,
    preflight, show_join_command, upload_certs, upload_config, wait_control_plane,
};
use kubephase_sdk::Phase;

const fn check<P: Phase + 'static>(id: &'static str, title: &'static str) -> BuiltIn {
    any_check::<P>(id, title, PREFLIGHT)
}

const PREFLIGHT: &[&str] = &[
    "config",
    "image-repository",
    "cri-socket",
    "ignore-preflight-errors",
    "dry-run",
];
const CERT: &[&str] = &["cert-dir", "config", "kubernetes-version", "dry-run"];
const SERVING_CERT: &[&str] = &[
    "cert-dir",
    "config",
    "kubernetes-version",
    "dry-run",
    "apiserver-advertise-address",
    "control-plane-endpoint",
    "apiserver-cert-extra-sans",
    "service-dns-domain",
    "service-cidr",
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
const KUBELET_KUBECONFIG: &[&str] = &[
    "apiserver-advertise-address",
    "control-plane-endpoint",
    "apiserver-bind-port",
    "cert-dir",
    "config",
    "kubeconfig-dir",
    "kubernetes-version",
    "dry-run",
    "node-name",
];
const ETCD: &[&str] = &[
    "cert-dir",
    "config",
    "image-repository",
    "patches",
    "dry-run",
];
const APISERVER: &[&str] = &[
    "config",
    "cert-dir",
    "kubernetes-version",
    "image-repository",
    "patches",
    "dry-run",
    "apiserver-advertise-address",
    "control-plane-endpoint",
    "apiserver-bind-port",
    "feature-gates",
    "service-cidr",
];
const CONTROLLER_MANAGER: &[&str] = &[
    "config",
    "cert-dir",
    "kubernetes-version",
    "image-repository",
    "patches",
    "dry-run",
    "pod-network-cidr",
];
const SCHEDULER: &[&str] = &[
    "config",
    "cert-dir",
    "kubernetes-version",
    "image-repository",
    "patches",
    "dry-run",
];
const CONTROL_PLANE: &[&str] = &[
    "config",
    "cert-dir",
    "kubernetes-version",
    "image-repository",
    "patches",
    "dry-run",
    "apiserver-advertise-address",
    "control-plane-endpoint",
    "apiserver-bind-port",
    "feature-gates",
    "service-cidr",
    "pod-network-cidr",
];
const KUBELET_START: &[&str] = &[
    "config",
    "image-repository",
    "cri-socket",
    "node-name",
    "patches",
    "dry-run",
];
const UPLOAD: &[&str] = &["config", "cri-socket", "kubeconfig", "dry-run"];
const UPLOAD_CERTS: &[&str] = &[
    "config",
    "kubeconfig",
    "upload-certs",
    "certificate-key",
    "skip-certificate-key-print",
    "dry-run",
];
const MARK: &[&str] = &["node-name", "config", "dry-run"];
const TOKEN: &[&str] = &["config", "kubeconfig", "skip-token-print", "dry-run"];
const FINALIZE: &[&str] = &["config", "cert-dir", "dry-run"];
const ADDON: &[&str] = &[
    "config",
    "kubeconfig",
    "kubernetes-version",
    "image-repository",
    "dry-run",
];

/// What must have settled before anything talks to the API.
const UP: &[&str] = &["wait-control-plane/api"];

pub const ROWS: &[BuiltIn] = &[
    group("preflight", "Run pre-flight checks", PREFLIGHT),
    check::<preflight::Runtime>(
        "preflight/runtime",
        "The container runtime answers and has what the kubelet needs",
    ),
    check::<preflight::ExternalEtcd>("preflight/etcd", "An external etcd is new enough"),
    check::<preflight::Images>("preflight/images", "Pull the images of the control plane"),
    group("certs", "Certificate generation", CERT),
    keyed::<certs::Certs>(
        "certs/ca",
        "Generate the self-signed Kubernetes CA to provision identities for other Kubernetes \
         components",
        &["preflight"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/apiserver",
        "Generate the certificate for serving the Kubernetes API",
        &["certs/ca"],
        SERVING_CERT,
    ),
    keyed::<certs::Certs>(
        "certs/apiserver-kubelet-client",
        "Generate the certificate for the API server to connect to kubelet",
        &["certs/ca"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/front-proxy-ca",
        "Generate the self-signed CA to provision identities for front proxy",
        &["preflight"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/front-proxy-client",
        "Generate the certificate for the front proxy client",
        &["certs/front-proxy-ca"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/etcd-ca",
        "Generate the self-signed CA to provision identities for etcd",
        &["preflight"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/etcd-server",
        "Generate the certificate for serving etcd",
        &["certs/etcd-ca"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/etcd-peer",
        "Generate the certificate for etcd nodes to communicate with each other",
        &["certs/etcd-ca"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/etcd-healthcheck-client",
        "Generate the certificate for liveness probes to healthcheck etcd",
        &["certs/etcd-ca"],
        CERT,
    ),
    keyed::<certs::Certs>(
        "certs/apiserver-etcd-client",
        "Generate the certificate the apiserver uses to access etcd",
        &["certs/etcd-ca"],
        CERT,
    ),
    keyed::<certs::ServiceAccountKeys>(
        "certs/sa",
        "Generate a private key for signing service account tokens along with its public key",
        &["preflight"],
        CERT,
    ),
    group(
        "kubeconfig",
        "Generate all kubeconfig files necessary to establish the control plane and the admin \
         kubeconfig file",
        KUBECONFIG,
    ),
    keyed::<kubeconfig::Kubeconfig>(
        "kubeconfig/admin",
        "Generate a kubeconfig file for the admin to use and for kubeadm itself",
        &["certs/ca"],
        KUBECONFIG,
    ),
    keyed::<kubeconfig::Kubeconfig>(
        "kubeconfig/super-admin",
        "Generate a kubeconfig file for the super-admin",
        &["certs/ca"],
        KUBECONFIG,
    ),
    keyed::<kubeconfig::Kubeconfig>(
        "kubeconfig/kubelet",
        "Generate a kubeconfig file for the kubelet to use *only* for cluster bootstrapping \
         purposes",
        &["certs/ca"],
        KUBELET_KUBECONFIG,
    ),
    keyed::<kubeconfig::Kubeconfig>(
        "kubeconfig/controller-manager",
        "Generate a kubeconfig file for the controller manager to use",
        &["certs/ca"],
        KUBECONFIG,
    ),
    keyed::<kubeconfig::Kubeconfig>(
        "kubeconfig/scheduler",
        "Generate a kubeconfig file for the scheduler to use",
        &["certs/ca"],
        KUBECONFIG,
    ),
    group(
        "etcd",
        "Generate static Pod manifest file for local etcd",
        ETCD,
    ),
    BuiltIn {
        typical: ETCD_UP,
        ..phase::<etcd::Local>(
            "etcd/local",
            "Generate the static Pod manifest file for a local, single-node local etcd instance",
            &[
                "certs/etcd-server",
                "certs/etcd-peer",
                "certs/etcd-healthcheck-client",
            ],
            ETCD,
        )
    },
    group(
        "control-plane",
        "Generate all static Pod manifest files necessary to establish the control plane",
        CONTROL_PLANE,
    ),
    phase::<control_plane::StaticPod>(
        "control-plane/apiserver",
        "Generates the kube-apiserver static Pod manifest",
        &["certs", "etcd/local"],
        APISERVER,
    ),
    phase::<control_plane::StaticPod>(
        "control-plane/controller-manager",
        "Generates the kube-controller-manager static Pod manifest",
        &[
            "certs/ca",
            "certs/front-proxy-ca",
            "certs/sa",
            "kubeconfig/controller-manager",
        ],
        CONTROLLER_MANAGER,
    ),
    phase::<control_plane::StaticPod>(
        "control-plane/scheduler",
        "Generates the kube-scheduler static Pod manifest",
        &["kubeconfig/scheduler"],
        SCHEDULER,
    ),
    // The kubelet needs longer to start than all keys to be made, and takes up manifests as they
    // come.
    BuiltIn {
        typical: KUBELET,
        ..phase::<kubelet_start::KubeletStart>(
            "kubelet-start",
            "Write kubelet settings and (re)start the kubelet",
            &["kubeconfig/kubelet"],
            KUBELET_START,
        )
    },
    BuiltIn {
        typical: API,
        ..phase::<wait_control_plane::Healthy>(
            "wait-control-plane",
            "Wait for the control plane to start",
            &["kubelet-start", "control-plane", "kubeconfig"],
            &[],
        )
    },
    // What goes through the API begins as soon as it answers, while its last start-up hooks still
    // run.
    BuiltIn {
        typical: API,
        ..phase::<wait_control_plane::Api>(
            "wait-control-plane/api",
            "Wait until the API server lets the admin act",
            &[],
            &[],
        )
    },
    BuiltIn {
        aliases: &["uploadconfig"],
        ..group(
            "upload-config",
            "Upload the kubeadm and kubelet configuration to a ConfigMap",
            UPLOAD,
        )
    },
    phase::<upload_config::Kubeadm>(
        "upload-config/kubeadm",
        "Upload the kubeadm ClusterConfiguration to a ConfigMap",
        UP,
        UPLOAD,
    ),
    phase::<upload_config::Kubelet>(
        "upload-config/kubelet",
        "Upload the kubelet component config to a ConfigMap",
        UP,
        UPLOAD,
    ),
    phase::<upload_config::Phases>(
        upload_config::PHASES,
        "Upload the PhaseConfiguration to a ConfigMap",
        UP,
        UPLOAD,
    ),
    phase::<upload_certs::UploadCerts>(
        "upload-certs",
        "Upload certificates to kubeadm-certs",
        UP,
        UPLOAD_CERTS,
    ),
    phase::<mark_control_plane::MarkControlPlane>(
        "mark-control-plane",
        "Mark a node as a control-plane",
        UP,
        MARK,
    ),
    BuiltIn {
        aliases: &["bootstraptoken"],
        ..phase::<bootstrap_token::BootstrapToken>(
            "bootstrap-token",
            "Generates bootstrap tokens used to join a node to a cluster",
            UP,
            TOKEN,
        )
    },
    group(
        "kubelet-finalize",
        "Updates settings relevant to the kubelet after TLS bootstrap",
        FINALIZE,
    ),
    phase::<kubelet_finalize::ClientCertRotation>(
        "kubelet-finalize/enable-client-cert-rotation",
        "Enable kubelet client certificate rotation",
        UP,
        FINALIZE,
    ),
    group(
        "addon",
        "Install required addons for passing conformance tests",
        ADDON,
    ),
    BuiltIn {
        requires: &["bootstrap-token", "upload-certs"],
        ..phase::<show_join_command::ShowJoinCommand>(
            "show-join-command",
            "Show the join command for control-plane and worker node",
            &[
                "wait-control-plane",
                "upload-config",
                "upload-certs",
                "mark-control-plane",
                "bootstrap-token",
                "kubelet-finalize",
                "addon",
            ],
            &[],
        )
    },
];
