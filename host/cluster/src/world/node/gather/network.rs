//! The addresses of this machine.
use super::lines;
use crate::world::node::facts::NodeFacts;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Adds the global addresses, those on the loopback interface, and that of the interface that the
/// default route leaves by.
pub(super) fn add_addresses(facts: NodeFacts, notes: &mut Vec<String>) -> NodeFacts {
    let found = interface_addresses(notes);
    let default_route_interface_address = default_routes().iter().find_map(|(name, is_v4)| {
        found
            .iter()
            .find(|(interface, address)| interface == name && address.is_ipv4() == *is_v4)
            .map(|(_, address)| *address)
    });
    let (loopback, others): (Vec<_>, Vec<_>) = found.iter().partition(|(name, _)| name == "lo");
    NodeFacts {
        addresses: others.into_iter().map(|(_, address)| *address).collect(),
        loopback_addresses: loopback.into_iter().map(|(_, address)| *address).collect(),
        default_route_interface_address,
        ..facts
    }
}

/// Returns the global addresses of this machine with the names of their interfaces.
fn interface_addresses(notes: &mut Vec<String>) -> Vec<(String, IpAddr)> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces
            .into_iter()
            .map(|interface| (interface.name.clone(), interface.ip()))
            .filter(|(_, address)| is_global(*address))
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
