//! Hosts with ports.
use super::{is_subdomain, parse_address};
use std::fmt::Display;

/// Returns `host:port`, with an IPv6 address in brackets.
pub fn host_port(host: &str, port: impl Display) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Splits `host:port` or `[host]:port`. Neither part is checked, and both may be empty.
///
/// # Errors
/// The text is not of this form. The message is in Go's words.
pub fn split_host_port(text: &str) -> Result<(&str, &str), &'static str> {
    const MISSING_PORT: &str = "missing port in address";
    const TOO_MANY_COLONS: &str = "too many colons in address";
    let (before, port) = text.rsplit_once(':').ok_or(MISSING_PORT)?;
    let host = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, after) = inner.split_once(']').ok_or("missing ']' in address")?;
            match after.strip_prefix(':') {
                // The last colon is the one behind the bracket.
                Some(rest) if rest == port => host,
                Some(_) => return Err(TOO_MANY_COLONS),
                None => return Err(MISSING_PORT),
            }
        }
        None if before.contains(':') => return Err(TOO_MANY_COLONS),
        None => before,
    };
    let brackets = text.matches('[').count() - usize::from(text.starts_with('['));
    if brackets > 0 {
        return Err("unexpected '[' in address");
    }
    if host.contains(']') || port.contains(']') {
        return Err("unexpected ']' in address");
    }
    Ok((host, port))
}

/// Parses a port from 1 to 65535: decimal digits, which may begin with zeros.
pub fn parse_port(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port != 0)
}

/// Splits an endpoint: an address or a DNS name, which may have a port behind it. A text without a
/// port is a host as a whole, so an IPv6 address has brackets only before a port.
///
/// # Errors
/// The host or the port is not valid. The message is in kubeadm's words.
pub fn parse_endpoint(text: &str) -> Result<(&str, Option<&str>), String> {
    let (host, port) = split_host_port(text).unwrap_or((text, ""));
    if !port.is_empty() && parse_port(port).is_none() {
        return Err(format!(
            "hostport {text}: port {port} must be a valid number between 1 and 65535, inclusive"
        ));
    }
    if parse_address(host).is_none() && !is_subdomain(host) {
        return Err(format!(
            "hostport {text}: host '{host}' must be a valid IP address or a valid RFC-1123 DNS \
             subdomain"
        ));
    }
    Ok((host, Some(port).filter(|port| !port.is_empty())))
}
