//! Defaults of the configuration. kubeadm's static defaults are here, those that depend on the node
//! are in `node`.
mod node;

pub use node::{check_bind_address, choose_advertise_address, complete_on_node};

use super::{Config, InitConfiguration, Problem, version};
use crate::render;
use kubephase_sdk::{
    kubeadm::{
        self, ClusterConfiguration, ControlPlaneComponent, Duration, EnvVar, LocalEtcd,
        NodeRegistration, Taint, Timeouts,
    },
    net::{host_port, parse_endpoint},
    spec::KeyAlgorithm,
};

/// The directory of the cluster's certificates.
pub const CERTIFICATES_DIR: &str = "/etc/kubernetes/pki";
/// The port of an API server.
pub const BIND_PORT: i32 = 6443;
/// The socket of the container runtime, on a node where none was detected.
pub const CRI_SOCKET: &str = "unix:///var/run/containerd/containerd.sock";
/// The directory of the kubeconfigs.
pub const KUBECONFIG_DIR: &str = "/etc/kubernetes";
/// The administrator's kubeconfig on a node of the control plane.
pub const ADMIN_KUBECONFIG: &str = "/etc/kubernetes/admin.conf";
/// The subnet of Services.
pub const SERVICE_SUBNET: &str = "10.96.0.0/12";
const CONTROL_PLANE_TAINT: &str = "node-role.kubernetes.io/control-plane";

const fn minutes(minutes: i64) -> Option<Duration> {
    Some(Duration::from_secs(minutes * 60))
}

fn set_if_empty(value: &mut String, default: &str) {
    if value.is_empty() {
        default.clone_into(value);
    }
}

/// Fills in the timeouts.
pub fn complete_timeouts(timeouts: &mut Option<Timeouts>) {
    let timeouts = timeouts.get_or_insert_default();
    for (field, default) in [
        (
            &mut timeouts.control_plane_component_health_check,
            minutes(4),
        ),
        (&mut timeouts.kubelet_health_check, minutes(4)),
        (&mut timeouts.kubernetes_api_call, minutes(1)),
        (&mut timeouts.etcd_api_call, minutes(2)),
        (&mut timeouts.tls_bootstrap, minutes(5)),
        (&mut timeouts.discovery, minutes(5)),
        (&mut timeouts.upgrade_manifests, minutes(5)),
    ] {
        *field = field.or(default);
    }
}

/// Fills in how images are pulled.
pub fn complete_registration(registration: &mut NodeRegistration) {
    set_if_empty(&mut registration.image_pull_policy, "IfNotPresent");
    registration.image_pull_serial.get_or_insert(true);
}

/// Fills in the defaults of `init` that do not depend on the node. Generates no tokens.
pub fn complete_init<S: Default>(init: &mut kubeadm::InitConfiguration<S>) {
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
    complete_registration(&mut init.node_registration);
    complete_timeouts(&mut init.timeouts);
}

/// Generates the bootstrap tokens that the configuration leaves out.
pub fn generate_tokens(init: &mut InitConfiguration) {
    for token in init
        .bootstrap_tokens
        .iter_mut()
        .filter(|token| token.token.is_empty())
    {
        token.token = crate::secret::bootstrap_token::random_token();
    }
}

/// Fills in the defaults of the cluster that do not depend on the node.
pub fn complete_cluster(cluster: &mut ClusterConfiguration) {
    set_if_empty(&mut cluster.kubernetes_version, "stable-1");
    set_if_empty(&mut cluster.certificates_dir, CERTIFICATES_DIR);
    set_if_empty(
        &mut cluster.image_repository,
        render::images::DEFAULT_REPOSITORY,
    );
    set_if_empty(&mut cluster.cluster_name, "kubernetes");
    set_if_empty(&mut cluster.networking.service_subnet, SERVICE_SUBNET);
    set_if_empty(&mut cluster.networking.dns_domain, "cluster.local");
    cluster.encryption_algorithm = cluster.encryption_algorithm.or(Some(KeyAlgorithm::Rsa2048));
    cluster.certificate_validity_period = cluster
        .certificate_validity_period
        .or(Some(Duration::from_secs(8760 * 3600)));
    cluster.ca_certificate_validity_period = cluster
        .ca_certificate_validity_period
        .or(Some(Duration::from_secs(87600 * 3600)));
    if cluster.etcd.external.is_none() {
        let local = cluster.etcd.local.get_or_insert_with(LocalEtcd::default);
        set_if_empty(&mut local.data_dir, "/var/lib/etcd");
        complete_environment(&mut local.extra_envs);
    }
    let has_http_endpoints =
        (cluster.release()).knows_field("ClusterConfiguration", "etcd.external.httpEndpoints");
    if let Some(external) = &mut cluster.etcd.external
        && external.http_endpoints.is_empty()
        && has_http_endpoints
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
        complete_environment(extra_envs);
        cert_sans
            .iter_mut()
            .for_each(|san| *san = san.to_lowercase());
    }
}

/// Fills in the apiVersion of references to fields, as Go's defaulting of `core/v1` EnvVar does.
fn complete_environment(variables: &mut [EnvVar]) {
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

/// Taints a node of the control plane, unless the configuration has a list of taints.
pub fn taint_control_plane(init: &mut InitConfiguration) {
    init.node_registration.taints.get_or_insert_with(|| {
        vec![Taint {
            key: CONTROL_PLANE_TAINT.into(),
            effect: "NoSchedule".into(),
            ..Taint::default()
        }]
    });
}

/// Resolves the Kubernetes version, and adds the port to the endpoint of the control plane.
pub fn resolve_version_and_endpoint(
    config: &mut Config,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) {
    let cluster = &mut config.cluster;
    match version::resolve(&cluster.kubernetes_version) {
        Ok(resolved) => {
            warnings.extend(
                resolved
                    .warnings
                    .into_iter()
                    .map(|warning| Problem::new("kubernetesVersion", warning)),
            );
            config.run.ci_kubernetes_version = resolved
                .ci_repository
                .as_ref()
                .map(|_| format!("ci/{}", resolved.version));
            cluster.kubernetes_version = resolved.version;
            config.run.ci_image_repository = resolved
                .ci_repository
                .filter(|_| cluster.image_repository == render::images::DEFAULT_REPOSITORY);
        }
        Err(message) => problems.push(Problem::new("kubernetesVersion", message)),
    }
    if !cluster.control_plane_endpoint.is_empty() {
        match with_port(
            &cluster.control_plane_endpoint,
            config.init.local_api_endpoint.bind_port,
        ) {
            Ok(endpoint) => cluster.control_plane_endpoint = endpoint,
            Err(message) => problems.push(Problem::new("controlPlaneEndpoint", message)),
        }
    }
}

/// Returns the endpoint as `host:port`, with the API server's own port if it has none.
fn with_port(text: &str, bind_port: i32) -> Result<String, String> {
    let (host, port) = parse_endpoint(text)?;
    Ok(match port {
        Some(_) => text.to_owned(),
        None => host_port(host, bind_port),
    })
}

/// Index of the address of cluster DNS in the subnet of Services.
const DNS_INDEX: u128 = 10;

/// Returns the address of cluster DNS, which is in the subnet of Services; `None` if that subnet is
/// not valid.
pub fn dns_address(cluster: &ClusterConfiguration) -> Option<String> {
    let services = &cluster.networking.service_subnet;
    let address = render::addresses::service_address(services, DNS_INDEX).ok()?;
    Some(address.to_string())
}
