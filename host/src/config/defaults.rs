//! What the user left out: kubeadm's static defaults, then what depends on the node.
use super::{Config, InitConfiguration, Problem, version};
use crate::{render, world::node::facts::NodeFacts};
use ipnet::IpNet;
use kubephase_sdk::{
    kubeadm::{
        self, ApiEndpoint, ClusterConfiguration, ControlPlaneComponent, Duration, EnvVar,
        LocalEtcd, NodeRegistration, Taint, Timeouts,
    },
    spec::KeyAlgorithm,
};
use std::net::IpAddr;

pub const CERTIFICATES_DIR: &str = "/etc/kubernetes/pki";
pub const BIND_PORT: i32 = 6443;
pub const CRI_SOCKET: &str = "unix:///var/run/containerd/containerd.sock";
pub const KUBECONFIG_DIR: &str = "/etc/kubernetes";
/// Where a control plane keeps its administrator's kubeconfig.
pub const ADMIN: &str = "/etc/kubernetes/admin.conf";
/// The subnet of Services.
pub const SERVICE_SUBNET: &str = "10.96.0.0/12";
const CONTROL_PLANE_TAINT: &str = "node-role.kubernetes.io/control-plane";

const fn minutes(minutes: i64) -> Option<Duration> {
    Some(Duration::from_secs(minutes * 60))
}

fn or(value: &mut String, default: &str) {
    if value.is_empty() {
        default.clone_into(value);
    }
}

pub fn timeouts(timeouts: &mut Option<Timeouts>) {
    let given = timeouts.get_or_insert_default();
    for (field, default) in [
        (&mut given.control_plane_component_health_check, minutes(4)),
        (&mut given.kubelet_health_check, minutes(4)),
        (&mut given.kubernetes_api_call, minutes(1)),
        (&mut given.etcd_api_call, minutes(2)),
        (&mut given.tls_bootstrap, minutes(5)),
        (&mut given.discovery, minutes(5)),
        (&mut given.upgrade_manifests, minutes(5)),
    ] {
        *field = field.or(default);
    }
}

pub fn registration(registration: &mut NodeRegistration) {
    or(&mut registration.image_pull_policy, "IfNotPresent");
    registration.image_pull_serial.get_or_insert(true);
}

/// What needs no node.
pub fn init<S: Default>(init: &mut kubeadm::InitConfiguration<S>) {
    if init.bootstrap_tokens.is_empty() {
        init.bootstrap_tokens
            .push(kubeadm::BootstrapToken::default());
    }
    for token in &mut init.bootstrap_tokens {
        token.ttl = token.ttl.or(Some(Duration::from_secs(24 * 3600)));
        if token.usages.is_empty() {
            token.usages = vec!["signing".into(), "authentication".into()];
        }
        if token.groups.is_empty() {
            token.groups = vec![render::objects::BOOTSTRAP_GROUP.into()];
        }
    }
    if init.local_api_endpoint.bind_port == 0 {
        init.local_api_endpoint.bind_port = BIND_PORT;
    }
    registration(&mut init.node_registration);
    timeouts(&mut init.timeouts);
}

/// Tokens that were not given are made up.
pub fn secrets(init: &mut InitConfiguration) {
    for token in init
        .bootstrap_tokens
        .iter_mut()
        .filter(|token| token.token.is_empty())
    {
        token.token = crate::secret::bootstrap_token::random_token();
    }
}

pub fn cluster(cluster: &mut ClusterConfiguration) {
    or(&mut cluster.kubernetes_version, "stable-1");
    or(&mut cluster.certificates_dir, CERTIFICATES_DIR);
    or(
        &mut cluster.image_repository,
        render::images::DEFAULT_REPOSITORY,
    );
    or(&mut cluster.cluster_name, "kubernetes");
    or(&mut cluster.networking.service_subnet, SERVICE_SUBNET);
    or(&mut cluster.networking.dns_domain, "cluster.local");
    cluster.encryption_algorithm = cluster.encryption_algorithm.or(Some(KeyAlgorithm::Rsa2048));
    cluster.certificate_validity_period = cluster
        .certificate_validity_period
        .or(Some(Duration::from_secs(8760 * 3600)));
    cluster.ca_certificate_validity_period = cluster
        .ca_certificate_validity_period
        .or(Some(Duration::from_secs(87600 * 3600)));
    if cluster.etcd.external.is_none() {
        let local = cluster.etcd.local.get_or_insert_with(LocalEtcd::default);
        or(&mut local.data_dir, "/var/lib/etcd");
        environment(&mut local.extra_envs);
    }
    if let Some(external) = &mut cluster.etcd.external
        && external.http_endpoints.is_empty()
    {
        external.http_endpoints = external.endpoints.clone();
    }
    for component in [
        &mut cluster.api_server,
        &mut cluster.controller_manager,
        &mut cluster.scheduler,
    ] {
        let ControlPlaneComponent {
            extra_envs,
            cert_sans,
            ..
        } = component;
        environment(extra_envs);
        cert_sans
            .iter_mut()
            .for_each(|san| *san = san.to_lowercase());
    }
}

/// Go's defaulting of `core/v1` EnvVar.
fn environment(variables: &mut [EnvVar]) {
    for reference in variables
        .iter_mut()
        .filter_map(|variable| variable.value_from.as_mut()?.get_mut("fieldRef"))
        .filter(|reference| reference.is_object())
    {
        if reference["apiVersion"]
            .as_str()
            .unwrap_or_default()
            .is_empty()
        {
            reference["apiVersion"] = "v1".into();
        }
    }
}

/// The taint of a control plane, where none was asked for or against.
pub fn taints(init: &mut InitConfiguration) {
    init.node_registration.taints.get_or_insert_with(|| {
        vec![Taint {
            key: CONTROL_PLANE_TAINT.into(),
            effect: "NoSchedule".into(),
            ..Taint::default()
        }]
    });
}

/// The node's name and the socket of its runtime.
pub fn on_node(
    registration: &mut NodeRegistration,
    node: &NodeFacts,
    warnings: &mut Vec<Problem>,
) -> Result<(), Problem> {
    registration.name = registration.name.trim().to_lowercase();
    if registration.name.is_empty() {
        registration.name = node.hostname.trim().to_lowercase();
    }
    let path = "nodeRegistration.criSocket";
    let socket = &mut registration.cri_socket;
    if socket.is_empty() {
        *socket = match node.cri_sockets.as_slice() {
            [] => CRI_SOCKET.into(),
            [one] => one.clone(),
            several => {
                let message = format!(
                    "found multiple CRI endpoints on the host. Please define which one do you wish \
                     to use by setting the 'criSocket' field in the kubeadm configuration file: {}",
                    several.join(", ")
                );
                return Err(Problem::new(path, message));
            }
        };
    } else if !socket.starts_with("unix") {
        let message = format!(
            "Usage of CRI endpoints without URL scheme is deprecated and can cause kubelet errors \
             in the future. Automatically prepending scheme \"unix\" to the \"criSocket\" with \
             value {socket:?}. Please update your configuration!"
        );
        warnings.push(Problem::new(path, message));
        *socket = format!("unix://{socket}");
    }
    Ok(())
}

/// The address the API server is reached at (kubeadm's choice of an advertise address).
pub fn advertise(
    endpoint: &mut ApiEndpoint,
    node: &NodeFacts,
    path: &str,
    warnings: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let given = endpoint.advertise_address.clone();
    let wanted: Option<IpAddr> = match given.as_str() {
        "" => None,
        text => {
            let message = || {
                format!(
                    "couldn't use {text:?} as \"apiserver-advertise-address\", must be ipv4 or \
                     ipv6 address"
                )
            };
            Some(text.parse().map_err(|_| Problem::new(path, message()))?)
        }
    };
    let chosen = match wanted {
        Some(address) if address.is_loopback() => {
            let global = node.loopback_addresses.first();
            *global.ok_or_else(|| {
                Problem::new(path, "unable to select an IP from lo network interface")
            })?
        }
        Some(address) if !address.is_unspecified() => address,
        _ => {
            let prefer_v6 = wanted.is_some_and(|address| address.is_ipv6());
            let v6 = || {
                node.addresses
                    .iter()
                    .find(|address| address.is_ipv6())
                    .copied()
            };
            let chosen = if prefer_v6 {
                v6().or(node.default_route_interface_address)
            } else {
                node.default_route_interface_address
            };
            chosen.ok_or_else(|| {
                warnings.push(Problem::new(
                    path,
                    "WARNING: could not obtain a bind address for the API Server: no default \
                     routes found; using: 0.0.0.0",
                ));
                Problem::new(
                    path,
                    "cannot use \"0.0.0.0\" as the bind address for the API Server",
                )
            })?
        }
    };
    if let Some(asked) = wanted.filter(|asked| *asked != chosen) {
        warnings.push(Problem::new(
            path,
            format!(
                "WARNING: overriding requested API server bind address: requested {:?}, actual \
                 {:?}",
                asked.to_string(),
                chosen.to_string()
            ),
        ));
    }
    endpoint.advertise_address = chosen.to_string();
    Ok(())
}

/// Whether an API server can listen there: loopback, or global unicast as Go has it. Only `init`
/// and `join` ask; `config validate` does not (kubeadm behaviour).
pub fn bindable(endpoint: &ApiEndpoint, path: &str) -> Option<Problem> {
    let address: IpAddr = endpoint.advertise_address.parse().ok()?;
    let special = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let unusable = address.is_unspecified() || address.is_multicast() || special;
    unusable.then(|| {
        Problem::new(
            path,
            format!(
                "cannot use {:?} as the bind address for the API Server",
                endpoint.advertise_address
            ),
        )
    })
}

/// The version, and the endpoint with its port.
pub fn resolve(config: &mut Config, problems: &mut Vec<Problem>, warnings: &mut Vec<Problem>) {
    let cluster = &mut config.cluster;
    match version::resolve(&cluster.kubernetes_version) {
        Ok(resolved) => {
            warnings.extend(
                resolved
                    .warnings
                    .into_iter()
                    .map(|warning| Problem::new("kubernetesVersion", warning)),
            );
            cluster.kubernetes_version = resolved.version;
            config.run.ci_image_repository = resolved
                .ci_repository
                .filter(|_| cluster.image_repository == render::images::DEFAULT_REPOSITORY);
        }
        Err(message) => problems.push(Problem::new("kubernetesVersion", message)),
    }
    if !cluster.control_plane_endpoint.is_empty() {
        match endpoint(
            &cluster.control_plane_endpoint,
            config.init.local_api_endpoint.bind_port,
        ) {
            Ok(endpoint) => cluster.control_plane_endpoint = endpoint,
            Err(message) => problems.push(Problem::new("controlPlaneEndpoint", message)),
        }
    }
}

/// `host:port`; the API server's own port where none is given.
fn endpoint(text: &str, bind_port: i32) -> Result<String, String> {
    let (host, port) = render::split_host_port(text);
    if let Some(port) = port
        && !matches!(port.parse::<u16>(), Ok(1..))
    {
        return Err(format!(
            "hostport {text}: port {port} must be a valid number between 1 and 65535, inclusive"
        ));
    }
    if host.parse::<IpAddr>().is_err() && !super::names::is_subdomain(host) {
        return Err(format!(
            "hostport {text}: host '{host}' must be a valid IP address or a valid RFC-1123 DNS \
             subdomain"
        ));
    }
    Ok(match port {
        Some(_) => text.to_owned(),
        None => render::host_port(host, bind_port),
    })
}

/// The tenth address of the services, where cluster DNS is.
pub fn dns_address(cluster: &ClusterConfiguration) -> Option<String> {
    let first: IpNet = cluster
        .networking
        .service_subnet
        .split(',')
        .next()?
        .parse()
        .ok()?;
    render::addresses::nth_address(first, 10).map(|address| address.to_string())
}
