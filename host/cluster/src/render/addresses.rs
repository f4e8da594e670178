//! The names and addresses for which serving certificates are valid (kubeadm's SAN rules).
use kubephase_sdk::{
    kubeadm::{Config, LocalEtcd},
    net::{Network, parse_address, parse_endpoint},
};
use std::net::IpAddr;

/// The DNS names and the IP addresses of a certificate.
type Names = (Vec<String>, Vec<String>);

/// Returns the address at `index` of the first subnet in a list.
///
/// # Errors
/// The list does not start with a subnet, or the subnet is too small.
pub fn service_address(subnets: &str, index: u128) -> Result<IpAddr, String> {
    let first = subnets.split(',').next().unwrap_or_default();
    let network = Network::parse(first)
        .ok_or_else(|| format!("networking.serviceSubnet: {first:?} is not a subnet"))?;
    network
        .nth(index)
        .ok_or_else(|| format!("networking.serviceSubnet: {first} has no address {index}"))
}

/// Returns the names and addresses of the API server.
///
/// # Errors
/// The service subnet or the advertise address cannot be used.
pub fn apiserver_names(config: &Config) -> Result<Names, String> {
    let cluster = &config.cluster;
    let mut names = Vec::new();
    add_name(&mut names, &config.init.node_registration.name);
    names.extend(["kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned));
    if !cluster.networking.dns_domain.is_empty() {
        names.push(format!(
            "kubernetes.default.svc.{}",
            cluster.networking.dns_domain
        ));
    }
    let mut addresses = vec![
        service_address(&cluster.networking.service_subnet, 1)?.to_string(),
        advertise_address(config)?.to_string(),
    ];
    let endpoint = cluster.control_plane_endpoint.as_str();
    if !endpoint.is_empty() {
        let (host, _) = parse_endpoint(endpoint).map_err(|why| {
            format!("error parsing cluster controlPlaneEndpoint {endpoint:?}: {why}")
        })?;
        add_name_or_address(host, &mut names, &mut addresses);
    }
    for san in &cluster.api_server.cert_sans {
        add_name_or_address(san, &mut names, &mut addresses);
    }
    Ok((names, addresses))
}

/// Returns the names and addresses of etcd. `extra` returns those that the configuration adds.
///
/// # Errors
/// The advertise address cannot be used.
pub fn etcd_names(
    config: &Config,
    extra: impl Fn(&LocalEtcd) -> &Vec<String>,
) -> Result<Names, String> {
    let mut names = Vec::new();
    add_name(&mut names, &config.init.node_registration.name);
    names.push("localhost".into());
    let mut addresses = vec![
        advertise_address(config)?.to_string(),
        "127.0.0.1".into(),
        "::1".into(),
    ];
    for san in config.cluster.etcd.local.iter().flat_map(extra) {
        add_name_or_address(san, &mut names, &mut addresses);
    }
    Ok((names, addresses))
}

fn advertise_address(config: &Config) -> Result<IpAddr, String> {
    let address = &config.init.local_api_endpoint.advertise_address;
    parse_address(address).ok_or_else(|| {
        format!(
            "error parsing LocalAPIEndpoint AdvertiseAddress {address}: is not a valid textual \
            representation of an IP address"
        )
    })
}

fn add_name_or_address(san: &str, names: &mut Vec<String>, addresses: &mut Vec<String>) {
    match parse_address(san) {
        Some(address) => addresses.push(address.to_string()),
        None => add_name(names, san),
    }
}

fn add_name(names: &mut Vec<String>, name: &str) {
    if !name.is_empty() {
        names.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests;
