//! The addresses of this machine.
use super::{interfaces::InterfaceAddress, lines};
use crate::world::node::facts::NodeFacts;
use if_addrs::IfAddr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Adds the global addresses, those on the loopback interface, and that of the interface that the
/// default route leaves by.
pub(super) fn add_addresses(facts: NodeFacts, found: &[InterfaceAddress]) -> NodeFacts {
    let found = found.iter().filter(|of| is_global(of.address));
    let found: Vec<&InterfaceAddress> = found.collect();
    let default_route_interface_address = default_routes().iter().find_map(|(name, is_v4)| {
        found
            .iter()
            .find(|of| of.interface == *name && of.address.is_ipv4() == *is_v4)
            .map(|of| of.address)
    });
    let (loopback, others): (Vec<&InterfaceAddress>, Vec<&InterfaceAddress>) =
        found.into_iter().partition(|of| of.interface == "lo");
    NodeFacts {
        addresses: others.into_iter().map(|of| of.address).collect(),
        loopback_addresses: loopback.into_iter().map(|of| of.address).collect(),
        default_route_interface_address,
        ..facts
    }
}

/// Returns the addresses of this machine with their interfaces.
pub(super) fn interface_addresses(notes: &mut Vec<String>) -> Vec<InterfaceAddress> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces
            .into_iter()
            .map(|of| {
                let (address, prefix) = match &of.addr {
                    IfAddr::V4(v4) => (IpAddr::V4(v4.ip), v4.prefixlen),
                    IfAddr::V6(v6) => (IpAddr::V6(v6.ip), v6.prefixlen),
                };
                InterfaceAddress {
                    interface: of.name,
                    address,
                    prefix,
                }
            })
            .collect(),
        Err(error) => {
            notes.push(format!(
                "the addresses of this machine could not be read: {error}"
            ));
            Vec::new()
        }
    }
}

/// Whether an address may be reached from other machines.
pub(super) fn is_global(address: IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local() || address == Ipv4Addr::BROADCAST,
        IpAddr::V6(address) => address.is_unicast_link_local() || address == Ipv6Addr::UNSPECIFIED,
    };
    !link_local && !address.is_loopback() && !address.is_multicast() && !address.is_unspecified()
}

/// Returns the interfaces of default routes, and whether each is an IPv4 route. IPv4 comes first.
fn default_routes() -> Vec<(String, bool)> {
    let v4 = lines("/proc/net/route")
        .skip(1)
        .filter_map(|line| Some((default_interface_v4(&line)?, true)));
    let v6 = lines("/proc/net/ipv6_route")
        .filter_map(|line| Some((default_interface_v6(&line)?, false)));
    v4.chain(v6).collect()
}

/// Returns the interface of a line of `/proc/net/route` if it is a default route.
fn default_interface_v4(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    (fields.get(1) == Some(&"00000000") && fields.get(7) == Some(&"00000000"))
        .then(|| fields[0].to_owned())
}

/// Returns the interface of a line of `/proc/net/ipv6_route` if it is a default route.
fn default_interface_v6(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let is_default = fields.len() == 10
        && fields[0].bytes().all(|byte| byte == b'0')
        && fields[1] == "00"
        && fields[9] != "lo";
    is_default.then(|| fields[9].to_owned())
}
