//! Which proxy a program of Kubernetes would use in this environment: by the rules of Go's
//! `net/http` (`ProxyFromEnvironment`), with the addresses and networks of Kubernetes.
use kubephase_sdk::{
    net::{Network, parse_address, split_host_port},
    node::without_user_info,
};
use std::{collections::BTreeMap, net::IpAddr};
use url::{Host, Url};

/// Returns the proxy for a URL, without its user name and password; `None` if the URL is reached
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

/// Returns a variable by its upper-case or lower-case name; `None` if it is empty.
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
    let target = Target {
        host: url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_lowercase(),
        port: url
            .port_or_known_default()
            .map(|port| port.to_string())
            .unwrap_or_default(),
    };
    list.split(',')
        .map(|entry| entry.trim().to_lowercase())
        .any(|entry| target.is_excluded_by(&entry))
}

/// The host that a URL leads to.
struct Target {
    host: String,
    port: String,
}

impl Target {
    /// Whether an entry of `NO_PROXY` excludes the target: `*`, a network, or an address or name
    /// with or without a port.
    fn is_excluded_by(&self, entry: &str) -> bool {
        if entry == "*" {
            return true;
        }
        let address = parse_address(&self.host);
        if let Some(network) = Network::parse(entry) {
            return address.is_some_and(|address| network.contains(address));
        }
        let (name, port) = split_host_port(entry).unwrap_or((entry, ""));
        if name.is_empty() || !(port.is_empty() || port == self.port) {
            return false;
        }
        // Go parses the addresses in `NO_PROXY` strictly, unlike Kubernetes' own addresses.
        if let Ok(listed) = name.parse::<IpAddr>() {
            return address == Some(listed.to_canonical());
        }
        address.is_none() && self.is_below(name)
    }

    /// Whether a name of `NO_PROXY` matches the host. `example.com` stands for itself and all names
    /// below it, `.example.com` and `*.example.com` for the names below it only.
    fn is_below(&self, name: &str) -> bool {
        let name = name
            .strip_prefix('*')
            .filter(|name| name.starts_with('.'))
            .unwrap_or(name);
        match name.strip_prefix('.') {
            Some(_) => self.host.ends_with(name),
            None => self.host == name || self.host.ends_with(&format!(".{name}")),
        }
    }
}

#[cfg(test)]
mod tests;
