//! Addresses that are ordinary elsewhere, but lead from here to this machine itself or into its
//! cluster.
use if_addrs::IfAddr;
use ipnet::{Ipv4Net, Ipv6Net};
use kubephase_sdk::net::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The subnets of the cluster's Services and Pods: at most one of each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterSubnets([Option<Network>; 4]);

/// Beginnings of the names of bridges for containers and virtual machines that run on this machine
/// only.
const BRIDGES: [&str; 10] = [
    "br-", "cbr", "cni", "docker", "flannel", "lxcbr", "lxdbr", "nerdctl", "podman", "virbr",
];

impl ClusterSubnets {
    /// Reads `networking.serviceSubnet` and `networking.podSubnet`, with a comma between them. A
    /// text that is not a subnet is left out: the configuration is checked elsewhere.
    pub fn parse(subnets: &str) -> ClusterSubnets {
        let mut found = subnets
            .split(',')
            .filter_map(|subnet| Network::parse(subnet.trim()));
        ClusterSubnets(std::array::from_fn(|_| found.next()))
    }

    fn contain(self, address: IpAddr) -> bool {
        self.0
            .iter()
            .flatten()
            .any(|subnet| subnet.contains(address))
    }
}

/// Returns the kind of an address that leads to this machine itself, or to a Service, a Pod or a
/// container of its cluster; `None` for all others.
pub fn local_kind_of(address: IpAddr, cluster_subnets: ClusterSubnets) -> Option<&'static str> {
    let address = address.to_canonical();
    if cluster_subnets.contain(address) {
        return Some("an address of a Service or a Pod of the cluster");
    }
    if is_at_bridge(address) {
        return Some("an address of a container of this machine");
    }
    (is_of_interface(address) || is_kept_here(address)).then_some("an address of this machine")
}

/// Whether a bridge for containers of this machine leads to the address.
fn is_at_bridge(address: IpAddr) -> bool {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .iter()
        .filter(|one| BRIDGES.iter().any(|name| one.name.starts_with(name)))
        .any(|bridge| is_in_net_of(&bridge.addr, address))
}

/// Whether an address is in the network of an interface.
fn is_in_net_of(interface: &IfAddr, address: IpAddr) -> bool {
    match (interface, address) {
        (IfAddr::V4(own), IpAddr::V4(address)) => {
            Ipv4Net::with_netmask(own.ip, own.netmask).is_ok_and(|net| net.contains(&address))
        }
        (IfAddr::V6(own), IpAddr::V6(address)) => {
            Ipv6Net::with_netmask(own.ip, own.netmask).is_ok_and(|net| net.contains(&address))
        }
        _ => false,
    }
}

/// Whether an interface has the address. True if the interfaces are not known.
fn is_of_interface(address: IpAddr) -> bool {
    let interfaces = if_addrs::get_if_addrs();
    interfaces.map_or(true, |all| all.iter().any(|one| one.ip() == address))
}

/// Whether the kernel keeps packets for the address on this machine: then the sender has the same
/// address, or a loopback address. Connecting a datagram socket sends nothing.
fn is_kept_here(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let sender = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    sender.is_ok_and(|sender| sender.ip() == address || sender.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_addrs::Ifv4Addr;

    #[test]
    fn pods_have_a_local_kind_as_services_have() {
        let cluster_subnets = ClusterSubnets::parse("10.96.0.0/12,10.244.0.0/16");
        for address in ["10.96.0.1", "10.244.3.4", "::ffff:10.244.3.4"] {
            let found = local_kind_of(address.parse().unwrap(), cluster_subnets);
            assert_eq!(
                found,
                Some("an address of a Service or a Pod of the cluster"),
                "{address}"
            );
        }
    }

    #[test]
    fn the_network_of_a_bridge_has_the_addresses_of_its_containers() {
        let bridge = IfAddr::V4(Ifv4Addr {
            ip: Ipv4Addr::new(172, 17, 0, 1),
            netmask: Ipv4Addr::new(255, 255, 0, 0),
            prefixlen: 16,
            broadcast: None,
        });
        assert!(is_in_net_of(&bridge, "172.17.3.4".parse().unwrap()));
        assert!(!is_in_net_of(&bridge, "172.18.0.1".parse().unwrap()));
        assert!(!is_in_net_of(&bridge, "::1".parse().unwrap()));
    }
}
