//! Addresses.
use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address.
pub(super) const WIDE: u8 = 128;
/// Bits of an IPv4 address.
pub(super) const NARROW: u8 = 32;

/// The smallest number that Go refuses as too large, whatever the number means.
const TOO_LARGE: u32 = 0xff_ffff;
/// Groups of 16 bits in an IPv6 address.
const GROUPS: usize = 8;

/// Parses an address. Its numbers may begin with zeros, which do not make them octal. An IPv4
/// address in the form of IPv6 (`::ffff:192.0.2.1`) is an IPv4 address. A zone is not accepted.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    parse_wide(text.as_bytes()).map(|(wide, _)| to_address(wide))
}

/// Returns the address for 128 bits. IPv4 addresses begin with `::ffff:0:0`.
pub(super) fn to_address(wide: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(wide)).to_canonical()
}

/// Returns the 128 bits of an address.
pub(super) fn to_wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// Parses an address of either family into 128 bits. Also returns the number of bits in its own
/// notation: 32 or 128.
pub(super) fn parse_wide(text: &[u8]) -> Option<(u128, u8)> {
    match parse_v4(text) {
        Some(address) => Some((0xffff << 32 | u128::from(address), NARROW)),
        None => Some((parse_v6(text)?, WIDE)),
    }
}

/// Parses four numbers with dots between them.
fn parse_v4(text: &[u8]) -> Option<u32> {
    let numbers: Vec<&[u8]> = text.split(|byte| *byte == b'.').collect();
    if numbers.len() != 4 {
        return None;
    }
    numbers.iter().try_fold(0, |address, number| {
        let value = whole_number(number)?;
        (value <= 0xff).then_some(address << 8 | value)
    })
}

/// Parses groups of hexadecimal digits. `::` stands for at least one group of zero, and the last
/// two groups may be an IPv4 address.
fn parse_v6(text: &[u8]) -> Option<u128> {
    let mut groups: Vec<u32> = Vec::new();
    let mut gap = None;
    let mut rest = text;
    if let Some(after) = rest.strip_prefix(b"::") {
        gap = Some(0);
        rest = after;
    }
    while groups.len() < GROUPS && !(rest.is_empty() && gap == Some(groups.len())) {
        let (value, length) = number(rest, 16)?;
        if rest.get(length) == Some(&b'.') {
            let has_place = groups.len() + 2 == GROUPS || gap.is_some();
            let address = parse_v4(rest).filter(|_| has_place)?;
            groups.extend([address >> 16, address & 0xffff]);
            rest = &[];
            break;
        }
        groups.push(Some(value).filter(|value| *value <= 0xffff)?);
        rest = &rest[length..];
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix(b":").filter(|rest| !rest.is_empty())?;
        if let Some(after) = rest.strip_prefix(b":") {
            if gap.replace(groups.len()).is_some() {
                return None;
            }
            rest = after;
        }
    }
    if !rest.is_empty() {
        return None;
    }
    match (gap, GROUPS.checked_sub(groups.len())?) {
        (None, 0) => {}
        (Some(at), missing @ 1..) => drop(groups.splice(at..at, vec![0; missing])),
        _ => return None,
    }
    Some(
        groups
            .iter()
            .fold(0, |address, group| address << 16 | u128::from(*group)),
    )
}

/// Parses a text that is nothing but decimal digits.
pub(super) fn whole_number(text: &[u8]) -> Option<u32> {
    let (value, length) = number(text, 10)?;
    (length == text.len()).then_some(value)
}

/// Parses the digits at the beginning of a text. Returns their value and their number.
fn number(text: &[u8], radix: u32) -> Option<(u32, usize)> {
    let digits = text
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(radix));
    let (value, length) = digits.fold((0, 0), |(value, length): (u32, usize), digit| {
        let larger = value.saturating_mul(radix).saturating_add(digit);
        (larger.min(TOO_LARGE), length + 1)
    });
    (length > 0 && value < TOO_LARGE).then_some((value, length))
}
