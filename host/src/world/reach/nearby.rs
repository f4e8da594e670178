//! Addresses that are ordinary elsewhere, and here lead to this machine itself or into its cluster.
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The subnets of the cluster's Services: at most one of each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Services([Option<IpNet>; 2]);

impl Services {
    /// Reads `networking.serviceSubnet`. A text that is not a subnet is left out: the configuration
    /// is checked elsewhere.
    pub fn of(subnets: &str) -> Services {
        let mut found = subnets
            .split(',')
            .filter_map(|subnet| subnet.trim().parse().ok());
        Services([found.next(), found.next()])
    }

    fn contain(self, address: IpAddr) -> bool {
        self.0
            .iter()
            .flatten()
            .any(|subnet| subnet.contains(&address))
    }
}

/// Returns what an address is, where it leads to this machine itself or to a Service of its
/// cluster; none for all others.
pub fn nearby(address: IpAddr, services: Services) -> Option<&'static str> {
    let address = address.to_canonical();
    if services.contain(address) {
        return Some("an address of a Service of the cluster");
    }
    (is_of_interface(address) || is_kept_here(address)).then_some("an address of this machine")
}

/// Whether an interface has the address. True if the interfaces are not known.
fn is_of_interface(address: IpAddr) -> bool {
    let interfaces = if_addrs::get_if_addrs();
    interfaces.map_or(true, |all| all.iter().any(|one| one.ip() == address))
}

/// Whether the kernel keeps what is for the address on this machine: then the sender has the same
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
