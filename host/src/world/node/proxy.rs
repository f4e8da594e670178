//! Which proxy a program in this environment would use, by the rules of Go's `net/http`
//! (`ProxyFromEnvironment`).
use ipnet::IpNet;
use kubephase_sdk::node::without_user_info;
use std::{collections::BTreeMap, net::IpAddr};
use url::{Host, Url};

/// The proxy for a URL, without its user name and password; none where the URL is reached directly.
pub fn proxy_for(environment: &BTreeMap<String, String>, url: &Url) -> Option<String> {
    let variable = |name: &str| {
        let value = environment.get(name).filter(|value| !value.is_empty());
        value
            .or_else(|| environment.get(&name.to_lowercase()))
            .filter(|value| !value.is_empty())
    };
    let proxy = variable(if url.scheme() == "https" {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    })?;
    let direct = variable("NO_PROXY").is_some_and(|list| bypassed(list, url)) || is_local(url);
    let proxy = without_user_info(proxy);
    (!direct).then(|| {
        if proxy.contains("://") {
            proxy
        } else {
            format!("http://{proxy}")
        }
    })
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    }
}

fn bypassed(list: &str, url: &Url) -> bool {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_lowercase();
    let port = url.port_or_known_default();
    let address: Option<IpAddr> = host.parse().ok();
    list.split(',')
        .map(|entry| entry.trim().to_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            if entry == "*" {
                return true;
            }
            if let Ok(network) = entry.parse::<IpNet>() {
                return address.is_some_and(|address| network.contains(&address));
            }
            let (name, wanted) = match entry.rsplit_once(':') {
                Some((name, digits)) if !name.contains(':') || name.starts_with('[') => {
                    (name.to_owned(), digits.parse::<u16>().ok())
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
            // `example.com` stands for itself and all below it, `.example.com` and `*.example.com`
            // for those below.
            let below = name.trim_start_matches('*');
            match below.strip_prefix('.') {
                Some(_) => host.ends_with(below),
                None => host == below || host.ends_with(&format!(".{below}")),
            }
        })
}

#[cfg(test)]
mod tests;
