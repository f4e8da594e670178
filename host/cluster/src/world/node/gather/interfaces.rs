//! Network interfaces of this machine, its routes, and how it looks up names.
use super::tree::Tree;
use kubephase_sdk::facts::{Dns, NetworkInterface, Route};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Flags of an interface (`if.h`): switched on, and loopback.
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
/// Flags of a route (`route.h`): usable, and leading nowhere.
const RTF_UP: u32 = 0x1;
const RTF_REJECT: u32 = 0x200;

/// An address of an interface.
pub struct InterfaceAddress {
    pub interface: String,
    pub address: IpAddr,
    /// bits of the address that are the same in all addresses of its network
    pub prefix: u8,
}

/// Returns the interfaces with their addresses; `None` if the kernel does not list them.
pub fn interfaces(tree: &Tree, addresses: &[InterfaceAddress]) -> Option<Vec<NetworkInterface>> {
    let names = tree.names("/sys/class/net")?;
    let found = names.into_iter().filter_map(|name| {
        let folder = format!("/sys/class/net/{name}");
        // Drivers add files, such as `bonding_masters`.
        let flags = tree.line(&format!("{folder}/flags"))?;
        let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
        let own = addresses.iter().filter(|of| of.interface == name);
        let own = own.map(|of| format!("{}/{}", of.address, of.prefix));
        Some(NetworkInterface {
            mac: tree.line(&format!("{folder}/address")),
            mtu: tree.number(&format!("{folder}/mtu")),
            up: flags & IFF_UP != 0,
            loopback: flags & IFF_LOOPBACK != 0,
            physical: tree.exists(&format!("{folder}/device")),
            addresses: own.collect(),
            name,
        })
    });
    Some(found.collect())
}

/// Returns the routes to other machines; `None` if the kernel does not list those of IPv4.
pub fn routes(tree: &Tree) -> Option<Vec<Route>> {
    let v4 = tree.read("/proc/net/route")?;
    let v6 = if tree.exists("/proc/net/ipv6_route") {
        tree.read("/proc/net/ipv6_route")?
    } else {
        String::new()
    };
    let v4 = v4.lines().skip(1).filter_map(parse_v4);
    Some(v4.chain(v6.lines().filter_map(parse_v6)).collect())
}

/// Parses a line of `/proc/net/route`; `None` for a route that leads to no other machine. Its
/// addresses are numbers in the order of bytes of this machine.
fn parse_v4(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [
        interface,
        destination,
        gateway,
        flags,
        _,
        _,
        metric,
        mask,
        ..,
    ] = fields[..]
    else {
        return None;
    };
    let address = |text| {
        let bits = u32::from_str_radix(text, 16).ok()?;
        Some(Ipv4Addr::from(bits.to_ne_bytes()))
    };
    if !leads_on(flags, interface) {
        return None;
    }
    let prefix = u32::from(address(mask)?).leading_ones();
    Some(Route {
        destination: format!("{}/{prefix}", address(destination)?),
        gateway: gateway_of(address(gateway)?.into()),
        interface: interface.to_owned(),
        metric: metric.parse().ok()?,
    })
}

/// Parses a line of `/proc/net/ipv6_route`; `None` for a route that leads to no other machine.
fn parse_v6(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [
        destination,
        prefix,
        _,
        _,
        gateway,
        metric,
        _,
        _,
        flags,
        interface,
    ] = fields[..]
    else {
        return None;
    };
    let address = |text| Some(Ipv6Addr::from(u128::from_str_radix(text, 16).ok()?));
    let destination = address(destination)?;
    let prefix = u8::from_str_radix(prefix, 16).ok()?;
    // Addresses of this machine and multicast have routes of their own.
    if !leads_on(flags, interface) || destination.is_multicast() || prefix == 128 {
        return None;
    }
    Some(Route {
        destination: format!("{destination}/{prefix}"),
        gateway: gateway_of(address(gateway)?.into()),
        interface: interface.to_owned(),
        metric: u32::from_str_radix(metric, 16).ok()?,
    })
}

/// Returns the gateway of a route; `None` for the networks that the interface is in itself.
fn gateway_of(address: IpAddr) -> Option<String> {
    (!address.is_unspecified()).then(|| address.to_string())
}

/// Whether a route with these flags leads to other machines.
fn leads_on(flags: &str, interface: &str) -> bool {
    let flags = u32::from_str_radix(flags, 16).unwrap_or_default();
    flags & RTF_UP != 0 && flags & RTF_REJECT == 0 && interface != "lo"
}

/// Returns the servers, domains and options of `/etc/resolv.conf`; `None` without the file.
pub fn dns(tree: &Tree) -> Option<Dns> {
    let text = tree.read("/etc/resolv.conf")?;
    let mut dns = Dns::default();
    for line in text.lines() {
        let mut words = line.split_whitespace().map(str::to_owned);
        match words.next().as_deref() {
            Some("nameserver") => dns.servers.extend(words.next()),
            // The last of these lines is the one that counts (resolv.conf(5)).
            Some("search" | "domain") => dns.search = words.collect(),
            Some("options") => dns.options.extend(words),
            _ => {}
        }
    }
    Some(dns)
}
