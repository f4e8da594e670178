//! Which proxy a program in this environment would use, by the rules of Go's `net/http`
//! (`ProxyFromEnvironment`).
use ipnet::IpNet;
use kubephase_sdk::node::without_user_info;
use std::{collections::BTreeMap, net::IpAddr};
use url::{Host, Url};

/// Returns the proxy for a URL, without its user name and password; none if the URL is reached
/// directly.
pub fn proxy_for(environment: &BTreeMap<String, String>, url: &Url) -> Option<String> {
    let name = if url.scheme() == "https" {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    };
    let proxy = variable(environment, name)?;
    let is_direct = is_local(url)
        || variable(environment, "NO_PROXY").is_some_and(|list| is_excluded(list, url));
    if is_direct {
        return None;
    }
    let proxy = without_user_info(proxy);
    Some(if proxy.contains("://") {
        proxy
    } else {
        format!("http://{proxy}")
    })
}

/// Returns a variable by its upper-case or lower-case name; none if it is empty.
fn variable<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a String> {
    let value = environment.get(name).filter(|value| !value.is_empty());
    value
        .or_else(|| environment.get(&name.to_lowercase()))
        .filter(|value| !value.is_empty())
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    }
}

/// Whether a list of `NO_PROXY` excludes the host of a URL.
fn is_excluded(list: &str, url: &Url) -> bool {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_lowercase();
    let port = url.port_or_known_default();
    list.split(',')
        .map(|entry| entry.trim().to_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| excludes(&entry, &host, port))
}

/// Whether an entry of `NO_PROXY` excludes a host: `*`, a network, or an address or name with or
/// without a port.
fn excludes(entry: &str, host: &str, port: Option<u16>) -> bool {
    if entry == "*" {
        return true;
    }
    let address: Option<IpAddr> = host.parse().ok();
    if let Ok(network) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| network.contains(&address));
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.starts_with('[') => {
            (name, digits.parse::<u16>().ok())
        }
        _ => (entry, None),
    };
    if wanted.is_some() && wanted != port {
        return false;
    }
    let name = name.trim_matches(['[', ']']);
    if let Ok(listed) = name.parse::<IpAddr>() {
        return address == Some(listed);
    }
    // `example.com` stands for itself and all names below it, `.example.com` and `*.example.com`
    // for the names below it only.
    let suffix = name.trim_start_matches('*');
    match suffix.strip_prefix('.') {
        Some(_) => host.ends_with(suffix),
        None => host == suffix || host.ends_with(&format!(".{suffix}")),
    }
}

#[cfg(test)]
mod tests;
