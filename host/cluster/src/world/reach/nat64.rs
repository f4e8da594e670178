//! IPv4 addresses within IPv6 addresses: a gateway (NAT64) sends packets for such an address to the
//! IPv4 address in it. The operator's network may use any prefix. Asking the network for it (RFC
//! 7050) takes a lookup, so every place that RFC 6052 allows is looked at.
use super::v4;
use ipnet::Ipv4Net;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The networks of the metadata servers of clouds. Networks such as 127.0.0.0/8 are not among them:
/// no gateway sends a packet back to the machine that it came from.
const METADATA: [Ipv4Net; 4] = [
    v4(100, 100, 100, 200, 32),
    v4(168, 63, 129, 16, 32),
    v4(169, 254, 0, 0, 16),
    v4(192, 0, 0, 0, 24),
];
/// Lengths in bytes of the prefixes that an IPv4 address follows other than at the end.
const PREFIXES: [usize; 5] = [4, 5, 6, 7, 8];

/// Returns the kind of an address whose packets a gateway may send to a metadata server.
pub(super) fn kind_behind_gateway(address: Ipv6Addr) -> Option<&'static str> {
    let bytes = address.octets();
    // Byte 8 belongs neither to the prefix nor to the address.
    let without_8: Vec<u8> = bytes[..8].iter().chain(&bytes[9..]).copied().collect();
    let is_within = bytes[8] == 0
        && PREFIXES.iter().any(|prefix| {
            without_8[prefix + 4..].iter().all(|byte| *byte == 0)
                && is_metadata_server(&without_8[*prefix..])
        });
    (is_within || is_metadata_server(&bytes[12..]))
        .then_some("an address with that of a metadata server in it, for a gateway to IPv4")
}

/// Whether bytes begin with the IPv4 address of a metadata server.
fn is_metadata_server(bytes: &[u8]) -> bool {
    let address = Ipv4Addr::from([bytes[0], bytes[1], bytes[2], bytes[3]]);
    METADATA.iter().any(|net| net.contains(&address))
}
