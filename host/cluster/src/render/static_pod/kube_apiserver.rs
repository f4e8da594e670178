//! The static Pod of kube-apiserver.
use super::{Component, certificate_file, environment, probe, probe::Probes, volume};
use crate::render::{command_line, host_port, images, last_flag_value};
use kubephase_sdk::kubeadm::Config;
use serde_json::{Value, json};

/// The annotation with the endpoint of a member's API server.
pub const ENDPOINT_ANNOTATION: &str =
    "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint";
const DEFAULT_AUTHORIZATION: &str = "Node,RBAC";

/// Returns the manifest of kube-apiserver.
pub fn kube_apiserver(config: &Config) -> Value {
    let (cluster, endpoint) = (&config.cluster, &config.init.local_api_endpoint);
    let mut mounts = volume::certificates(config);
    if let Some(etcd) = &cluster.etcd.external {
        mounts.extend(volume::external_etcd(etcd, &cluster.certificates_dir));
    }
    Component {
        name: "kube-apiserver",
        image: images::kubernetes(config, "kube-apiserver"),
        arguments: command_line(flags(config), &cluster.api_server.extra_args),
        environment: environment::merge_variables(&[
            &config.run.proxy_environment,
            &cluster.api_server.extra_envs,
        ]),
        annotations: vec![(
            ENDPOINT_ANNOTATION,
            host_port(&endpoint.advertise_address, endpoint.bind_port),
        )],
        requests: json!({ "cpu": "250m" }),
        probes: Probes {
            host: probe::address_to_probe(&endpoint.advertise_address),
            scheme: "HTTPS",
            liveness: "/livez",
            readiness: Some("/readyz"),
            startup: "/livez",
            startup_failures: probe::startup_failures(config),
        },
        port: endpoint.bind_port,
        mounts: volume::merge_mounts(mounts, &cluster.api_server.extra_volumes),
    }
    .pod(config.cluster.release())
}

/// The flags that name a file in the certificates directory.
const FILE_FLAGS: [(&str, &str); 10] = [
    ("client-ca-file", "ca.crt"),
    ("kubelet-client-certificate", "apiserver-kubelet-client.crt"),
    ("kubelet-client-key", "apiserver-kubelet-client.key"),
    ("proxy-client-cert-file", "front-proxy-client.crt"),
    ("proxy-client-key-file", "front-proxy-client.key"),
    ("requestheader-client-ca-file", "front-proxy-ca.crt"),
    ("service-account-key-file", "sa.pub"),
    ("service-account-signing-key-file", "sa.key"),
    ("tls-cert-file", "apiserver.crt"),
    ("tls-private-key-file", "apiserver.key"),
];

fn flags(config: &Config) -> Vec<(&'static str, String)> {
    let (cluster, endpoint) = (&config.cluster, &config.init.local_api_endpoint);
    let mut flags = vec![
        ("advertise-address", endpoint.advertise_address.clone()),
        ("allow-privileged", "true".into()),
        ("enable-admission-plugins", "NodeRestriction".into()),
        ("enable-bootstrap-token-auth", "true".into()),
        (
            "kubelet-preferred-address-types",
            "InternalIP,ExternalIP,Hostname".into(),
        ),
        ("requestheader-allowed-names", "front-proxy-client".into()),
        (
            "requestheader-extra-headers-prefix",
            "X-Remote-Extra-".into(),
        ),
        ("requestheader-group-headers", "X-Remote-Group".into()),
        ("requestheader-username-headers", "X-Remote-User".into()),
        ("secure-port", endpoint.bind_port.to_string()),
        (
            "service-account-issuer",
            format!(
                "https://kubernetes.default.svc.{}",
                cluster.networking.dns_domain
            ),
        ),
        (
            "service-cluster-ip-range",
            cluster.networking.service_subnet.clone(),
        ),
    ];
    flags.extend(FILE_FLAGS.map(|(flag, name)| (flag, certificate_file(config, name))));
    // The two flags for authorization exclude each other.
    if last_flag_value(&cluster.api_server.extra_args, "authorization-config").is_none() {
        flags.push(("authorization-mode", DEFAULT_AUTHORIZATION.into()));
    }
    flags.extend(etcd_flags(config));
    flags
}

/// Returns kubeadm's warnings about authorization modes that differ from its own.
pub fn authorization_warnings(config: &Config) -> Vec<String> {
    const KNOWN: [&str; 6] = [
        "Node",
        "RBAC",
        "Webhook",
        "ABAC",
        "AlwaysAllow",
        "AlwaysDeny",
    ];
    let arguments = &config.cluster.api_server.extra_args;
    let given = last_flag_value(arguments, "authorization-mode").filter(|modes| !modes.is_empty());
    if last_flag_value(arguments, "authorization-config").is_some() {
        return Vec::new();
    }
    let (known, unknown): (Vec<_>, Vec<_>) = given
        .into_iter()
        .flat_map(|modes| modes.split(','))
        .partition(|mode| KNOWN.contains(mode));
    let mut warnings: Vec<String> = unknown
        .iter()
        .map(|mode| format!("ignoring unknown kube-apiserver authorization-mode {mode:?}"))
        .collect();
    let used = known.join(",");
    if !known.is_empty() && used != DEFAULT_AUTHORIZATION {
        warnings.push(format!(
            "the default kube-apiserver authorization-mode is \
            {DEFAULT_AUTHORIZATION:?}; using {used:?}"
        ));
    }
    warnings
}

fn etcd_flags(config: &Config) -> Vec<(&'static str, String)> {
    let cluster = &config.cluster;
    let Some(etcd) = &cluster.etcd.external else {
        let given = cluster
            .etcd
            .local
            .as_ref()
            .and_then(|etcd| last_flag_value(&etcd.extra_args, "advertise-client-urls"));
        let loopback =
            super::etcd::loopback_address(&config.init.local_api_endpoint.advertise_address);
        return vec![
            (
                "etcd-servers",
                given.map_or_else(
                    || format!("https://{}", host_port(loopback, 2379)),
                    Into::into,
                ),
            ),
            ("etcd-cafile", certificate_file(config, "etcd/ca.crt")),
            (
                "etcd-certfile",
                certificate_file(config, "apiserver-etcd-client.crt"),
            ),
            (
                "etcd-keyfile",
                certificate_file(config, "apiserver-etcd-client.key"),
            ),
        ];
    };
    let mut flags = vec![("etcd-servers", etcd.endpoints.join(","))];
    if !etcd.ca_file.is_empty() {
        flags.push(("etcd-cafile", etcd.ca_file.clone()));
    }
    if !etcd.cert_file.is_empty() && !etcd.key_file.is_empty() {
        flags.push(("etcd-certfile", etcd.cert_file.clone()));
        flags.push(("etcd-keyfile", etcd.key_file.clone()));
    }
    flags
}
