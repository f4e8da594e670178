//! Defaults that depend on the node: its name, the socket of its container runtime, and the address
//! of its API server.
use super::CRI_SOCKET;
use crate::{config::Problem, world::node::facts::NodeFacts};
use kubephase_sdk::{
    kubeadm::{ApiEndpoint, NodeRegistration},
    net,
};
use std::net::{IpAddr, Ipv4Addr};

/// Fills in the node's name and the socket of its container runtime.
///
/// # Errors
/// The node has several sockets, and the configuration names none of them.
pub fn complete_on_node(
    registration: &mut NodeRegistration,
    node: &NodeFacts,
    warnings: &mut Vec<Problem>,
) -> Result<(), Problem> {
    registration.name = registration.name.trim().to_lowercase();
    if registration.name.is_empty() {
        registration.name = node.hostname.trim().to_lowercase();
    }
    let path = "nodeRegistration.criSocket";
    let socket = &mut registration.cri_socket;
    if socket.is_empty() {
        *socket = match node.cri_sockets.as_slice() {
            [] => CRI_SOCKET.into(),
            [one] => one.clone(),
            several => {
                let message = format!(
                    "found multiple CRI endpoints on the host. Please define which one do you wish \
                     to use by setting the 'criSocket' field in the kubeadm configuration file: {}",
                    several.join(", ")
                );
                return Err(Problem::new(path, message));
            }
        };
    } else if !socket.starts_with("unix") {
        let message = format!(
            "Usage of CRI endpoints without URL scheme is deprecated and can cause kubelet errors \
             in the future. Automatically prepending scheme \"unix\" to the \"criSocket\" with \
             value {socket:?}. Please update your configuration!"
        );
        warnings.push(Problem::new(path, message));
        *socket = format!("unix://{socket}");
    }
    Ok(())
}

/// Sets the address that the API server advertises (kubeadm's choice): the configured address, or
/// the address of the interface of the default route. Without such a route it is 0.0.0.0, which
/// [`check_bind_address`] refuses.
///
/// # Errors
/// The configured address is not an address, or the loopback interface has no other address.
pub fn choose_advertise_address(
    endpoint: &mut ApiEndpoint,
    node: &NodeFacts,
    path: &str,
    warnings: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let configured = parse_address(&endpoint.advertise_address, path)?;
    let chosen = match configured {
        Some(address) if address.is_loopback() => {
            let global = node.loopback_addresses.first();
            *global.ok_or_else(|| {
                Problem::new(path, "unable to select an IP from lo network interface")
            })?
        }
        Some(address) if !address.is_unspecified() => address,
        _ => default_address(node, configured).unwrap_or_else(|| {
            warnings.push(Problem::new(
                path,
                "WARNING: could not obtain a bind address for the API Server: no default routes \
                 found; using: 0.0.0.0",
            ));
            Ipv4Addr::UNSPECIFIED.into()
        }),
    };
    if let Some(configured) = configured.filter(|configured| *configured != chosen) {
        let message = format!(
            "WARNING: overriding requested API server bind address: requested \"{configured}\", \
             actual \"{chosen}\""
        );
        warnings.push(Problem::new(path, message));
    }
    endpoint.advertise_address = chosen.to_string();
    Ok(())
}

/// Parses a configured address; `None` if it is empty.
fn parse_address(text: &str, path: &str) -> Result<Option<IpAddr>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    net::parse_address(text).map(Some).ok_or_else(|| {
        let message = format!(
            "couldn't use {text:?} as \"apiserver-advertise-address\", must be ipv4 or ipv6 address"
        );
        Problem::new(path, message)
    })
}

/// Returns the address of the interface of the default route. A configured `::` asks for the
/// node's first IPv6 address instead.
fn default_address(node: &NodeFacts, configured: Option<IpAddr>) -> Option<IpAddr> {
    let mut addresses = node.addresses.iter().copied();
    configured
        .filter(IpAddr::is_ipv6)
        .and_then(|_| addresses.find(IpAddr::is_ipv6))
        .or(node.default_route_interface_address)
}

/// Returns a problem if an API server cannot listen on its address: the address has to be loopback
/// or, in Go's terms, global unicast. Only `init` and `join` check this; `config validate` does not
/// (kubeadm behaviour).
pub fn check_bind_address(endpoint: &ApiEndpoint, path: &str) -> Option<Problem> {
    let address = net::parse_address(&endpoint.advertise_address)?;
    let special = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let unusable = address.is_unspecified() || address.is_multicast() || special;
    unusable.then(|| {
        Problem::new(
            path,
            format!(
                "cannot use {:?} as the bind address for the API Server",
                endpoint.advertise_address
            ),
        )
    })
}
