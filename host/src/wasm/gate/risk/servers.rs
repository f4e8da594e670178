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
    world::reach::{Services, nearby, special},
};
use std::net::IpAddr;
use url::Host;

/// Returns what a host of a URL is, where it names an address that only this machine reaches; none
/// for all other hosts. Where other names lead is judged when a connection is made.
fn special_host(host: &str) -> Option<&'static str> {
    if host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Some("this machine itself");
    }
    special(address_of(host)?)
}

/// The address that a host of a URL is; none if it is a name.
fn address_of(host: &str) -> Option<IpAddr> {
    let bracketed = format!("[{host}]");
    match Host::parse(if host.contains(':') { &bracketed } else { host }) {
        Ok(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Ok(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Ok(Host::Domain(_)) | Err(_) => None,
    }
}

/// Decides about the host of a URL before it is looked up. `is_named` says whether the grant names
/// exactly this host.
///
/// # Errors
/// What the host is, and what a grant would have to say.
pub fn check_host(url: &HttpUrl, is_named: bool) -> Result<(), String> {
    let host = url.host();
    match special_host(&host).filter(|_| !is_named) {
        Some(what) => Err(format!(
            "{host} is {what}, and what answers there may answer this machine alone; a plugin asks \
             it only where its grant names {host} itself"
        )),
        None => Ok(()),
    }
}

/// Whether a pattern names the host of a URL, and no other host.
pub fn names_host(pattern: &str, url: &HttpUrl) -> bool {
    !split_port(pattern).0.contains('*') && covers_url(pattern, url)
}

/// Whether a URL's host is one that a grant has to name.
pub fn has_to_be_named(url: &HttpUrl) -> bool {
    special_host(&url.host()).is_some()
}

/// Whether every host that fits a pattern with `*` lies below a domain that somebody registered:
/// `*.example.com`, but neither `*.com`, `*.internal` nor `10.*`.
fn is_within_a_domain(host: &str) -> bool {
    let fixed = host.rsplit('*').next().unwrap_or_default();
    // The `*` may end within a label.
    let Some((_, domain)) = fixed.split_once('.') else {
        return false;
    };
    let has_letters = |label: &str| label.starts_with(|first: char| first.is_ascii_alphabetic());
    domain.rsplit('.').next().is_some_and(has_letters) && psl::domain_str(domain).is_some()
}

/// Returns why asking the hosts that fit a pattern amounts to root; none if it does not.
fn danger_of_host(pattern: &str) -> Option<String> {
    let host = split_port(pattern).0;
    if host.contains('*') {
        return (!is_within_a_domain(host)).then(|| {
            format!("{pattern} fits any server, also those that trust whatever this machine asks")
        });
    }
    special_host(host).map(|what| {
        format!(
            "{pattern} is {what}: what answers there may give the credentials of this machine to \
             programs on it"
        )
    })
}

/// Judges a grant to ask HTTP servers: a server that answers only this machine may give away what
/// the machine may do.
pub(super) fn asked_servers(request: &Request) -> Vec<Danger> {
    let hosts = request.hosts.iter();
    hosts
        .filter_map(|host| danger_of_host(host).map(root))
        .collect()
}

/// Judges a grant to ask HTTP servers where the operator is asked for consent: which addresses are
/// those of this machine and of Services, no rule knows that holds everywhere.
pub fn asked_nearby(request: &Request, services: Services) -> Vec<Danger> {
    let danger = |pattern: &String| {
        let what = nearby(address_of(split_port(pattern).0)?, services)?;
        Some(root(format!(
            "{pattern} is {what}: what answers there may answer this machine alone"
        )))
    };
    let asks = [&HTTP_GET.row, &HTTP_GET_AS.row].map(Row::capability);
    let hosts = request.hosts.iter();
    hosts
        .filter(|_| asks.contains(&request.capability))
        .filter_map(danger)
        .collect()
}

/// Whether whoever shows a file to a server is known there as more than the plugin: only in a
/// directory of its own there is nothing of others. A pattern may stand for the file.
pub fn identifies_others(pattern: &str, plugin: &str) -> bool {
    owner_of_path(pattern) != Some(plugin)
}

/// Judges a grant to ask HTTP servers with certificates and keys of the node.
pub(super) fn node_identity(request: &Request, plugin: &str) -> Vec<Danger> {
    let paths = request.paths.iter();
    let shown = paths.filter(|pattern| identifies_others(pattern, plugin));
    let dangers = shown.map(|path| {
        cluster_admin(format!(
            "who shows {path} to a server may be known there as the node, the API server or an \
             administrator"
        ))
    });
    asked_servers(request).into_iter().chain(dangers).collect()
}
