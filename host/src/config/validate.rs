//! kubeadm's validation of a resolved configuration. It reports every problem at once, in kubeadm's
//! words.
mod etcd;
mod feature_gates;
mod periods;
mod subnets;
mod tokens;

pub use feature_gates::parse_feature_gates;
pub use periods::check_periods;
pub use tokens::{bootstrap_tokens, empty_tokens, invalid_token};

use super::{Config, InitConfiguration, Problem, names};
use crate::secret::Secret;
use data_encoding::HEXLOWER_PERMISSIVE;
use kubephase_sdk::{
    kubeadm::{ApiEndpoint, Arg, ClusterConfiguration, NodeRegistration},
    net::{Url, parse_address, san_problems, subdomain_problems},
    release::Release,
};

/// Returns every problem of a resolved configuration.
pub fn config(config: &Config) -> Vec<Problem> {
    let mut problems = init(&config.init);
    problems.extend(cluster(&config.cluster));
    problems
}

fn init(init: &InitConfiguration) -> Vec<Problem> {
    let mut problems = registration(&init.node_registration);
    problems.extend(bootstrap_tokens(&init.bootstrap_tokens));
    problems.extend(endpoint("localAPIEndpoint", &init.local_api_endpoint));
    problems.extend(certificate_key("certificateKey", &init.certificate_key));
    problems
}

/// Checks the endpoint of this node's API server.
pub fn endpoint(path: &str, endpoint: &ApiEndpoint) -> Vec<Problem> {
    let mut problems = Vec::new();
    if parse_address(&endpoint.advertise_address).is_none() {
        problems.push(Problem::invalid(
            format!("{path}.advertiseAddress"),
            &endpoint.advertise_address,
            "ip address is not valid",
        ));
    }
    if !(1..=65535).contains(&endpoint.bind_port) {
        problems.push(Problem::invalid(
            format!("{path}.bindPort"),
            endpoint.bind_port,
            "port number is not valid",
        ));
    }
    problems
}

/// Checks how the node registers.
pub fn registration(registration: &NodeRegistration) -> Vec<Problem> {
    let mut problems = Vec::new();
    let path = "nodeRegistration";
    if registration.name.is_empty() {
        problems.push(Problem::new(
            path,
            "Required value: --node-name or .nodeRegistration.name in \
            the config file is a required value. It seems like this value couldn't be \
            automatically detected in your environment, please specify the desired value using the \
            CLI or config file.",
        ));
    } else {
        let wrong = subdomain_problems(&registration.name);
        problems.extend(
            wrong
                .into_iter()
                .map(|why| Problem::invalid(format!("{path}.name"), &registration.name, why)),
        );
    }
    problems.extend(socket(
        &format!("{path}.criSocket"),
        &registration.cri_socket,
    ));
    problems.extend(args(
        &format!("{path}.kubeletExtraArgs"),
        &registration.kubelet_extra_args,
    ));
    problems.extend(pull_policy(
        &format!("{path}.imagePullPolicy"),
        &registration.image_pull_policy,
    ));
    problems
}

/// Checks the socket of the container runtime. The text is empty if the node has several sockets,
/// which is reported where the socket is chosen.
pub fn socket(path: &str, socket: &str) -> Option<Problem> {
    let why = match Url::parse(socket) {
        _ if socket.is_empty() => return None,
        Ok(url) if url.scheme() == "unix" => return None,
        Ok(url) => format!(
            "only URL scheme \"unix\" is supported, got {:?}",
            url.scheme()
        ),
        Err(why) => format!("URL parsing error: parse {socket:?}: {why}"),
    };
    Some(Problem::invalid(path, socket, why))
}

/// Checks when images are pulled. An empty policy is the default.
pub fn pull_policy(path: &str, policy: &str) -> Option<Problem> {
    (!matches!(policy, "" | "Always" | "IfNotPresent" | "Never"))
        .then(|| Problem::invalid(path, policy, "invalid pull policy"))
}

fn args(path: &str, args: &[Arg]) -> Vec<Problem> {
    let nameless = args
        .iter()
        .enumerate()
        .filter(|(_, arg)| arg.name.is_empty());
    nameless
        .map(|(at, _)| Problem::invalid(path, format!("index {at}"), "argument has no name"))
        .collect()
}

/// Checks a certificate key. No message quotes the key, which may be most of a secret.
pub fn certificate_key(path: &str, key: &Secret<String>) -> Option<Problem> {
    if key.is_empty() {
        return None;
    }
    match HEXLOWER_PERMISSIVE.decode(key.reveal().as_bytes()) {
        Err(error) => Some(Problem::new(
            path,
            format!("Invalid value: certificate key decoding error: {error}"),
        )),
        Ok(bytes) if bytes.len() != 32 => Some(Problem::new(
            path,
            format!(
                "Invalid value: invalid certificate key size {}, the key must be an AES key of \
                 size 32",
                bytes.len()
            ),
        )),
        Ok(_) => None,
    }
}

/// Checks the configuration of the cluster.
pub fn cluster(cluster: &ClusterConfiguration) -> Vec<Problem> {
    let mut problems = Vec::new();
    repository(
        &mut problems,
        "dns.imageRepository",
        &cluster.dns.image_repository,
    );
    let networking = &cluster.networking;
    let domain = subdomain_problems(&networking.dns_domain);
    problems.extend(
        domain
            .into_iter()
            .map(|why| Problem::invalid("networking.dnsDomain", &networking.dns_domain, why)),
    );
    problems.extend(subnets::service_subnet(&networking.service_subnet));
    if !networking.pod_subnet.is_empty() {
        problems.extend(subnets::pod_subnet(
            &networking.pod_subnet,
            &cluster.controller_manager,
        ));
    }
    for (name, component) in [
        ("apiServer", &cluster.api_server),
        ("controllerManager", &cluster.controller_manager),
        ("scheduler", &cluster.scheduler),
    ] {
        problems.extend(args(&format!("{name}.extraArgs"), &component.extra_args));
    }
    problems.extend(sans("apiServer.certSANs", &cluster.api_server.cert_sans));
    absolute(&mut problems, "certificatesDir", &cluster.certificates_dir);
    for unknown in cluster
        .feature_gates
        .keys()
        .filter(|gate| cluster.release().accepted_gate(gate).is_none())
    {
        let shown = serde_json::to_string(&cluster.feature_gates).unwrap_or_default();
        problems.push(Problem::new(
            "featureGates",
            format!("Invalid value: {shown}: {unknown} is not a valid feature name."),
        ));
    }
    problems.extend(etcd::etcd(cluster));
    repository(&mut problems, "imageRepository", &cluster.image_repository);
    problems
}

/// Returns the problem of an algorithm that a release does not know.
pub fn algorithm_problem(given: &str, release: &Release) -> Option<Problem> {
    let known = release.configuration.key_algorithms;
    (!known.contains(&given)).then(|| {
        let message = format!(
            "Invalid encryption algorithm {given:?}. Must be one of [{}]",
            known.join(" ")
        );
        Problem::invalid("encryptionAlgorithm", given, message)
    })
}

fn repository(problems: &mut Vec<Problem>, path: &str, repository: &str) {
    if !repository.is_empty() && !names::is_repository(repository) {
        problems.push(Problem::invalid(
            path,
            repository,
            "invalid image repository format",
        ));
    }
}

/// Adds a problem if a path is not absolute.
pub fn absolute(problems: &mut Vec<Problem>, path: &str, value: &str) {
    if !value.starts_with('/') {
        problems.push(Problem::invalid(path, value, "path is not absolute"));
    }
}

fn sans(path: &str, sans: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for san in sans.iter().filter(|san| parse_address(san).is_none()) {
        let reasons = san_problems(san);
        if !reasons.is_empty() {
            let message = format!(
                "altname is not a valid IP address, DNS label or a DNS label with subdomain \
                 wildcards: {}",
                reasons.join("; ")
            );
            problems.push(Problem::invalid(path, san, message));
        }
    }
    problems
}
