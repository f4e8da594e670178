//! The network: ports, forwarding, and the name of the node.
use crate::{discovered_host, error_unless, report_check, warn_unless};
use kubephase_sdk::{
    Failure, Verdict,
    codes::{self, Family},
    kubeadm::Config,
    net::{Network, parse_address},
    observe_net, observe_node,
};
use std::net::IpAddr;

/// A port, and the file because of which a component listens on it. If an earlier run made the
/// file, the host accepts that the port is in use.
type Listener = (i32, &'static str);

const KUBELET: Listener = (10250, "/var/lib/kubelet/config.yaml");
const COMPONENTS: &[Listener] = &[
    (10259, "/etc/kubernetes/manifests/kube-scheduler.yaml"),
    (
        10257,
        "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    ),
    KUBELET,
];
const ETCD: &[Listener] = &[
    (2379, "/etc/kubernetes/manifests/etcd.yaml"),
    (2380, "/etc/kubernetes/manifests/etcd.yaml"),
];

/// Checks that the ports of the components are free.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_ports(config: &Config) -> Result<(), Failure> {
    if config.is_worker() {
        check_port(KUBELET);
        return Ok(());
    }
    let server = (
        config.init.local_api_endpoint.bind_port,
        "/etc/kubernetes/manifests/kube-apiserver.yaml",
    );
    let etcd = if config.cluster.etcd.local.is_some() {
        ETCD
    } else {
        &[]
    };
    [server]
        .iter()
        .chain(COMPONENTS)
        .chain(etcd)
        .for_each(|listener| check_port(*listener));
    Ok(())
}

fn check_port((port, path): Listener) {
    let problem = match u16::try_from(port).map_or(Ok(false), observe_net::port_free) {
        Ok(is_free) => error_unless(is_free, || format!("Port {port} is in use")),
        Err(failure) => Some((Verdict::Fail, failure.message)),
    };
    let evidence = [("port", port.to_string()), ("path", path.to_owned())];
    report_check(
        &Family::PORT.code_for(&port.to_string()),
        problem,
        &evidence,
        Some("stop what listens there (ss -ltnp shows it)"),
    );
}

/// Checks that packets are forwarded, and that the name of the node resolves.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_forwarding_and_name(config: &Config) -> Result<(), Failure> {
    let addresses = addresses(config);
    for (is_ipv6, key, path) in [
        (
            false,
            "net.ipv4.ip_forward",
            "/proc/sys/net/ipv4/ip_forward",
        ),
        (
            true,
            "net.ipv6.conf.default.forwarding",
            "/proc/sys/net/ipv6/conf/default/forwarding",
        ),
    ] {
        if addresses.iter().any(|address| address.is_ipv6() == is_ipv6) {
            check_forwarding(key, path);
        }
    }
    check_name(&config.init.node_registration.name);
    Ok(())
}

/// Returns the addresses of the configuration, those of its networks, and the address of a
/// discovered server.
fn addresses(config: &Config) -> Vec<IpAddr> {
    // The addresses of a host name are not looked up (kubeadm behaviour).
    let discovered = discovered_host(config).and_then(|host| parse_address(&host));
    if config.is_worker() {
        return discovered.into_iter().collect();
    }
    let networking = &config.cluster.networking;
    let networks = networking
        .service_subnet
        .split(',')
        .chain(networking.pod_subnet.split(','));
    networks
        .filter_map(address_of_network)
        .chain(parse_address(
            &config.init.local_api_endpoint.advertise_address,
        ))
        .chain(discovered)
        .collect()
}

/// Returns the address before the slash of a network: `10.96.0.1` for `10.96.0.1/12`. `None` if the
/// network is not valid.
fn address_of_network(subnet: &str) -> Option<IpAddr> {
    Network::parse(subnet)?;
    parse_address(subnet.split('/').next()?)
}

/// Checks that a kernel parameter that forwards packets is 1.
fn check_forwarding(key: &str, path: &str) {
    let problem = match observe_node::sysctl(key) {
        None => Some((Verdict::Fail, format!("{path} does not exist"))),
        Some(value) => error_unless(value.starts_with('1'), || {
            format!("{path} contents are not set to 1")
        }),
    };
    let remedy = format!("sysctl -w {key}=1, and keep it in /etc/sysctl.d");
    report_check(
        &Family::FILE_CONTENT.code_for(path),
        problem,
        &[("sysctl", key.to_owned())],
        Some(&remedy),
    );
}

/// Checks that the name of the node resolves.
fn check_name(name: &str) {
    let problem = match observe_net::resolve(name) {
        Ok(found) => warn_unless(!found.is_empty(), || {
            format!("hostname {name:?} could not be reached")
        }),
        Err(failure) => Some((
            Verdict::Warn,
            format!("hostname {name:?}: {}", failure.message),
        )),
    };
    report_check(
        codes::HOSTNAME,
        problem,
        &[("name", name.to_owned())],
        Some("let the name resolve, in DNS or /etc/hosts"),
    );
}
