//! kubelet.config.k8s.io/v1beta1.
use super::{BOOL_MAP, INT32, INT64, LOGGING, STRING_MAP, STRINGS, Struct, Type, Unset::*, field};

pub(in crate::config) static KUBELET: Struct = Struct {
    go: "v1beta1.KubeletConfiguration",
    fields: &[
        field(Omitted, "address", Type::String),
        field(Omitted, "allowedUnsafeSysctls", STRINGS),
        field(Zero, "authentication", Type::Struct(&AUTHENTICATION)),
        field(Zero, "authorization", Type::Struct(&AUTHORIZATION)),
        field(Omitted, "cgroupDriver", Type::String),
        field(Omitted, "cgroupRoot", Type::String),
        field(OmittedPointer, "cgroupsPerQOS", Type::Bool),
        field(Omitted, "clusterDNS", STRINGS),
        field(Omitted, "clusterDomain", Type::String),
        field(
            Omitted,
            "configMapAndSecretChangeDetectionStrategy",
            Type::Named("v1beta1.ResourceChangeDetectionStrategy"),
        ),
        field(OmittedPointer, "containerLogMaxFiles", INT32),
        field(Omitted, "containerLogMaxSize", Type::String),
        field(OmittedPointer, "containerLogMaxWorkers", INT32),
        field(
            OmittedPointer,
            "containerLogMonitorInterval",
            Type::Duration,
        ),
        field(Zero, "containerRuntimeEndpoint", Type::String),
        field(Omitted, "contentType", Type::String),
        field(OmittedPointer, "cpuCFSQuota", Type::Bool),
        field(OmittedPointer, "cpuCFSQuotaPeriod", Type::Duration),
        field(Omitted, "cpuManagerPolicy", Type::String),
        field(Omitted, "cpuManagerPolicyOptions", STRING_MAP),
        field(Zero, "cpuManagerReconcilePeriod", Type::Duration),
        field(Zero, "crashLoopBackOff", Type::Struct(&CRASH_LOOP)),
        field(OmittedPointer, "enableControllerAttachDetach", Type::Bool),
        field(Omitted, "enableContentionProfiling", Type::Bool),
        field(OmittedPointer, "enableDebugFlagsHandler", Type::Bool),
        field(OmittedPointer, "enableDebuggingHandlers", Type::Bool),
        field(OmittedPointer, "enableProfilingHandler", Type::Bool),
        field(OmittedPointer, "enableServer", Type::Bool),
        field(OmittedPointer, "enableSystemLogHandler", Type::Bool),
        field(OmittedPointer, "enableSystemLogQuery", Type::Bool),
        field(Omitted, "enforceNodeAllocatable", STRINGS),
        field(Omitted, "eventBurst", INT32),
        field(OmittedPointer, "eventRecordQPS", INT32),
        field(Omitted, "evictionHard", STRING_MAP),
        field(Omitted, "evictionMaxPodGracePeriod", INT32),
        field(Omitted, "evictionMinimumReclaim", STRING_MAP),
        field(Zero, "evictionPressureTransitionPeriod", Type::Duration),
        field(Omitted, "evictionSoft", STRING_MAP),
        field(Omitted, "evictionSoftGracePeriod", STRING_MAP),
        field(OmittedPointer, "failCgroupV1", Type::Bool),
        field(OmittedPointer, "failSwapOn", Type::Bool),
        field(Omitted, "featureGates", BOOL_MAP),
        field(Zero, "fileCheckFrequency", Type::Duration),
        field(Omitted, "hairpinMode", Type::String),
        field(Omitted, "healthzBindAddress", Type::String),
        field(OmittedPointer, "healthzPort", INT32),
        field(Zero, "httpCheckFrequency", Type::Duration),
        field(OmittedPointer, "imageGCHighThresholdPercent", INT32),
        field(OmittedPointer, "imageGCLowThresholdPercent", INT32),
        field(Zero, "imageMaximumGCAge", Type::Duration),
        field(Zero, "imageMinimumGCAge", Type::Duration),
        field(
            Omitted,
            "imagePullCredentialsVerificationPolicy",
            Type::Named("v1beta1.ImagePullCredentialsVerificationPolicy"),
        ),
        field(Omitted, "imageServiceEndpoint", Type::String),
        field(OmittedPointer, "iptablesDropBit", INT32),
        field(OmittedPointer, "iptablesMasqueradeBit", INT32),
        field(Omitted, "kernelMemcgNotification", Type::Bool),
        field(Omitted, "kubeAPIBurst", INT32),
        field(OmittedPointer, "kubeAPIQPS", INT32),
        field(Omitted, "kubeReserved", STRING_MAP),
        field(Omitted, "kubeReservedCgroup", Type::String),
        field(Omitted, "kubeletCgroups", Type::String),
        field(OmittedPointer, "localStorageCapacityIsolation", Type::Bool),
        field(Zero, "logging", Type::Struct(&LOGGING)),
        field(OmittedPointer, "makeIPTablesUtilChains", Type::Bool),
        field(Omitted, "maxOpenFiles", INT64),
        field(OmittedPointer, "maxParallelImagePulls", INT32),
        field(Omitted, "maxPods", INT32),
        field(Omitted, "memoryManagerPolicy", Type::String),
        field(
            Omitted,
            "memoryReservationPolicy",
            Type::Named("v1beta1.MemoryReservationPolicy"),
        ),
        field(Zero, "memorySwap", Type::Struct(&MEMORY_SWAP)),
        field(OmittedPointer, "memoryThrottlingFactor", Type::Float),
        field(OmittedPointer, "mergeDefaultEvictionSettings", Type::Bool),
        field(Omitted, "nodeLeaseDurationSeconds", INT32),
        field(OmittedPointer, "nodeStatusMaxImages", INT32),
        field(Zero, "nodeStatusReportFrequency", Type::Duration),
        field(Zero, "nodeStatusUpdateFrequency", Type::Duration),
        field(OmittedPointer, "oomScoreAdj", INT32),
        field(Omitted, "podCIDR", Type::String),
        field(Omitted, "podLogsDir", Type::String),
        field(OmittedPointer, "podPidsLimit", INT64),
        field(Omitted, "podsPerCore", INT32),
        field(Omitted, "port", INT32),
        field(Omitted, "preloadedImagesVerificationAllowlist", STRINGS),
        field(Omitted, "protectKernelDefaults", Type::Bool),
        field(Omitted, "providerID", Type::String),
        field(Omitted, "qosReserved", STRING_MAP),
        field(Omitted, "readOnlyPort", INT32),
        field(OmittedPointer, "registerNode", Type::Bool),
        field(
            Omitted,
            "registerWithTaints",
            Type::List(&Type::Struct(&TAINT)),
        ),
        field(Omitted, "registryBurst", INT32),
        field(OmittedPointer, "registryPullQPS", INT32),
        field(
            Omitted,
            "reservedMemory",
            Type::List(&Type::Struct(&MEMORY_RESERVATION)),
        ),
        field(Omitted, "reservedSystemCPUs", Type::String),
        field(OmittedPointer, "resolvConf", Type::String),
        field(Omitted, "rotateCertificates", Type::Bool),
        field(Omitted, "runOnce", Type::Bool),
        field(Zero, "runtimeRequestTimeout", Type::Duration),
        field(OmittedPointer, "seccompDefault", Type::Bool),
        field(OmittedPointer, "serializeImagePulls", Type::Bool),
        field(Omitted, "serverTLSBootstrap", Type::Bool),
        field(Omitted, "showHiddenMetricsForVersion", Type::String),
        field(Zero, "shutdownGracePeriod", Type::Duration),
        field(
            Omitted,
            "shutdownGracePeriodByPodPriority",
            Type::List(&Type::Struct(&SHUTDOWN_GRACE)),
        ),
        field(Zero, "shutdownGracePeriodCriticalPods", Type::Duration),
        field(OmittedPointer, "singleProcessOOMKill", Type::Bool),
        field(Omitted, "staticPodPath", Type::String),
        field(Omitted, "staticPodURL", Type::String),
        field(Omitted, "staticPodURLHeader", Type::Map(&STRINGS)),
        field(Zero, "streamingConnectionIdleTimeout", Type::Duration),
        field(Zero, "syncFrequency", Type::Duration),
        field(Omitted, "systemCgroups", Type::String),
        field(Omitted, "systemReserved", STRING_MAP),
        field(Omitted, "systemReservedCgroup", Type::String),
        field(Omitted, "tlsCertFile", Type::String),
        field(Omitted, "tlsCipherSuites", STRINGS),
        field(Omitted, "tlsCurvePreferences", Type::List(&INT32)),
        field(Omitted, "tlsMinVersion", Type::String),
        field(Omitted, "tlsPrivateKeyFile", Type::String),
        field(Omitted, "topologyManagerPolicy", Type::String),
        field(Omitted, "topologyManagerPolicyOptions", STRING_MAP),
        field(Omitted, "topologyManagerScope", Type::String),
        field(OmittedPointer, "tracing", Type::Struct(&TRACING)),
        field(
            OmittedPointer,
            "userNamespaces",
            Type::Struct(&USER_NAMESPACES),
        ),
        field(Omitted, "volumePluginDir", Type::String),
        field(Zero, "volumeStatsAggPeriod", Type::Duration),
    ],
};

const AUTHENTICATION: Struct = Struct {
    go: "v1beta1.KubeletAuthentication",
    fields: &[
        field(Zero, "anonymous", Type::Struct(&ANONYMOUS)),
        field(Zero, "webhook", Type::Struct(&WEBHOOK_AUTHENTICATION)),
        field(Zero, "x509", Type::Struct(&X509)),
    ],
};
const ANONYMOUS: Struct = Struct {
    go: "v1beta1.KubeletAnonymousAuthentication",
    fields: &[field(OmittedPointer, "enabled", Type::Bool)],
};
const WEBHOOK_AUTHENTICATION: Struct = Struct {
    go: "v1beta1.KubeletWebhookAuthentication",
    fields: &[
        field(Zero, "cacheTTL", Type::Duration),
        field(OmittedPointer, "enabled", Type::Bool),
    ],
};
const X509: Struct = Struct {
    go: "v1beta1.KubeletX509Authentication",
    fields: &[field(Omitted, "clientCAFile", Type::String)],
};
const AUTHORIZATION: Struct = Struct {
    go: "v1beta1.KubeletAuthorization",
    fields: &[
        field(
            Omitted,
            "mode",
            Type::Named("v1beta1.KubeletAuthorizationMode"),
        ),
        field(Zero, "webhook", Type::Struct(&WEBHOOK_AUTHORIZATION)),
    ],
};
const WEBHOOK_AUTHORIZATION: Struct = Struct {
    go: "v1beta1.KubeletWebhookAuthorization",
    fields: &[
        field(Zero, "cacheAuthorizedTTL", Type::Duration),
        field(Zero, "cacheUnauthorizedTTL", Type::Duration),
    ],
};
const CRASH_LOOP: Struct = Struct {
    go: "v1beta1.CrashLoopBackOffConfig",
    fields: &[field(
        OmittedPointer,
        "maxContainerRestartPeriod",
        Type::Duration,
    )],
};
const MEMORY_SWAP: Struct = Struct {
    go: "v1beta1.MemorySwapConfiguration",
    fields: &[field(Omitted, "swapBehavior", Type::String)],
};
const TAINT: Struct = Struct {
    go: "v1.Taint",
    fields: &[
        field(Zero, "effect", Type::Named("v1.TaintEffect")),
        field(Zero, "key", Type::String),
        field(OmittedPointer, "timeAdded", Type::Time),
        field(Omitted, "value", Type::String),
    ],
};
const MEMORY_RESERVATION: Struct = Struct {
    go: "v1beta1.MemoryReservation",
    fields: &[
        field(Null, "limits", Type::Map(&Type::Quantity)),
        field(Zero, "numaNode", INT32),
    ],
};
const SHUTDOWN_GRACE: Struct = Struct {
    go: "v1beta1.ShutdownGracePeriodByPodPriority",
    fields: &[
        field(Zero, "priority", INT32),
        field(Zero, "shutdownGracePeriodSeconds", INT64),
    ],
};
const TRACING: Struct = Struct {
    go: "v1.TracingConfiguration",
    fields: &[
        field(OmittedPointer, "endpoint", Type::String),
        field(OmittedPointer, "samplingRatePerMillion", INT32),
    ],
};
const USER_NAMESPACES: Struct = Struct {
    go: "v1beta1.UserNamespaces",
    fields: &[field(OmittedPointer, "idsPerPod", INT64)],
};
