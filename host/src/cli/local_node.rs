//! The node that a command is about: this machine, or a machine that a file describes.
use super::{RunPlace, print};
use crate::{
    config::Problem,
    world::node::{
        facts::{self, NodeFacts},
        gather::{self, Gathering, gather},
    },
};
use anyhow::{Result, anyhow};
use std::path::Path;

/// The facts of the node that a command is about. The version of this machine's kubelet comes
/// later, because asking the kubelet takes as long as gathering all other facts.
pub(super) enum LocalNode {
    Described(NodeFacts),
    Machine(Gathering),
}

impl LocalNode {
    /// Reads the description of a node. Without a description, begins to gather the facts of this
    /// machine.
    ///
    /// # Errors
    /// The description cannot be read.
    pub fn begin(description: Option<&Path>) -> Result<LocalNode> {
        match description {
            Some(file) => Ok(LocalNode::Described(read_description(file)?)),
            None => Ok(LocalNode::Machine(gather::begin())),
        }
    }

    /// Returns the facts that are known already.
    pub fn known_facts(&self) -> &NodeFacts {
        match self {
            LocalNode::Described(facts) => facts,
            LocalNode::Machine(gathering) => &gathering.facts,
        }
    }

    /// Waits for all facts. Returns them with notes about what could not be read.
    pub fn finish(self) -> (NodeFacts, Vec<String>) {
        match self {
            LocalNode::Described(facts) => (facts, Vec::new()),
            LocalNode::Machine(gathering) => gathering.finish(),
        }
    }
}

fn read_description(file: &Path) -> Result<NodeFacts> {
    let mut facts = facts::read(file)?;
    // The proxies come from the environment of this process, even if a file describes the node.
    facts.environment.extend(gather::proxies());
    Ok(facts)
}

/// Returns all facts of the described node; without a description, all facts of this machine.
///
/// # Errors
/// The description cannot be read.
pub(super) fn facts_of(description: Option<&Path>) -> Result<NodeFacts> {
    Ok(LocalNode::begin(description)?.finish().0)
}

/// Returns the facts of this machine for commands that only read a configuration. If the machine
/// has no address, a placeholder stands for it.
pub(super) fn facts_for_reading() -> NodeFacts {
    with_address(gather().0)
}

/// Returns the facts of the machine that a rehearsal is about. A described node is rehearsed as it
/// is described. Otherwise the rehearsed machine has the name and the addresses of this machine,
/// and is fit to be a control plane: this machine may be a laptop without a kubelet.
pub(super) fn rehearsed_facts(facts: NodeFacts, place: &RunPlace) -> NodeFacts {
    if place.node.is_some() {
        return facts;
    }
    let machine = with_address(facts);
    NodeFacts {
        hostname: machine.hostname,
        default_route_interface_address: machine.default_route_interface_address,
        addresses: machine.addresses,
        interfaces: machine.interfaces,
        routes: machine.routes,
        ca_directories: machine.ca_directories,
        environment: machine.environment,
        kubelet_version: Some(facts::SAME_AS_CLUSTER.to_owned()),
        ..NodeFacts::default()
    }
}

fn with_address(facts: NodeFacts) -> NodeFacts {
    let address = facts.default_route_interface_address;
    NodeFacts {
        default_route_interface_address: address
            .or(NodeFacts::default().default_route_interface_address),
        ..facts
    }
}

/// Refuses a described node for a run that changes this machine.
///
/// # Errors
/// The run would change this machine. The message says what to do instead.
pub(super) fn reject_description(place: &RunPlace, is_real: bool) -> Result<()> {
    if is_real && place.node.is_some() {
        return Err(anyhow!(
            "--node describes a machine that is not this one: add --dry-run, or name a scratch \
             tree with --root DIR"
        ));
    }
    Ok(())
}

/// Prints warnings of a configuration.
pub(super) fn warn(warnings: &[Problem]) {
    for warning in warnings {
        print::warning(&warning.to_string());
    }
}
