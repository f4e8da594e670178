//! Proxies of the environment: addresses of the cluster have to be reached without them.
use crate::{discovered_host, is_worker, report_check, warn_unless};
use kubephase_sdk::{
    Failure, FailureCode, Verdict, codes,
    kubeadm::Config,
    net::{Network, host_port, parse_address},
    observe_net,
};
use std::net::IpAddr;

pub fn check_proxies(config: &Config) -> Result<(), Failure> {
    if let Some(host) = discovered_host(config) {
        check_address(&host)?;
    }
    if is_worker(config) {
        return Ok(());
    }
    check_address(&config.init.local_api_endpoint.advertise_address)?;
    check_networks(config)
}

/// A host has to be reached without a proxy.
fn check_address(host: &str) -> Result<(), Failure> {
    let url = match parse_address(host) {
        Some(IpAddr::V6(address)) => format!("https://{}", host_port(&address.to_string(), 1234)),
        Some(address) => format!("https://{address}"),
        None => format!("https://{host}"),
    };
    let (problem, proxy) = match observe_net::proxy_for(&url) {
        Ok(Some(proxy)) => {
            let message = format!(
                "Connection to \"{url}\" uses proxy {proxy:?}. If that is not intended, adjust \
                 your proxy settings"
            );
            (Some((Verdict::Warn, message)), proxy)
        }
        Ok(None) => (None, String::new()),
        // A name that is no host of a URL does not hide the checks that follow.
        Err(failure) if failure.code == FailureCode::Invalid => {
            (Some((Verdict::Fail, failure.message)), String::new())
        }
        Err(failure) => return Err(failure),
    };
    report_check(
        codes::HTTP_PROXY,
        problem,
        &[("proxy", proxy)],
        Some("add the address to NO_PROXY"),
    );
    Ok(())
}

/// The networks of Services and Pods have to be reached without a proxy.
fn check_networks(config: &Config) -> Result<(), Failure> {
    let networking = &config.cluster.networking;
    for subnet in networking
        .service_subnet
        .split(',')
        .chain(networking.pod_subnet.split(','))
        .filter(|subnet| !subnet.is_empty())
    {
        let address = match second_address(subnet) {
            Ok(address) => address,
            Err(why) => {
                report_check(
                    codes::HTTP_PROXY_CIDR,
                    Some((Verdict::Fail, why)),
                    &[],
                    None,
                );
                continue;
            }
        };
        let url = format!("https://{}/", host_port(&address.to_string(), 1234));
        let proxy = observe_net::proxy_for(&url)?;
        let problem = warn_unless(proxy.is_none(), || {
            format!(
                "connection to {subnet:?} uses proxy {:?}. This may lead to malfunctional cluster \
                 setup. Make sure that Pod and Services IP ranges specified correctly as \
                 exceptions in proxy configuration",
                proxy.clone().unwrap_or_default()
            )
        });
        report_check(
            codes::HTTP_PROXY_CIDR,
            problem,
            &[("subnet", subnet.to_owned())],
            Some("add the network to NO_PROXY"),
        );
    }
    Ok(())
}

/// Returns the second address of a network.
///
/// # Errors
/// What is wrong with the network, in kubeadm's words.
fn second_address(subnet: &str) -> Result<IpAddr, String> {
    let network = Network::parse(subnet)
        .ok_or_else(|| format!("error parsing CIDR {subnet:?}: invalid CIDR address: {subnet}"))?;
    network
        .nth(1)
        .ok_or_else(|| format!("unable to get first IP address from the given CIDR ({network})"))
}
