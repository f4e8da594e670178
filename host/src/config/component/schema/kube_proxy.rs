//! kubeproxy.config.k8s.io/v1alpha1.
use super::{BOOL_MAP, INT32, LOGGING, STRINGS, Struct, Type, Unset::*, field};

pub(in crate::config) static KUBE_PROXY: Struct = Struct {
    go: "v1alpha1.KubeProxyConfiguration",
    fields: &[
        field(Zero, "bindAddress", Type::String),
        field(Zero, "bindAddressHardFail", Type::Bool),
        field(Zero, "clientConnection", Type::Struct(&CLIENT_CONNECTION)),
        field(Zero, "clusterCIDR", Type::String),
        field(Zero, "configSyncPeriod", Type::Duration),
        field(Zero, "conntrack", Type::Struct(&CONNTRACK)),
        field(Zero, "detectLocal", Type::Struct(&DETECT_LOCAL)),
        field(Zero, "detectLocalMode", Type::Named("v1alpha1.LocalMode")),
        field(Zero, "enableProfiling", Type::Bool),
        field(Omitted, "featureGates", BOOL_MAP),
        field(Zero, "healthzBindAddress", Type::String),
        field(Zero, "hostnameOverride", Type::String),
        field(Zero, "iptables", Type::Struct(&IPTABLES)),
        field(Zero, "ipvs", Type::Struct(&IPVS)),
        field(Zero, "logging", Type::Struct(&LOGGING)),
        field(Zero, "metricsBindAddress", Type::String),
        field(Zero, "mode", Type::Named("v1alpha1.ProxyMode")),
        field(Zero, "nftables", Type::Struct(&NFTABLES)),
        field(Null, "nodePortAddresses", STRINGS),
        field(Null, "oomScoreAdj", INT32),
        field(Zero, "portRange", Type::String),
        field(Zero, "showHiddenMetricsForVersion", Type::String),
        field(Omitted, "windowsRunAsService", Type::Bool),
        field(Zero, "winkernel", Type::Struct(&WINKERNEL)),
    ],
};

const CLIENT_CONNECTION: Struct = Struct {
    go: "v1alpha1.ClientConnectionConfiguration",
    fields: &[
        field(Zero, "acceptContentTypes", Type::String),
        field(Zero, "burst", INT32),
        field(Zero, "contentType", Type::String),
        field(Zero, "kubeconfig", Type::String),
        field(Zero, "qps", Type::Float),
    ],
};
const CONNTRACK: Struct = Struct {
    go: "v1alpha1.KubeProxyConntrackConfiguration",
    fields: &[
        field(Null, "maxPerCore", INT32),
        field(Null, "min", INT32),
        field(Zero, "tcpBeLiberal", Type::Bool),
        field(Null, "tcpCloseWaitTimeout", Type::Duration),
        field(Null, "tcpEstablishedTimeout", Type::Duration),
        field(Zero, "udpStreamTimeout", Type::Duration),
        field(Zero, "udpTimeout", Type::Duration),
    ],
};
const DETECT_LOCAL: Struct = Struct {
    go: "v1alpha1.DetectLocalConfiguration",
    fields: &[
        field(Zero, "bridgeInterface", Type::String),
        field(Zero, "interfaceNamePrefix", Type::String),
    ],
};
const IPTABLES: Struct = Struct {
    go: "v1alpha1.KubeProxyIPTablesConfiguration",
    fields: &[
        field(Null, "localhostNodePorts", Type::Bool),
        field(Zero, "masqueradeAll", Type::Bool),
        field(Null, "masqueradeBit", INT32),
        field(Zero, "minSyncPeriod", Type::Duration),
        field(Zero, "syncPeriod", Type::Duration),
    ],
};
const IPVS: Struct = Struct {
    go: "v1alpha1.KubeProxyIPVSConfiguration",
    fields: &[
        field(Null, "excludeCIDRs", STRINGS),
        field(Zero, "minSyncPeriod", Type::Duration),
        field(Zero, "scheduler", Type::String),
        field(Zero, "strictARP", Type::Bool),
        field(Zero, "syncPeriod", Type::Duration),
        field(Zero, "tcpFinTimeout", Type::Duration),
        field(Zero, "tcpTimeout", Type::Duration),
        field(Zero, "udpTimeout", Type::Duration),
    ],
};
const NFTABLES: Struct = Struct {
    go: "v1alpha1.KubeProxyNFTablesConfiguration",
    fields: &[
        field(Zero, "masqueradeAll", Type::Bool),
        field(Null, "masqueradeBit", INT32),
        field(Zero, "minSyncPeriod", Type::Duration),
        field(Zero, "syncPeriod", Type::Duration),
    ],
};
const WINKERNEL: Struct = Struct {
    go: "v1alpha1.KubeProxyWinkernelConfiguration",
    fields: &[
        field(Zero, "enableDSR", Type::Bool),
        field(Zero, "forwardHealthCheckVip", Type::Bool),
        field(Zero, "networkName", Type::String),
        field(Zero, "rootHnsEndpointName", Type::String),
        field(Zero, "sourceVip", Type::String),
    ],
};
