//! The network: ports, proxies, forwarding, the node's own name.
use crate::{error_unless, is_worker, joined_host, tell, warn_unless};
use kubephase_sdk::{
    Failure, Verdict,
    codes::{self, Family},
    kubeadm::Config,
    observe_net, observe_node,
};
use std::net::IpAddr;

/// Who listens where, by the file that makes it so: what an earlier run set up is not in the way of
/// the next.
const KUBELET: (i32, &str) = (10250, "/var/lib/kubelet/config.yaml");
const COMPONENTS: &[(i32, &str)] = &[
    (10259, "/etc/kubernetes/manifests/kube-scheduler.yaml"),
    (
        10257,
        "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    ),
    KUBELET,
];
const ETCD: &[(i32, &str)] = &[
    (2379, "/etc/kubernetes/manifests/etcd.yaml"),
    (2380, "/etc/kubernetes/manifests/etcd.yaml"),
];

pub fn ports(config: &Config) -> Result<(), Failure> {
    if is_worker(config) {
        return port(KUBELET);
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
        .try_for_each(|listener| port(*listener))
}

fn port((port, path): (i32, &str)) -> Result<(), Failure> {
    let free = u16::try_from(port).map_or(Ok(false), observe_net::port_free)?;
    let wrong = error_unless(free, || format!("Port {port} is in use"));
    let evidence = [("port", port.to_string()), ("path", path.to_owned())];
    tell(
        &Family::PORT.of(&port.to_string()),
        wrong,
        &evidence,
        Some("stop what listens there (ss -ltnp shows it)"),
    );
    Ok(())
}

pub fn proxy(config: &Config) -> Result<(), Failure> {
    joined_host(config).map_or(Ok(()), direct)?;
    if is_worker(config) {
        return Ok(());
    }
    direct(&config.init.local_api_endpoint.advertise_address)?;
    networks(config)
}

/// A host that is to be reached without a proxy.
fn direct(address: &str) -> Result<(), Failure> {
    let (host, url) = if address.contains(':') {
        (format!("[{address}]"), format!("https://[{address}]:1234"))
    } else {
        (address.to_owned(), format!("https://{address}"))
    };
    let proxy = observe_net::proxy_for(&url)?;
    let wrong = warn_unless(proxy.is_none(), || {
        format!(
            "Connection to \"https://{host}\" uses proxy {:?}. If that is not intended, adjust \
             your proxy settings",
            proxy.clone().unwrap_or_default()
        )
    });
    tell(
        codes::HTTP_PROXY,
        wrong,
        &[("proxy", proxy.unwrap_or_default())],
        Some("add the address to NO_PROXY"),
    );
    Ok(())
}

fn networks(config: &Config) -> Result<(), Failure> {
    let networking = &config.cluster.networking;
    for subnet in networking
        .service_subnet
        .split(',')
        .chain(networking.pod_subnet.split(','))
        .filter(|subnet| !subnet.is_empty())
    {
        let Some(second) = second_address(subnet) else {
            tell(
                codes::HTTP_PROXY_CIDR,
                Some((
                    Verdict::Fail,
                    format!("error parsing CIDR {subnet:?}: invalid CIDR address"),
                )),
                &[],
                None,
            );
            continue;
        };
        let proxy = observe_net::proxy_for(&format!("https://{second}:1234/"))?;
        let wrong = warn_unless(proxy.is_none(), || {
            format!(
                "connection to {subnet:?} uses proxy {:?}. This may lead to malfunctional cluster \
                 setup. Make sure that Pod and Services IP ranges specified correctly as \
                 exceptions in proxy configuration",
                proxy.clone().unwrap_or_default()
            )
        });
        tell(
            codes::HTTP_PROXY_CIDR,
            wrong,
            &[("subnet", subnet.to_owned())],
            Some("add the network to NO_PROXY"),
        );
    }
    Ok(())
}

/// The second address of a network, as the host of a URL.
fn second_address(subnet: &str) -> Option<String> {
    let (address, prefix) = subnet.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    Some(match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let mask = u32::MAX
                .checked_shl(32u32.checked_sub(prefix)?)
                .unwrap_or(0);
            std::net::Ipv4Addr::from((u32::from(address) & mask).checked_add(1)?).to_string()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX
                .checked_shl(128u32.checked_sub(prefix)?)
                .unwrap_or(0);
            format!(
                "[{}]",
                std::net::Ipv6Addr::from((u128::from(address) & mask).checked_add(1)?)
            )
        }
    })
}

pub fn forwarding_and_name(config: &Config) -> Result<(), Failure> {
    let networking = &config.cluster.networking;
    let networks = networking
        .service_subnet
        .split(',')
        .chain(networking.pod_subnet.split(','));
    let own = networks.chain([config.init.local_api_endpoint.advertise_address.as_str()]);
    // Of a name it is not known which addresses it stands for (kubeadm behaviour).
    let led_to = joined_host(config).filter(|host| host.parse::<IpAddr>().is_ok());
    let addresses: Vec<&str> = own
        .filter(|_| !is_worker(config))
        .chain(led_to)
        .filter(|text| !text.is_empty())
        .collect();
    for (v6, key, path) in [
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
        if !addresses.iter().any(|address| address.contains(':') == v6) {
            continue;
        }
        let wrong = match observe_node::sysctl(key) {
            None => Some((Verdict::Fail, format!("{path} does not exist"))),
            Some(value) => error_unless(value.starts_with('1'), || {
                format!("{path} contents are not set to 1")
            }),
        };
        let remedy = format!("sysctl -w {key}=1, and keep it in /etc/sysctl.d");
        tell(
            &Family::FILE_CONTENT.of(path),
            wrong,
            &[("sysctl", key.to_owned())],
            Some(&remedy),
        );
    }
    let name = &config.init.node_registration.name;
    let wrong = match observe_net::resolve(name) {
        Ok(found) => warn_unless(!found.is_empty(), || {
            format!("hostname {name:?} could not be reached")
        }),
        Err(failure) => Some((
            Verdict::Warn,
            format!("hostname {name:?}: {}", failure.message),
        )),
    };
    tell(
        codes::HOSTNAME,
        wrong,
        &[("name", name.clone())],
        Some("let the name resolve, in DNS or /etc/hosts"),
    );
    Ok(())
}
