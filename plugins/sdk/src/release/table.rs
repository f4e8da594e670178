//! The rows of the table. Each row has only the differences from the row before it.
use super::{
    gate,
    parts::{
        CgroupV1, Checks, Configuration, EtcdFlags, FeatureGate, Images, Kernels, Kubelet, Release,
        Setting, Source, Stage, StaticPods,
    },
};

/// All rows, the oldest first.
pub static RELEASES: [Release; 6] = [V1_33, V1_34, V1_35, V1_36, V1_37, V1_38];

const V1_33: Release = Release {
    minor: 33,
    kubeadm: "v1.33.13",
    source: Source::Recorded,
    images: Images {
        etcd: "3.5.24-0",
        coredns: "v1.12.0",
        pause: "3.10",
    },
    feature_gates: &[
        row(gate::LOCAL_KUBELET, Stage::Beta, true, true),
        row(gate::LOCAL_SOCKET, Stage::Alpha, false, true),
        ECDSA,
        ROOTLESS,
        row(gate::WAIT_FOR_ALL, Stage::Beta, true, true),
    ],
    static_pods: StaticPods {
        creation_timestamp: true,
        flexvolume_directory: Some("/usr/libexec/kubernetes/kubelet-plugins/volume/exec"),
        etcd_flags: &[ETCD_3_5],
    },
    kubelet: Kubelet {
        pause_image_flag: true,
        annotates_socket: true,
        defaults: &[
            ("authentication.anonymous.enabled", Setting::Switch(false)),
            ("authorization.mode", Setting::Text("Webhook")),
            ("authentication.webhook.enabled", Setting::Switch(true)),
            ("healthzBindAddress", Setting::Text("127.0.0.1")),
            ("healthzPort", Setting::Number(10248)),
            ("readOnlyPort", Setting::Number(0)),
        ],
        shares_resolver: true,
    },
    named_probe_ports: false,
    joins_etcd_in_group: true,
    kubeconfig_preferences: true,
    configuration: Configuration {
        key_algorithms: &["ECDSA-P256", "RSA-2048", "RSA-3072", "RSA-4096"],
        unknown_fields: &[HTTP_ENDPOINTS, TLS_CURVES, MEMORY_RESERVATION],
        requires_etcd_endpoints: false,
        allows_deprecated_api: false,
    },
    checks: Checks {
        cpus: 2,
        memory_mib: 1700,
        older_kubelets: 3,
        external_etcd: "3.5.24",
        runtime_config_removal: None,
        cgroup_v1: CgroupV1 {
            message: "cgroups v1 support is in maintenance mode, please migrate to cgroups v2",
            refused_from_kubelet: None,
        },
        kernels: Kernels {
            required: true,
            series: &[(4, &[19..=99])],
            from_major: 5,
            advice: "Recommended LTS version from the 4.x series is 4.19. Any 5.x or 6.x versions \
                     are also supported. For cgroups v2 support, the minimal version is 4.15 and \
                     the recommended version is 5.8+",
        },
        cgroup_v1_options: &["CGROUPS"],
        cgroup_v2_options: &["CGROUPS"],
    },
    patch_targets: &[
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubeletconfiguration",
        "corednsdeployment",
    ],
};

const V1_34: Release = Release {
    minor: 34,
    kubeadm: "v1.34.9",
    images: Images {
        etcd: "3.6.5-0",
        coredns: "v1.12.1",
        pause: "3.10.1",
    },
    feature_gates: &[
        row(gate::LOCAL_KUBELET, Stage::Beta, true, true),
        row(gate::LOCAL_SOCKET, Stage::Beta, true, true),
        ECDSA,
        ROOTLESS,
        row(gate::WAIT_FOR_ALL, Stage::Locked, true, false),
    ],
    static_pods: StaticPods {
        creation_timestamp: false,
        etcd_flags: &[
            ETCD_3_5,
            EtcdFlags {
                since: Some("3.6.0"),
                ..ETCD_3_6
            },
        ],
        ..V1_33.static_pods
    },
    named_probe_ports: true,
    kubeconfig_preferences: false,
    configuration: Configuration {
        key_algorithms: &[
            "ECDSA-P256",
            "ECDSA-P384",
            "RSA-2048",
            "RSA-3072",
            "RSA-4096",
        ],
        ..V1_33.configuration
    },
    checks: Checks {
        kernels: Kernels {
            required: false,
            series: &[(5, &[4..=4, 10..=10, 15..=15])],
            from_major: 6,
            advice: "Supported LTS versions from the 5.x series are 5.4, 5.10 and 5.15. Any 6.x \
                     version is also supported. For cgroups v2 support, the recommended version \
                     is 5.10 or newer",
        },
        ..V1_33.checks
    },
    ..V1_33
};

const V1_35: Release = Release {
    minor: 35,
    kubeadm: "v1.35.6",
    images: Images {
        etcd: "3.6.6-0",
        coredns: "v1.13.1",
        ..V1_34.images
    },
    feature_gates: &[
        row(gate::LOCAL_KUBELET, Stage::Locked, true, false),
        row(gate::LOCAL_SOCKET, Stage::Beta, true, true),
        ECDSA,
        ROOTLESS,
        row(gate::WAIT_FOR_ALL, Stage::Removed, true, false),
    ],
    kubelet: Kubelet {
        pause_image_flag: false,
        ..V1_34.kubelet
    },
    configuration: Configuration {
        unknown_fields: &[TLS_CURVES, MEMORY_RESERVATION],
        requires_etcd_endpoints: true,
        ..V1_34.configuration
    },
    checks: Checks {
        runtime_config_removal: Some("1.36"),
        cgroup_v1: CgroupV1 {
            message: "cgroups v1 support is deprecated and will be removed in a future release. \
                      Please migrate to cgroups v2. To explicitly enable cgroups v1 support for \
                      kubelet v1.35 or newer, you must set the kubelet configuration option \
                      'FailCgroupV1' to 'false'. You must also explicitly skip this validation. \
                      For more information, see \
                      https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1",
            refused_from_kubelet: Some(35),
        },
        cgroup_v1_options: &[
            "CGROUPS",
            "CGROUP_CPUACCT",
            "CGROUP_DEVICE",
            "CGROUP_FREEZER",
            "CGROUP_PIDS",
            "CGROUP_SCHED",
        ],
        cgroup_v2_options: &["CGROUPS", "CGROUP_BPF", "CGROUP_PIDS", "CGROUP_SCHED"],
        ..V1_34.checks
    },
    ..V1_34
};

const V1_36: Release = Release {
    minor: 36,
    kubeadm: "v1.36.2",
    images: Images {
        etcd: "3.6.8-0",
        coredns: "v1.14.2",
        pause: "3.10.2",
    },
    feature_gates: &[
        row(gate::LOCAL_KUBELET, Stage::Removed, true, false),
        row(gate::LOCAL_SOCKET, Stage::Locked, true, true),
        ECDSA,
        ROOTLESS,
        row(gate::WAIT_FOR_ALL, Stage::Removed, true, false),
    ],
    static_pods: StaticPods {
        flexvolume_directory: None,
        etcd_flags: &[ETCD_3_6],
        ..V1_35.static_pods
    },
    kubelet: Kubelet {
        annotates_socket: false,
        ..V1_35.kubelet
    },
    configuration: Configuration {
        unknown_fields: &[],
        allows_deprecated_api: true,
        ..V1_35.configuration
    },
    checks: Checks {
        runtime_config_removal: Some("1.37"),
        ..V1_35.checks
    },
    joins_etcd_in_group: false,
    ..V1_35
};

const V1_37: Release = Release {
    minor: 37,
    kubeadm: "v1.37.0",
    source: Source::ReleaseNotes,
    images: Images {
        etcd: "3.7.0-0",
        coredns: "v1.14.6",
        ..V1_36.images
    },
    feature_gates: &[
        row(gate::LOCAL_KUBELET, Stage::Removed, true, false),
        row(gate::LOCAL_SOCKET, Stage::Removed, true, false),
        row(gate::ECDSA, Stage::Removed, false, false),
        ROOTLESS,
        row(gate::WAIT_FOR_ALL, Stage::Removed, true, false),
    ],
    checks: Checks {
        runtime_config_removal: Some("1.38"),
        ..V1_36.checks
    },
    patch_targets: &[
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubeletconfiguration",
        "corednsdeployment",
        "kubeproxydaemonset",
    ],
    ..V1_36
};

const V1_38: Release = Release {
    minor: 38,
    kubeadm: "v1.38.0",
    images: Images {
        etcd: "3.7.1-0",
        coredns: "v1.14.7",
        ..V1_37.images
    },
    kubelet: Kubelet {
        shares_resolver: false,
        ..V1_37.kubelet
    },
    ..V1_37
};

const ECDSA: FeatureGate = row(gate::ECDSA, Stage::Deprecated, false, true);
const ROOTLESS: FeatureGate = row(gate::ROOTLESS, Stage::Alpha, false, true);

const fn row(name: &'static str, stage: Stage, default: bool, decides: bool) -> FeatureGate {
    FeatureGate {
        name,
        stage,
        default,
        decides,
    }
}

const HTTP_ENDPOINTS: (&str, &str) = ("ClusterConfiguration", "etcd.external.httpEndpoints");
const TLS_CURVES: (&str, &str) = ("KubeletConfiguration", "tlsCurvePreferences");
const MEMORY_RESERVATION: (&str, &str) = ("KubeletConfiguration", "memoryReservationPolicy");

/// The flags of an etcd before 3.6.
const ETCD_3_5: EtcdFlags = EtcdFlags {
    since: None,
    flags: &[
        ("experimental-initial-corrupt-check", "true"),
        ("experimental-watch-progress-notify-interval", "5s"),
    ],
};
const ETCD_3_6: EtcdFlags = EtcdFlags {
    since: None,
    flags: &[
        ("feature-gates", "InitialCorruptCheck=true"),
        ("watch-progress-notify-interval", "5s"),
    ],
};
