//! kubeadm's validation, all of it, every problem at once, in kubeadm's words.
use super::{BootstrapToken, Config, InitConfiguration, Problem, names};
use crate::secret::{Secret, bootstrap_token::is_token};
use data_encoding::HEXLOWER_PERMISSIVE;
use ipnet::IpNet;
use kubephase_sdk::{
    kubeadm::{
        Arg, ClusterConfiguration, ControlPlaneComponent, Duration, ExternalEtcd, NodeRegistration,
    },
    node::without_user_info,
};
use std::{collections::BTreeMap, net::IpAddr, sync::LazyLock};

const FEATURE_GATES: &[&str] = &[
    "NodeLocalCRISocket",
    "PublicKeysECDSA",
    "RootlessControlPlane",
];
const MIN_SERVICE_ADDRESSES: u128 = 10;
const MAX_SERVICE_BITS: u8 = 20;
const MIN_POD_ADDRESSES: u128 = 14;
const MAX_NODE_MASK_DIFFERENCE: i64 = 16;

static GROUP: LazyLock<regex::Regex> = LazyLock::new(|| {
    regex::Regex::new(r"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")
        .expect("a valid pattern")
});

/// Everything that is wrong with a resolved configuration.
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

pub fn endpoint(path: &str, endpoint: &kubephase_sdk::kubeadm::ApiEndpoint) -> Vec<Problem> {
    let mut problems = Vec::new();
    if endpoint.advertise_address.parse::<IpAddr>().is_err() {
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
        let wrong = names::subdomain_problems(&registration.name);
        problems.extend(
            wrong
                .into_iter()
                .map(|why| Problem::invalid(format!("{path}.name"), &registration.name, why)),
        );
    }
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

pub fn bootstrap_tokens(tokens: &[BootstrapToken]) -> Vec<Problem> {
    tokens
        .iter()
        .enumerate()
        .flat_map(|(at, token)| bootstrap_token(&format!("bootstrapTokens.{at}"), token))
        .collect()
}

fn bootstrap_token(path: &str, token: &BootstrapToken) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !token.token.is_empty() && !is_token(&token.token) {
        problems.push(Problem::new(
            format!("{path}.token"),
            "Invalid value: the bootstrap token is invalid",
        ));
    }
    let shown = |list: &[String]| serde_json::to_string(list).unwrap_or_default();
    let plain = |path: String, value: String, message: String| {
        Problem::new(path, format!("Invalid value: {value}: {message}"))
    };
    if let Some(unknown) = token
        .usages
        .iter()
        .find(|usage| !matches!(usage.as_str(), "signing" | "authentication"))
    {
        let message = format!(
            "invalid bootstrap token usage string: {unknown}, valid usage options: \
             signing,authentication"
        );
        problems.push(plain(
            format!("{path}.usages"),
            shown(&token.usages),
            message,
        ));
    }
    if !token.groups.is_empty() && !token.usages.iter().any(|usage| usage == "authentication") {
        let message =
            "token groups cannot be specified unless --usages includes \"authentication\""
                .to_owned();
        problems.push(plain(
            format!("{path}.groups"),
            shown(&token.groups),
            message,
        ));
    }
    for group in token.groups.iter().filter(|group| !GROUP.is_match(group)) {
        let message = format!(
            "bootstrap group {group:?} is invalid (must match {})",
            GROUP.as_str()
        );
        problems.push(plain(
            format!("{path}.groups"),
            shown(&token.groups),
            message,
        ));
    }
    if token.expires.is_some() && token.ttl.is_some() {
        problems.push(Problem::invalid(
            path,
            "",
            "the BootstrapToken .TTL and .Expires fields are mutually exclusive",
        ));
    }
    problems
}

/// The key itself is in no message: it is a secret, though a wrong one.
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

fn cluster(cluster: &ClusterConfiguration) -> Vec<Problem> {
    let mut problems = Vec::new();
    repository(
        &mut problems,
        "dns.imageRepository",
        &cluster.dns.image_repository,
    );
    let networking = &cluster.networking;
    let domain = names::subdomain_problems(&networking.dns_domain);
    problems.extend(
        domain
            .into_iter()
            .map(|why| Problem::invalid("networking.dnsDomain", &networking.dns_domain, why)),
    );
    problems.extend(service_subnet(&networking.service_subnet));
    if !networking.pod_subnet.is_empty() {
        problems.extend(pod_subnet(
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
        .filter(|gate| !FEATURE_GATES.contains(&gate.as_str()))
    {
        let shown = serde_json::to_string(&cluster.feature_gates).unwrap_or_default();
        problems.push(Problem::new(
            "featureGates",
            format!("Invalid value: {shown}: {unknown} is not a valid feature name."),
        ));
    }
    problems.extend(etcd(cluster));
    repository(&mut problems, "imageRepository", &cluster.image_repository);
    problems
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

pub fn absolute(problems: &mut Vec<Problem>, path: &str, value: &str) {
    if !value.starts_with('/') {
        problems.push(Problem::invalid(path, value, "path is not absolute"));
    }
}

fn sans(path: &str, sans: &[String]) -> Vec<Problem> {
    let wrong = |san: &String| {
        let why = if san.parse::<IpAddr>().is_ok() {
            Vec::new()
        } else {
            names::san_problems(san)
        };
        (!why.is_empty()).then(|| {
            let message = format!(
                "altname is not a valid IP address, DNS label or a DNS label with \
                    subdomain wildcards: {}",
                why.join("; ")
            );
            Problem::invalid(path, san, message)
        })
    };
    sans.iter().filter_map(wrong).collect()
}

fn etcd(cluster: &ClusterConfiguration) -> Vec<Problem> {
    let mut problems = Vec::new();
    match (&cluster.etcd.local, &cluster.etcd.external) {
        (None, None) => problems.push(Problem::invalid(
            "etcd",
            "",
            "either .Etcd.Local or .Etcd.External is required",
        )),
        (Some(_), Some(_)) => problems.push(Problem::invalid(
            "etcd",
            "",
            ".Etcd.Local and .Etcd.External are mutually exclusive",
        )),
        _ => {}
    }
    if let Some(local) = &cluster.etcd.local {
        absolute(
            &mut problems,
            "etcd.local.dataDir",
            if local.data_dir.is_empty() {
                "/"
            } else {
                &local.data_dir
            },
        );
        problems.extend(sans("etcd.local.serverCertSANs", &local.server_cert_sans));
        problems.extend(sans("etcd.local.peerCertSANs", &local.peer_cert_sans));
        repository(
            &mut problems,
            "etcd.local.imageRepository",
            &local.image_repository,
        );
        problems.extend(args("etcd.local.extraArgs", &local.extra_args));
    }
    if let Some(external) = &cluster.etcd.external {
        problems.extend(external_etcd(external));
    }
    problems
}

fn external_etcd(external: &ExternalEtcd) -> Vec<Problem> {
    let mut problems = Vec::new();
    let ExternalEtcd {
        ca_file,
        cert_file,
        key_file,
        ..
    } = external;
    if !cert_file.is_empty() && !key_file.is_empty() && ca_file.is_empty() {
        problems.push(Problem::invalid(
            "etcd.external",
            "",
            "setting .Etcd.External.CertFile and .Etcd.External.KeyFile requires \
             .Etcd.External.CAFile",
        ));
    }
    if cert_file.is_empty() != key_file.is_empty() {
        problems.push(Problem::invalid(
            "etcd.external",
            "",
            "either both or none of .Etcd.External.CertFile and .Etcd.External.KeyFile must be set",
        ));
    }
    let secure = !(ca_file.is_empty() && cert_file.is_empty() && key_file.is_empty());
    problems.extend(urls("etcd.external.endpoints", &external.endpoints, secure));
    problems.extend(urls(
        "etcd.external.httpEndpoints",
        &external.http_endpoints,
        false,
    ));
    for (name, file) in [
        ("caFile", ca_file),
        ("certFile", cert_file),
        ("keyFile", key_file),
    ]
    .into_iter()
    .filter(|(_, file)| !file.is_empty())
    {
        absolute(&mut problems, &format!("etcd.external.{name}"), file);
    }
    problems
}

fn urls(path: &str, urls: &[String], secure: bool) -> Vec<Problem> {
    if urls.is_empty() && path.ends_with(".endpoints") {
        return vec![Problem::invalid(
            path,
            "",
            "at least one endpoint must be specified",
        )];
    }
    let wrong = |text: &String| match url::Url::parse(text) {
        Ok(url) if secure && url.scheme() != "https" => {
            Some("the URL must be using the HTTPS scheme".to_owned())
        }
        // `host:2379` parses as a scheme, as it does in Go.
        Ok(_) => None,
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            Some("the URL without scheme is not allowed".to_owned())
        }
        Err(error) => Some(format!("URL parse error: {error}")),
    };
    urls.iter()
        .filter_map(|url| wrong(url).map(|why| Problem::invalid(path, without_user_info(url), why)))
        .collect()
}

/// One network, or two of different families.
fn subnets(path: &str, text: &str) -> Result<Vec<IpNet>, Problem> {
    let parsed: Option<Vec<IpNet>> = text.split(',').map(|part| part.parse().ok()).collect();
    let networks = parsed.ok_or_else(|| Problem::invalid(path, text, "couldn't parse subnet"))?;
    let both = matches!(networks.as_slice(), [a, b] if a.addr().is_ipv4() != b.addr().is_ipv4());
    if networks.len() == 1 || both {
        return Ok(networks);
    }
    Err(Problem::invalid(
        path,
        text,
        "expected one (IPv4 or IPv6) CIDR or two CIDRs from each family for dual-stack networking",
    ))
}

fn bits(network: &IpNet) -> u8 {
    network.max_prefix_len() - network.prefix_len()
}

fn too_small(path: &str, network: &IpNet, minimum: u128) -> Option<Problem> {
    let addresses = 1u128.checked_shl(bits(network).into()).unwrap_or(u128::MAX);
    (addresses < minimum).then(|| {
        Problem::invalid(
            path,
            network.to_string(),
            format!("subnet with {addresses} address(es) is too small, the minimum is {minimum}"),
        )
    })
}

fn service_subnet(text: &str) -> Vec<Problem> {
    let path = "networking.serviceSubnet";
    let networks = match subnets(path, text) {
        Ok(networks) => networks,
        Err(problem) => return vec![problem],
    };
    let mut problems: Vec<Problem> = networks
        .iter()
        .filter_map(|network| too_small(path, network, MIN_SERVICE_ADDRESSES))
        .collect();
    for network in networks
        .iter()
        .filter(|network| bits(network) > MAX_SERVICE_BITS)
    {
        let (whole, mask) = (
            network.max_prefix_len(),
            network.max_prefix_len() - MAX_SERVICE_BITS,
        );
        let message = format!(
            "specified service subnet is too large; for {whole}-bit addresses, the mask must be >= \
             {mask}"
        );
        problems.push(Problem::invalid(path, network.to_string(), message));
    }
    problems
}

fn pod_subnet(text: &str, controller_manager: &ControlPlaneComponent) -> Vec<Problem> {
    let path = "networking.podSubnet";
    let networks = match subnets(path, text) {
        Ok(networks) => networks,
        Err(problem) => return vec![problem],
    };
    let mut problems: Vec<Problem> = networks
        .iter()
        .filter_map(|network| too_small(path, network, MIN_POD_ADDRESSES))
        .collect();
    let flags: BTreeMap<&str, &str> = controller_manager
        .extra_args
        .iter()
        .map(|arg| (arg.name.as_str(), arg.value.as_str()))
        .collect();
    if flags.get("allocate-node-cidrs") == Some(&"false") {
        return problems;
    }
    for network in &networks {
        let (flag, default) = if network.addr().is_ipv4() {
            ("node-cidr-mask-size-ipv4", 24)
        } else {
            ("node-cidr-mask-size-ipv6", 64)
        };
        let node_mask = match flags.get(flag).map(|text| (text, text.parse::<i64>())) {
            None => default,
            Some((_, Ok(mask))) => mask,
            Some((text, Err(_))) => {
                let message = format!(
                    "could not parse the value of the kube-controller-manager flag {flag} as an \
                     integer: strconv.Atoi: parsing {text:?}: invalid syntax"
                );
                problems.push(Problem::invalid(path, network.to_string(), message));
                continue;
            }
        };
        let mask = i64::from(network.prefix_len());
        if mask > node_mask {
            let message = format!(
                "the size of pod subnet with mask {mask} is smaller than the size of node subnet \
                 with mask {node_mask}"
            );
            problems.push(Problem::invalid(path, network.to_string(), message));
        } else if node_mask - mask > MAX_NODE_MASK_DIFFERENCE {
            let message = format!(
                "pod subnet mask ({mask}) and node-mask ({node_mask}) difference is greater than \
                 {MAX_NODE_MASK_DIFFERENCE}"
            );
            problems.push(Problem::invalid(path, network.to_string(), message));
        }
    }
    problems
}

/// Validity periods that are unusual: warnings only.
pub fn periods(cluster: &ClusterConfiguration) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let (leaf, authority) = (
        cluster.certificate_validity_period.unwrap_or_default(),
        cluster.ca_certificate_validity_period.unwrap_or_default(),
    );
    let recommended = [
        (
            "certificateValidityPeriod",
            leaf,
            Duration::from_secs(8760 * 3600),
        ),
        (
            "caCertificateValidityPeriod",
            authority,
            Duration::from_secs(87600 * 3600),
        ),
    ];
    for (path, value, limit) in recommended
        .into_iter()
        .filter(|(_, value, limit)| value > limit)
    {
        warnings.push(Problem::new(
            path,
            format!(
                "WARNING: {path}: the value {value} is more than the recommended default for \
                certificate expiration: {limit}"
            ),
        ));
    }
    if leaf > authority {
        let path = "certificateValidityPeriod";
        warnings.push(Problem::new(
            path,
            format!(
                "WARNING: {path}: the value {leaf} is more than the \
                caCertificateValidityPeriod: {authority}"
            ),
        ));
    }
    warnings
}

/// The names of gates given by flag, `A=true,B=false`.
///
/// # Errors
/// kubeadm's words for a pair that is none, or a gate there is not.
pub fn feature_gates(text: &str) -> Result<BTreeMap<String, bool>, String> {
    let pair = |pair: &str| {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("missing bool value for feature-gate key:{pair}"))?;
        let (key, value) = (key.trim(), value.trim());
        if !FEATURE_GATES.contains(&key) {
            return Err(format!("unrecognized feature-gate key: {key}"));
        }
        let value = match value.to_lowercase().as_str() {
            "true" | "t" | "1" => true,
            "false" | "f" | "0" => false,
            _ => {
                return Err(format!(
                    "invalid value {value} for feature-gate key: {key}, use true|false instead"
                ));
            }
        };
        Ok((key.to_owned(), value))
    };
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(pair)
        .collect()
}
