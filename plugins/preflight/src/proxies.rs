//! Proxies of the environment: addresses of the cluster have to be reached without them.
use crate::{Problem, discovered_host, is_worker, report_check};
use kubephase_sdk::{Failure, Verdict, codes, kubeadm::Config, observe_net};
use std::net::IpAddr;

pub fn check_proxies(config: &Config) -> Result<(), Failure> {
    discovered_host(config).into_iter().for_each(check_address);
    if !is_worker(config) {
        check_address(&config.init.local_api_endpoint.advertise_address);
        check_networks(config);
    }
    Ok(())
}

/// Returns the proxy for a URL, or the problem of a host that cannot tell it.
fn proxy_for(url: &str) -> Result<Option<String>, Problem> {
    observe_net::proxy_for(url).map_err(|failure| (Verdict::Fail, failure.message))
}

/// A host has to be reached without a proxy.
fn check_address(address: &str) {
    let (host, url) = if address.contains(':') {
        (format!("[{address}]"), format!("https://[{address}]:1234"))
    } else {
        (address.to_owned(), format!("https://{address}"))
    };
    let (proxy, problem) = match proxy_for(&url) {
        Err(problem) => (String::new(), Some(problem)),
        Ok(None) => (String::new(), None),
        Ok(Some(proxy)) => {
            let message = format!(
                "Connection to \"https://{host}\" uses proxy {proxy:?}. If that is not intended, \
                 adjust your proxy settings"
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

/// The networks of Services and Pods have to be reached without a proxy.
fn check_networks(config: &Config) {
    let networking = &config.cluster.networking;
    for subnet in networking
        .service_subnet
        .split(',')
        .chain(networking.pod_subnet.split(','))
        .filter(|subnet| !subnet.is_empty())
    {
        let Some(address) = second_address(subnet) else {
            report_check(
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
        let problem = match proxy_for(&format!("https://{address}:1234/")) {
            Err(problem) => Some(problem),
            Ok(None) => None,
            Ok(Some(proxy)) => Some((
                Verdict::Warn,
                format!(
                    "connection to {subnet:?} uses proxy {proxy:?}. This may lead to malfunctional \
                     cluster setup. Make sure that Pod and Services IP ranges specified correctly \
                     as exceptions in proxy configuration"
                ),
            )),
        };
        report_check(
            codes::HTTP_PROXY_CIDR,
            problem,
            &[("subnet", subnet.to_owned())],
            Some("add the network to NO_PROXY"),
        );
    }
}

/// Returns the second address of a network, as the host of a URL.
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
