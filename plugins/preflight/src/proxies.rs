//! Proxies of the environment: addresses of the cluster have to be reached without them.
use crate::{discovered_host, is_worker, report_check, warn_unless};
use kubephase_sdk::{Failure, Verdict, codes, kubeadm::Config, observe_net};
use std::net::IpAddr;

pub fn check_proxies(config: &Config) -> Result<(), Failure> {
    discovered_host(config).map_or(Ok(()), check_address)?;
    if is_worker(config) {
        return Ok(());
    }
    check_address(&config.init.local_api_endpoint.advertise_address)?;
    check_networks(config)
}

/// A host has to be reached without a proxy.
fn check_address(address: &str) -> Result<(), Failure> {
    let (host, url) = if address.contains(':') {
        (format!("[{address}]"), format!("https://[{address}]:1234"))
    } else {
        (address.to_owned(), format!("https://{address}"))
    };
    let proxy = observe_net::proxy_for(&url)?;
    let problem = warn_unless(proxy.is_none(), || {
        format!(
            "Connection to \"https://{host}\" uses proxy {:?}. If that is not intended, adjust \
             your proxy settings",
            proxy.clone().unwrap_or_default()
        )
    });
    report_check(
        codes::HTTP_PROXY,
        problem,
        &[("proxy", proxy.unwrap_or_default())],
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
        let proxy = observe_net::proxy_for(&format!("https://{address}:1234/"))?;
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
