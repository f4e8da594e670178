//! Checks of the subnets of Services and Pods.
use crate::config::Problem;
use kubephase_sdk::{kubeadm::ControlPlaneComponent, net::Network};
use std::collections::BTreeMap;

/// Addresses that the smallest subnet of Services has.
const MIN_SERVICE_ADDRESSES: u64 = 10;
/// Bits of an address that the largest subnet of Services leaves free.
const MAX_SERVICE_BITS: u8 = 20;
/// Addresses that the smallest subnet of Pods has.
const MIN_POD_ADDRESSES: u64 = 14;
/// Bits by which the mask of a node's subnet may be longer than the mask of the subnet of Pods.
const MAX_NODE_MASK_DIFFERENCE: i64 = 16;

/// Checks the subnet of Services.
pub(super) fn service_subnet(text: &str) -> Vec<Problem> {
    let path = "networking.serviceSubnet";
    let networks = match subnets(path, text) {
        Ok(networks) => networks,
        Err(problem) => return vec![problem],
    };
    let mut problems: Vec<Problem> = networks
        .iter()
        .filter_map(|network| too_small(path, network, MIN_SERVICE_ADDRESSES))
        .collect();
    for network in networks
        .iter()
        .filter(|network| network.width() - network.prefix() > MAX_SERVICE_BITS)
    {
        let width = network.width();
        let message = format!(
            "specified service subnet is too large; for {width}-bit addresses, the mask must be >= \
             {}",
            width - MAX_SERVICE_BITS
        );
        problems.push(Problem::invalid(path, network.to_string(), message));
    }
    problems
}

/// Checks the subnet of Pods, and that a node gets a part of it.
pub(super) fn pod_subnet(text: &str, controller_manager: &ControlPlaneComponent) -> Vec<Problem> {
    let path = "networking.podSubnet";
    let networks = match subnets(path, text) {
        Ok(networks) => networks,
        Err(problem) => return vec![problem],
    };
    let mut problems: Vec<Problem> = networks
        .iter()
        .filter_map(|network| too_small(path, network, MIN_POD_ADDRESSES))
        .collect();
    let flags: BTreeMap<&str, &str> = controller_manager
        .extra_args
        .iter()
        .map(|arg| (arg.name.as_str(), arg.value.as_str()))
        .collect();
    if flags.get("allocate-node-cidrs") == Some(&"false") {
        return problems;
    }
    for network in &networks {
        let (flag, default) = if network.is_ipv4() {
            ("node-cidr-mask-size-ipv4", 24)
        } else {
            ("node-cidr-mask-size-ipv6", 64)
        };
        let given = flags.get(flag).filter(|text| !text.is_empty());
        let node_mask = match given.map(|text| (text, text.parse::<i64>())) {
            None => default,
            Some((_, Ok(mask))) => mask,
            Some((text, Err(_))) => {
                let message = format!(
                    "could not parse the value of the kube-controller-manager flag {flag} as an \
                     integer: strconv.Atoi: parsing {text:?}: invalid syntax"
                );
                problems.push(Problem::invalid(path, network.to_string(), message));
                continue;
            }
        };
        let mask = i64::from(network.prefix());
        if mask > node_mask {
            let message = format!(
                "the size of pod subnet with mask {mask} is smaller than the size of node subnet \
                 with mask {node_mask}"
            );
            problems.push(Problem::invalid(path, network.to_string(), message));
        } else if node_mask - mask > MAX_NODE_MASK_DIFFERENCE {
            let message = format!(
                "pod subnet mask ({mask}) and node-mask ({node_mask}) difference is greater than \
                 {MAX_NODE_MASK_DIFFERENCE}"
            );
            problems.push(Problem::invalid(path, network.to_string(), message));
        }
    }
    problems
}

/// Parses one network, or two networks of different families.
fn subnets(path: &str, text: &str) -> Result<Vec<Network>, Problem> {
    let parsed: Option<Vec<Network>> = text.split(',').map(Network::parse).collect();
    let networks = parsed.ok_or_else(|| Problem::invalid(path, text, "couldn't parse subnet"))?;
    let both = matches!(networks.as_slice(), [a, b] if a.is_ipv4() != b.is_ipv4());
    if networks.len() == 1 || both {
        return Ok(networks);
    }
    Err(Problem::invalid(
        path,
        text,
        "expected one (IPv4 or IPv6) CIDR or two CIDRs from each family for dual-stack networking",
    ))
}

/// Checks that a network has at least `minimum` addresses.
fn too_small(path: &str, network: &Network, minimum: u64) -> Option<Problem> {
    let addresses = network.size();
    (addresses < minimum).then(|| {
        Problem::invalid(
            path,
            network.to_string(),
            format!("subnet with {addresses} address(es) is too small, the minimum is {minimum}"),
        )
    })
}
