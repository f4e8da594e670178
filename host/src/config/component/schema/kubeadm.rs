//! The documents of kubeadm.k8s.io/v1beta4, and those of v1beta3 that differ.
use super::{
    BOOL_MAP, INT32, INT64, STRING_MAP, STRINGS, Struct, Type,
    Unset::{Omitted, Zero},
    field as of_kind,
};

const fn field(name: &'static str, of: Type) -> super::Field {
    of_kind(Omitted, name, of)
}

macro_rules! structs {
    ($($(#[$doc:meta])* $vis:vis $name:ident = $go:literal {
        $($field:literal: $of:expr),* $(,)?
    })*) => { $(
        $(#[$doc])* $vis static $name: Struct = Struct {
            go: $go,
            fields: &[$(field($field, $of)),*],
        };
    )* }
}

const S: Type = Type::String;
const B: Type = Type::Bool;
const D: Type = Type::Duration;
const ARGS: Type = Type::List(&Type::Struct(&ARG));
const ENVS: Type = Type::List(&Type::Struct(&ENV_VAR));
const VOLUMES: Type = Type::List(&Type::Struct(&HOST_PATH_MOUNT));

structs! {
    pub INIT = "v1beta4.InitConfiguration" {
        "bootstrapTokens": Type::List(&Type::Struct(&BOOTSTRAP_TOKEN)), "dryRun": B,
        "nodeRegistration": Type::Struct(&NODE_REGISTRATION),
        "localAPIEndpoint": Type::Struct(&API_ENDPOINT), "certificateKey": S, "skipPhases": STRINGS,
        "patches": Type::Struct(&PATCHES),
        "timeouts": Type::Struct(&TIMEOUTS),
    }
    pub CLUSTER = "v1beta4.ClusterConfiguration" {
        "etcd": Type::Struct(&ETCD), "networking": Type::Struct(&NETWORKING),
        "kubernetesVersion": S, "controlPlaneEndpoint": S,
        "apiServer": Type::Struct(&API_SERVER), "controllerManager": Type::Struct(&COMPONENT),
        "scheduler": Type::Struct(&COMPONENT),
        "dns": Type::Struct(&DNS), "proxy": Type::Struct(&PROXY), "certificatesDir": S,
        "imageRepository": S, "featureGates": BOOL_MAP,
        "clusterName": S, "encryptionAlgorithm": S, "certificateValidityPeriod": D,
        "caCertificateValidityPeriod": D,
    }
    pub JOIN = "v1beta4.JoinConfiguration" {
        "dryRun": B, "nodeRegistration": Type::Struct(&NODE_REGISTRATION), "caCertPath": S,
        "discovery": Type::Struct(&DISCOVERY),
        "controlPlane": Type::Struct(&JOIN_CONTROL_PLANE), "skipPhases": STRINGS,
        "patches": Type::Struct(&PATCHES), "timeouts": Type::Struct(&TIMEOUTS),
    }
    pub RESET = "v1beta4.ResetConfiguration" {
        "cleanupTmpDir": B, "certificatesDir": S, "criSocket": S, "dryRun": B, "force": B,
        "ignorePreflightErrors": STRINGS, "skipPhases": STRINGS,
        "unmountFlags": STRINGS, "timeouts": Type::Struct(&TIMEOUTS),
    }
    pub UPGRADE = "v1beta4.UpgradeConfiguration" {
        "apply": Type::Struct(&UPGRADE_APPLY), "diff": Type::Struct(&UPGRADE_DIFF),
        "node": Type::Struct(&UPGRADE_NODE),
        "plan": Type::Struct(&UPGRADE_PLAN), "timeouts": Type::Struct(&TIMEOUTS),
    }
    pub INIT_V1BETA3 = "v1beta3.InitConfiguration" {
        "bootstrapTokens": Type::List(&Type::Struct(&BOOTSTRAP_TOKEN)),
        "nodeRegistration": Type::Struct(&NODE_REGISTRATION_V1BETA3),
        "localAPIEndpoint": Type::Struct(&API_ENDPOINT), "certificateKey": S, "skipPhases": STRINGS,
        "patches": Type::Struct(&PATCHES),
    }
    pub CLUSTER_V1BETA3 = "v1beta3.ClusterConfiguration" {
        "etcd": Type::Struct(&ETCD_V1BETA3), "networking": Type::Struct(&NETWORKING),
        "kubernetesVersion": S, "controlPlaneEndpoint": S,
        "apiServer": Type::Struct(&API_SERVER_V1BETA3),
        "controllerManager": Type::Struct(&COMPONENT_V1BETA3),
        "scheduler": Type::Struct(&COMPONENT_V1BETA3), "dns": Type::Struct(&DNS_V1BETA3),
        "certificatesDir": S, "imageRepository": S,
        "featureGates": BOOL_MAP, "clusterName": S,
    }
    pub JOIN_V1BETA3 = "v1beta3.JoinConfiguration" {
        "nodeRegistration": Type::Struct(&NODE_REGISTRATION_V1BETA3), "caCertPath": S,
        "discovery": Type::Struct(&DISCOVERY_V1BETA3),
        "controlPlane": Type::Struct(&JOIN_CONTROL_PLANE), "skipPhases": STRINGS,
        "patches": Type::Struct(&PATCHES),
    }
    BOOTSTRAP_TOKEN = "v1.BootstrapToken" {
        "token": Type::Token, "description": S, "ttl": D, "expires": Type::Time, "usages": STRINGS,
        "groups": STRINGS,
    }
    NODE_REGISTRATION = "v1beta4.NodeRegistrationOptions" {
        "name": S, "criSocket": S, "taints": Type::List(&Type::Struct(&TAINT)),
        "kubeletExtraArgs": ARGS, "ignorePreflightErrors": STRINGS,
        "imagePullPolicy": Type::Named("v1.PullPolicy"), "imagePullSerial": B,
    }
    NODE_REGISTRATION_V1BETA3 = "v1beta3.NodeRegistrationOptions" {
        "name": S, "criSocket": S, "taints": Type::List(&Type::Struct(&TAINT)),
        "kubeletExtraArgs": STRING_MAP, "ignorePreflightErrors": STRINGS,
        "imagePullPolicy": Type::Named("v1.PullPolicy"),
    }
    TAINT = "v1.Taint" {
        "key": S, "value": S, "effect": Type::Named("v1.TaintEffect"), "timeAdded": Type::Time
    }
    API_ENDPOINT = "v1beta4.APIEndpoint" { "advertiseAddress": S, "bindPort": INT32 }
    PATCHES = "v1beta4.Patches" { "directory": S }
    TIMEOUTS = "v1beta4.Timeouts" {
        "controlPlaneComponentHealthCheck": D, "kubeletHealthCheck": D, "kubernetesAPICall": D,
        "etcdAPICall": D, "tlsBootstrap": D,
        "discovery": D, "upgradeManifests": D,
    }
    ETCD = "v1beta4.Etcd" {
        "local": Type::Struct(&LOCAL_ETCD), "external": Type::Struct(&EXTERNAL_ETCD)
    }
    LOCAL_ETCD = "v1beta4.LocalEtcd" {
        "imageRepository": S, "imageTag": S, "dataDir": S, "extraArgs": ARGS, "extraEnvs": ENVS,
        "serverCertSANs": STRINGS, "peerCertSANs": STRINGS,
    }
    EXTERNAL_ETCD = "v1beta4.ExternalEtcd" {
        "endpoints": STRINGS, "httpEndpoints": STRINGS, "caFile": S, "certFile": S, "keyFile": S
    }
    ETCD_V1BETA3 = "v1beta3.Etcd" {
        "local": Type::Struct(&LOCAL_ETCD_V1BETA3), "external": Type::Struct(&EXTERNAL_ETCD_V1BETA3)
    }
    LOCAL_ETCD_V1BETA3 = "v1beta3.LocalEtcd" {
        "imageRepository": S, "imageTag": S, "dataDir": S, "extraArgs": STRING_MAP,
        "serverCertSANs": STRINGS, "peerCertSANs": STRINGS,
    }
    EXTERNAL_ETCD_V1BETA3 = "v1beta3.ExternalEtcd" {
        "endpoints": STRINGS, "caFile": S, "certFile": S, "keyFile": S
    }
    NETWORKING = "v1beta4.Networking" { "serviceSubnet": S, "podSubnet": S, "dnsDomain": S }
    API_SERVER = "v1beta4.APIServer" {
        "extraArgs": ARGS, "extraVolumes": VOLUMES, "extraEnvs": ENVS, "certSANs": STRINGS
    }
    COMPONENT = "v1beta4.ControlPlaneComponent" {
        "extraArgs": ARGS, "extraVolumes": VOLUMES, "extraEnvs": ENVS
    }
    API_SERVER_V1BETA3 = "v1beta3.APIServer" {
        "extraArgs": STRING_MAP, "extraVolumes": VOLUMES, "certSANs": STRINGS,
        "timeoutForControlPlane": D
    }
    COMPONENT_V1BETA3 = "v1beta3.ControlPlaneComponent" {
        "extraArgs": STRING_MAP, "extraVolumes": VOLUMES
    }
    ARG = "v1beta4.Arg" { "name": S, "value": S }
    ENV_VAR = "v1beta4.EnvVar" { "name": S, "value": S, "valueFrom": Type::Struct(&ENV_VAR_SOURCE) }
    ENV_VAR_SOURCE = "v1.EnvVarSource" {
        "fieldRef": Type::Struct(&FIELD_REF), "resourceFieldRef": Type::Struct(&RESOURCE_REF),
        "configMapKeyRef": Type::Struct(&CONFIG_MAP_REF), "secretKeyRef": Type::Struct(&SECRET_REF),
        "fileKeyRef": Type::Struct(&FILE_REF),
    }
    HOST_PATH_MOUNT = "v1beta4.HostPathMount" {
        "name": S, "hostPath": S, "mountPath": S, "readOnly": B,
        "pathType": Type::Named("v1.HostPathType")
    }
    DNS = "v1beta4.DNS" { "imageRepository": S, "imageTag": S, "disabled": B }
    DNS_V1BETA3 = "v1beta3.DNS" { "imageRepository": S, "imageTag": S }
    PROXY = "v1beta4.Proxy" { "disabled": B }
    DISCOVERY = "v1beta4.Discovery" {
        "bootstrapToken": Type::Struct(&TOKEN_DISCOVERY), "file": Type::Struct(&FILE_DISCOVERY),
        "tlsBootstrapToken": S
    }
    DISCOVERY_V1BETA3 = "v1beta3.Discovery" {
        "bootstrapToken": Type::Struct(&TOKEN_DISCOVERY), "file": Type::Struct(&FILE_DISCOVERY),
        "tlsBootstrapToken": S, "timeout": D,
    }
    TOKEN_DISCOVERY = "v1beta4.BootstrapTokenDiscovery" {
        "token": S, "apiServerEndpoint": S, "caCertHashes": STRINGS, "unsafeSkipCAVerification": B
    }
    FILE_DISCOVERY = "v1beta4.FileDiscovery" { "kubeConfigPath": S }
    JOIN_CONTROL_PLANE = "v1beta4.JoinControlPlane" {
        "localAPIEndpoint": Type::Struct(&API_ENDPOINT), "certificateKey": S
    }
    UPGRADE_APPLY = "v1beta4.UpgradeApplyConfiguration" {
        "kubernetesVersion": S, "allowExperimentalUpgrades": B, "allowRCUpgrades": B,
        "certificateRenewal": B, "dryRun": B, "etcdUpgrade": B,
        "forceUpgrade": B, "ignorePreflightErrors": STRINGS, "patches": Type::Struct(&PATCHES),
        "printConfig": B, "skipPhases": STRINGS,
        "imagePullPolicy": Type::Named("v1.PullPolicy"), "imagePullSerial": B,
    }
    UPGRADE_DIFF = "v1beta4.UpgradeDiffConfiguration" {
        "kubernetesVersion": S, "contextLines": INT64
    }
    UPGRADE_NODE = "v1beta4.UpgradeNodeConfiguration" {
        "certificateRenewal": B, "dryRun": B, "etcdUpgrade": B, "ignorePreflightErrors": STRINGS,
        "skipPhases": STRINGS,
        "patches": Type::Struct(&PATCHES), "imagePullPolicy": Type::Named("v1.PullPolicy"),
        "imagePullSerial": B,
    }
    UPGRADE_PLAN = "v1beta4.UpgradePlanConfiguration" {
        "kubernetesVersion": S, "allowExperimentalUpgrades": B, "allowRCUpgrades": B, "dryRun": B,
        "etcdUpgrade": B,
        "ignorePreflightErrors": STRINGS, "printConfig": B,
    }
}

/// Returns a field that Go writes even if it has no value.
const fn always(name: &'static str, of: Type) -> super::Field {
    of_kind(Zero, name, of)
}

static FIELD_REF: Struct = Struct {
    go: "v1.ObjectFieldSelector",
    fields: &[field("apiVersion", S), always("fieldPath", S)],
};
static RESOURCE_REF: Struct = Struct {
    go: "v1.ResourceFieldSelector",
    fields: &[
        field("containerName", S),
        always("resource", S),
        always("divisor", Type::Quantity),
    ],
};
static CONFIG_MAP_REF: Struct = Struct {
    go: "v1.ConfigMapKeySelector",
    fields: KEY_OF_OBJECT,
};
static SECRET_REF: Struct = Struct {
    go: "v1.SecretKeySelector",
    fields: KEY_OF_OBJECT,
};
const KEY_OF_OBJECT: &[super::Field] = &[field("name", S), always("key", S), field("optional", B)];
static FILE_REF: Struct = Struct {
    go: "v1.FileKeySelector",
    fields: &[
        always("volumeName", S),
        always("path", S),
        always("key", S),
        field("optional", B),
    ],
};
