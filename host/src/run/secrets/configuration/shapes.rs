//! Decides which arguments plugins see: their name or their form shows that they are not secret.
use kubephase_sdk::net::{Network, parse_address};
use regex::RegexSet;
use std::sync::LazyLock;

/// Arguments of the components whose values are never secret.
const PLAIN_ARGUMENTS: &[&str] = &[
    "admission-control",
    "allowed-unsafe-sysctls",
    "api-audiences",
    "authorization-mode",
    "auto-compaction-mode",
    "auto-compaction-retention",
    "cgroup-root",
    "cloud-provider",
    "cluster-domain",
    "cluster-name",
    "controllers",
    "cpu-manager-policy",
    "cpu-manager-policy-options",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "enforce-node-allocatable",
    "etcd-prefix",
    "eviction-hard",
    "eviction-minimum-reclaim",
    "eviction-soft",
    "eviction-soft-grace-period",
    "hostname-override",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "initial-cluster-state",
    "kube-reserved",
    "kubelet-preferred-address-types",
    "leader-elect-resource-lock",
    "leader-elect-resource-name",
    "leader-elect-resource-namespace",
    "name",
    "node-labels",
    "oidc-ca-file",
    "oidc-client-id",
    "oidc-groups-claim",
    "oidc-groups-prefix",
    "oidc-issuer-url",
    "oidc-username-claim",
    "oidc-username-prefix",
    "pod-infra-container-image",
    "provider-id",
    "providerID",
    "register-with-taints",
    "requestheader-allowed-names",
    "requestheader-extra-headers-prefix",
    "requestheader-group-headers",
    "requestheader-username-headers",
    "reserved-cpus",
    "runtime-config",
    "service-account-issuer",
    "service-account-jwks-uri",
    "storage-backend",
    "storage-media-type",
    "system-reserved",
    "topology-manager-policy",
    "vmodule",
];

/// Ends of the names of arguments that are paths.
const PATHS: &[&str] = &["-file", "-path", "-dir", "-directory", "-root"];

/// Words that are values of many arguments.
const WORDS: &[&str] = &[
    "ABAC",
    "AlwaysAllow",
    "AlwaysDeny",
    "Node",
    "None",
    "RBAC",
    "RequestHeader",
    "Webhook",
    "batch",
    "best-effort",
    "blocking",
    "cgroupfs",
    "debug",
    "error",
    "existing",
    "external",
    "false",
    "info",
    "json",
    "localhost",
    "log",
    "metadata",
    "new",
    "none",
    "periodic",
    "restricted",
    "revision",
    "static",
    "systemd",
    "text",
    "true",
    "warn",
    "zap",
];

/// Forms that no secret has. The patterns are constants, and a test uses them.
static FORMS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let host = r"(?:localhost|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]*\.?)";
    let address = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\])";
    let port = r"(?::[0-9]{1,5})";
    RegexSet::new([
        // a number, a share, a quantity
        r"^[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?(?:%|m|[KMGTPEk]i?B?)?$".to_owned(),
        // a duration
        r"^(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|ms|s|m|h))+$".to_owned(),
        // a feature gate
        r"^[A-Za-z][A-Za-z0-9]{0,63}=(?:true|false)$".to_owned(),
        // a cipher, a version of TLS
        r"^(?:TLS_[A-Z0-9_]{4,64}|VersionTLS1[0-3])$".to_owned(),
        // a path, a socket
        r"^(?:unix://)?/[A-Za-z0-9._/-]*$".to_owned(),
        // a host, with a port or as a URL; a URL with one word as its host names a Service, for
        // example
        format!(r"^(?:[a-z]+://)?(?:{host}|{address}){port}?/?$"),
        format!(r"^[a-z]+://[A-Za-z0-9_.-]+{port}?/?$"),
        format!(r"^[A-Za-z0-9_-]+{port}$"),
    ])
    .ok()
});

/// Whether an argument is not a secret.
pub(super) fn is_plain_argument(name: &str, value: &str) -> bool {
    let is_path = PATHS.iter().any(|end| name.ends_with(end));
    ((is_path || PLAIN_ARGUMENTS.contains(&name)) && value.chars().all(is_of_list))
        || value.split(',').all(is_plain_value)
}

/// Whether an argument's whole value is shown, with the path of a URL.
pub(super) fn is_plain_name(name: &str) -> bool {
    PLAIN_ARGUMENTS.contains(&name)
}

/// Whether a value of a proxy variable has only hosts, networks, and patterns of them.
pub(in crate::run::secrets) fn is_hosts(value: &str) -> bool {
    value
        .replace("/<secret:path>", "")
        .chars()
        .all(is_of_host_list)
}

fn is_of_host_list(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".-_*:/[], ".contains(c)
}

fn is_of_list(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".:/,=+*%<>-_".contains(c)
}

fn is_plain_value(value: &str) -> bool {
    let value = value.strip_suffix("/<secret:path>").unwrap_or(value);
    WORDS.contains(&value)
        || parse_address(value).is_some()
        || Network::parse(value).is_some()
        || FORMS.as_ref().is_some_and(|forms| forms.is_match(value))
}
