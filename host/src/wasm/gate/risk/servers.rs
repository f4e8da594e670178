//! The risk of grants to ask HTTP servers.
use super::{Danger, cluster_admin, paths::owner_of_path, root};
use crate::{
    arguments::HttpUrl,
    wasm::{
        gate::{
            HTTP_GET, HTTP_GET_AS, Row,
            pattern::{covers_url, split_port},
        },
        request::Request,
    },
    world::reach::{ClusterSubnets, kind_of_special_address, local_kind_of},
};
use std::net::IpAddr;
use url::Host;

/// Describes the host of a URL if it is an address that only this machine reaches; `None` for all
/// other hosts. The addresses of other names are judged when a connection is made.
fn special_host(host: &str) -> Option<&'static str> {
    if host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Some("this machine itself");
    }
    kind_of_special_address(address_of(host)?)
}

/// Returns the address of a URL's host; `None` if the host is a name.
fn address_of(host: &str) -> Option<IpAddr> {
    let bracketed = format!("[{host}]");
    match Host::parse(if host.contains(':') { &bracketed } else { host }) {
        Ok(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Ok(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Ok(Host::Domain(_)) | Err(_) => None,
    }
}

/// Refuses the host of a URL, before its name is resolved, if only this machine reaches it and the
/// grant does not name it. `is_named` says whether the grant names exactly this host.
///
/// # Errors
/// Only this machine reaches the host, and the grant does not name it.
pub fn check_host(url: &HttpUrl, is_named: bool) -> Result<(), String> {
    let host = url.host();
    match special_host(&host).filter(|_| !is_named) {
        Some(what) => Err(format!(
            "{host} is {what}, where a server may answer only this machine; a plugin may ask it \
             only if its grant names {host} itself"
        )),
        None => Ok(()),
    }
}

/// Whether a pattern matches the host of a URL and no other host.
pub fn names_host(pattern: &str, url: &HttpUrl) -> bool {
    !split_port(pattern).0.contains('*') && covers_url(pattern, url)
}

/// Whether a grant has to name the host of a URL exactly.
pub fn has_to_be_named(url: &HttpUrl) -> bool {
    special_host(&url.host()).is_some()
}

/// Whether every host that matches a pattern with `*` is below a registered domain, such as
/// `*.example.com`. `*.com`, `*.internal` and `10.*` are not.
fn is_within_a_domain(host: &str) -> bool {
    let fixed = host.rsplit('*').next().unwrap_or_default();
    // The `*` may end within a label.
    let Some((_, domain)) = fixed.split_once('.') else {
        return false;
    };
    let top_level = domain.rsplit('.').next().unwrap_or_default();
    top_level.starts_with(|first: char| first.is_ascii_alphabetic())
        && psl::domain_str(domain).is_some()
}

/// Returns the reason why asking the hosts that match a pattern amounts to root; `None` if it does
/// not.
fn danger_of_host(pattern: &str) -> Option<String> {
    let host = split_port(pattern).0;
    if host.contains('*') {
        return (!is_within_a_domain(host)).then(|| {
            format!(
                "{pattern} matches any server, also servers that trust every request of this \
                 machine"
            )
        });
    }
    special_host(host).map(|what| {
        format!(
            "{pattern} is {what}: a server there may give the credentials of this machine to \
             programs on it"
        )
    })
}

/// Judges a grant to ask HTTP servers: a server that answers only this machine may give a plugin
/// the rights of the machine.
pub(super) fn dangers_of_asked_servers(request: &Request) -> Vec<Danger> {
    let hosts = request.hosts.iter();
    hosts
        .filter_map(|host| danger_of_host(host).map(root))
        .collect()
}

/// Judges a grant to ask HTTP servers on the machine on which the operator gives consent. Only
/// there are the addresses of the machine and of Services known.
pub fn dangers_of_nearby_servers(
    request: &Request,
    cluster_subnets: ClusterSubnets,
) -> Vec<Danger> {
    let asks = [&HTTP_GET.row, &HTTP_GET_AS.row].map(Row::capability);
    let hosts = request.hosts.iter();
    hosts
        .filter(|_| asks.contains(&request.capability))
        .filter_map(|pattern| {
            let what = local_kind_of(address_of(split_port(pattern).0)?, cluster_subnets)?;
            Some(root(format!(
                "{pattern} is {what}, where a server may answer only this machine"
            )))
        })
        .collect()
}

/// Whether a server may take a client that uses this file for more than the plugin. This is so for
/// all files outside of the plugin's own directory. `pattern` is a path, or a pattern of paths.
pub fn identifies_others(pattern: &str, plugin: &str) -> bool {
    owner_of_path(pattern) != Some(plugin)
}

/// Judges a grant to ask HTTP servers with certificates and keys of the node.
pub(super) fn node_identity(request: &Request, plugin: &str) -> Vec<Danger> {
    let paths = request.paths.iter();
    let shown = paths.filter(|pattern| identifies_others(pattern, plugin));
    let dangers = shown.map(|path| {
        cluster_admin(format!(
            "with {path}, a server may take the plugin for the node, the API server or an \
             administrator"
        ))
    });
    dangers_of_asked_servers(request)
        .into_iter()
        .chain(dangers)
        .collect()
}
