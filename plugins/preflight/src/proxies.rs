//! Proxies of the environment: addresses of the cluster have to be reached without them.
use crate::{Problem, discovered_host, report_check};
use kubephase_sdk::{
    Failure, Verdict, codes,
    kubeadm::Config,
    net::{Network, host_port, parse_address},
    observe_net,
};
use std::net::IpAddr;

/// Checks that addresses of the cluster are not reached through a proxy (a warning).
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_proxies(config: &Config) -> Result<(), Failure> {
    if let Some(host) = discovered_host(config) {
        check_address(&host);
    }
    if !config.is_worker() {
        check_address(&config.init.local_api_endpoint.advertise_address);
        check_networks(config);
    }
    Ok(())
}

/// Returns the proxy for a URL, or the problem if the host cannot answer that.
fn proxy_for(url: &str) -> Result<Option<String>, Problem> {
    observe_net::proxy_for(url).map_err(|failure| (Verdict::Fail, failure.message))
}

/// Checks that a host is reached without a proxy.
fn check_address(host: &str) {
    // A kubeconfig that was not read yet has the address.
    if host.is_empty() {
        return;
    }
    let url = match parse_address(host) {
        Some(IpAddr::V6(address)) => format!("https://{}", host_port(&address.to_string(), 1234)),
        Some(address) => format!("https://{address}"),
        None => format!("https://{host}"),
    };
    let (proxy, problem) = match proxy_for(&url) {
        Err(problem) => (String::new(), Some(problem)),
        Ok(None) => (String::new(), None),
        Ok(Some(proxy)) => {
            let message = format!(
                "Connection to {url:?} uses proxy {proxy:?}. If that is not intended, adjust your \
                 proxy settings"
            );
            (proxy, Some((Verdict::Warn, message)))
        }
    };
    report_check(
        codes::HTTP_PROXY,
        problem,
        &[("proxy", proxy)],
        Some("add the address to NO_PROXY"),
    );
}

/// Checks that the networks of Services and Pods are reached without a proxy.
fn check_networks(config: &Config) {
    let networking = &config.cluster.networking;
    for subnet in networking
        .service_subnet
        .split(',')
        .chain(networking.pod_subnet.split(','))
        .filter(|subnet| !subnet.is_empty())
    {
        report_check(
            codes::HTTP_PROXY_CIDR,
            network_problem(subnet),
            &[("subnet", subnet.to_owned())],
            Some("add the network to NO_PROXY"),
        );
    }
}

/// Returns why the addresses of a network cannot be reached without a proxy; `None` if they can.
fn network_problem(subnet: &str) -> Option<Problem> {
    let address = match second_address(subnet) {
        Ok(address) => address,
        Err(why) => return Some((Verdict::Fail, why)),
    };
    let url = format!("https://{}/", host_port(&address.to_string(), 1234));
    match proxy_for(&url) {
        Err(problem) => Some(problem),
        Ok(None) => None,
        Ok(Some(proxy)) => Some((
            Verdict::Warn,
            format!(
                "connection to {subnet:?} uses proxy {proxy:?}. This may lead to malfunctional \
                 cluster setup. Make sure that Pod and Services IP ranges specified correctly as \
                 exceptions in proxy configuration"
            ),
        )),
    }
}

/// Returns the second address of a network.
///
/// # Errors
/// The network is not valid or has no second address; the message is kubeadm's.
fn second_address(subnet: &str) -> Result<IpAddr, String> {
    let network = Network::parse(subnet)
        .ok_or_else(|| format!("error parsing CIDR {subnet:?}: invalid CIDR address: {subnet}"))?;
    network
        .nth(1)
        .ok_or_else(|| format!("unable to get first IP address from the given CIDR ({network})"))
}
