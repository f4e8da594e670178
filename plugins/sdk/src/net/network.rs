//! Networks: an address and the length of its mask.
use super::address::{NARROW, WIDE, parse_wide, to_address, to_wide, whole_number};
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// Bits of an IPv6 address before the IPv4 address in it.
const MAPPED: u8 = WIDE - NARROW;

/// A network: `10.96.0.0/12`. A network of IPv4 addresses in the form of IPv6 is an IPv4 network,
/// but its mask has 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// the first address, of 128 bits
    first: u128,
    /// number of bits of the mask that are set, in the notation of the user
    prefix: u8,
    /// number of bits of an address, in the notation of the user
    width: u8,
}

impl Network {
    /// Parses a network. Its numbers may begin with zeros. Bits of the address behind the mask are
    /// ignored.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = text.split_once('/')?;
        let (address, width) = parse_wide(address.as_bytes())?;
        let prefix = whole_number(prefix.as_bytes())
            .and_then(|prefix| u8::try_from(prefix).ok())
            .filter(|prefix| *prefix <= width)?;
        let network = Network {
            first: address,
            prefix,
            width,
        };
        Some(Network {
            first: address & network.mask(),
            ..network
        })
    }

    /// Whether the addresses of the network are IPv4 addresses.
    pub fn is_ipv4(&self) -> bool {
        to_address(self.first).is_ipv4()
    }

    /// Returns the number of bits of the mask that are set, in the notation of the user.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Returns the number of bits of the mask in the notation of the user: 32 or 128.
    pub fn width(&self) -> u8 {
        self.width
    }

    /// Returns the number of addresses in the network, but at most 2⁶³−1. It is 0 for networks that
    /// have all or half of all addresses. (Both are the behaviour of Kubernetes.)
    pub fn size(&self) -> u64 {
        match (self.width - self.prefix, self.width) {
            (31.., NARROW) | (127.., _) => 0,
            (free @ ..63, _) => 1 << free,
            _ => i64::MAX.unsigned_abs(),
        }
    }

    /// Returns the address at `index`, counted from the first of the network.
    pub fn nth(&self, index: u128) -> Option<IpAddr> {
        let address = to_address(self.first.wrapping_add(index));
        self.contains(address).then_some(address)
    }

    /// Whether an address is in the network. An IPv6 network contains no IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let wide = to_wide(address);
        to_address(wide).is_ipv4() == self.is_ipv4() && wide & self.mask() == self.first
    }

    /// Returns the mask of 128 bits.
    fn mask(&self) -> u128 {
        let set = u32::from(WIDE - self.width + self.prefix);
        u128::MAX.checked_shl(u32::from(WIDE) - set).unwrap_or(0)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match to_address(self.first) {
            IpAddr::V4(first) => {
                let set = WIDE - self.width + self.prefix;
                write!(f, "{first}/{}", set.saturating_sub(MAPPED))
            }
            IpAddr::V6(_) => write!(f, "{}/{}", Ipv6Addr::from(self.first), self.prefix),
        }
    }
}
