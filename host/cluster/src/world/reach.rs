//! The addresses to which a request may be sent. The same rule judges the grant of a plugin and the
//! address that a connection is about to be made to.
mod nat64;
mod nearby;

pub use nearby::{ClusterSubnets, local_kind_of};

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that a request may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every address: the host sends the request itself, or the operator allowed this address.
    All,
    /// Addresses that are neither special ([`kind_of_special_address`]) nor local to this machine
    /// and its cluster ([`local_kind_of`]).
    OtherMachines(ClusterSubnets),
}

impl Reach {
    /// Refuses an address to which the request may not be sent. `host` is the name that was
    /// resolved.
    ///
    /// # Errors
    /// The kind of the address, and the grant that would allow it.
    pub fn check(self, host: &str, address: IpAddr) -> Result<(), String> {
        let Reach::OtherMachines(cluster_subnets) = self else {
            return Ok(());
        };
        let Some(what) =
            kind_of_special_address(address).or_else(|| local_kind_of(address, cluster_subnets))
        else {
            return Ok(());
        };
        Err(format!(
            "{host} has the address {address}, which is {what}; a server there may be reachable \
             only from this machine. To allow it, name {address} in the plugin's grant"
        ))
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// IPv4 networks whose addresses do not belong to a single machine of the internet or of a private
/// network. Taken from IANA's special-purpose registry, without private and documentation networks,
/// plus Azure's metadata server.
const SPECIAL_V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "an address of this machine itself"),
    (
        v4(100, 64, 0, 0, 10),
        "an address of the provider's own network",
    ),
    (v4(127, 0, 0, 0, 8), "a loopback address"),
    (
        v4(168, 63, 129, 16, 32),
        "the address of Azure's metadata server",
    ),
    (v4(169, 254, 0, 0, 16), "a link-local address"),
    (
        v4(192, 0, 0, 0, 24),
        "an address reserved for IETF protocols",
    ),
    (v4(192, 88, 99, 0, 24), "an address of a 6to4 relay"),
    (v4(198, 18, 0, 0, 15), "an address for benchmarks"),
    (v4(224, 0, 0, 0, 4), "a multicast address"),
    (v4(240, 0, 0, 0, 4), "a reserved address"),
];
/// The IPv6 addresses of single machines of the internet.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);
/// Addresses in [`GLOBAL_V6`] that have an IPv4 address in them, or belong to a protocol.
const SPECIAL_GLOBAL_V6: &[Ipv6Net] = &[v6(0x2001, 0, 23), v6(0x2002, 0, 16)];
const UNIQUE_LOCAL_V6: Ipv6Net = v6(0xfc00, 0, 7);

/// Returns the kind of an address that means something else on other machines: there it leads to
/// another server, or to none. Returns `None` for addresses of the internet and of private IPv4
/// networks. Unique local IPv6 addresses have a kind, because some metadata servers have one.
pub fn kind_of_special_address(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let found = SPECIAL_V4.iter().find(|(net, _)| net.contains(&address));
            found.map(|(_, what)| *what)
        }
        IpAddr::V6(address) if address.is_loopback() => Some("a loopback address"),
        IpAddr::V6(address) if address.is_unspecified() => {
            Some("an address of this machine itself")
        }
        IpAddr::V6(address) if address.is_unicast_link_local() => Some("a link-local address"),
        IpAddr::V6(address) if UNIQUE_LOCAL_V6.contains(&address) => Some("a unique local address"),
        IpAddr::V6(address) => {
            let is_global = GLOBAL_V6.contains(&address)
                && !SPECIAL_GLOBAL_V6.iter().any(|net| net.contains(&address));
            if is_global {
                nat64::kind_behind_gateway(address)
            } else {
                Some("a reserved address")
            }
        }
    }
}

#[cfg(test)]
mod tests;
