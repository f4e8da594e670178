//! The world before a run, which a workflow may read while it loads its configuration.
use super::RunPlace;
use crate::{
    cancel::Cancel,
    config::Config,
    run::{
        peers::{PeerCluster, cluster_state_of},
        scratch::ScratchTree,
        threads::Threads,
        workflow::WorldBefore,
    },
    secret::Secret,
    world::{
        World,
        api::{Credentials, RetryLimit},
        node::facts::NodeFacts,
        real::Real,
        rehearsal::{self, Rehearsal, Setting},
    },
};
use anyhow::{Result, anyhow};
use clap::{ArgMatches, parser::ValueSource};
use std::{cell::OnceCell, path::absolute};

/// The world before a run: this machine, or a scratch tree with its cluster. It is only read.
pub(super) struct InitialWorld<'a> {
    place: &'a RunPlace,
    facts: &'a NodeFacts,
    /// the kubeconfig of `--kubeconfig`, if the operator gave one
    operator_kubeconfig: Option<String>,
    opened: OnceCell<Opened>,
}

/// Returns the absolute path of the kubeconfig that the operator gave with `--kubeconfig`.
pub(super) fn operator_kubeconfig(arguments: &ArgMatches) -> Option<String> {
    let given = arguments.try_get_one::<String>("kubeconfig").ok()??;
    if arguments.value_source("kubeconfig") != Some(ValueSource::CommandLine) {
        return None;
    }
    Some(absolute(given).ok()?.to_string_lossy().into_owned())
}

/// An opened world, with the things that have to exist while it is used.
struct Opened {
    world: Box<dyn World>,
    _peers: Option<PeerCluster>,
    _empty: Option<ScratchTree>,
    _threads: Threads,
}

impl WorldBefore for InitialWorld<'_> {
    fn open(&self) -> Result<&dyn World> {
        if self.opened.get().is_none() {
            // The cell is empty: no other thread uses it.
            let _ = self.opened.set(self.open_now()?);
        }
        let opened = self.opened.get().map(|opened| opened.world.as_ref());
        opened.ok_or_else(|| anyhow!("the world before the run cannot be opened"))
    }
}

impl<'a> InitialWorld<'a> {
    /// Returns the world at a place, with the facts of its node.
    pub fn new(place: &'a RunPlace, facts: &'a NodeFacts) -> Self {
        InitialWorld {
            place,
            facts,
            operator_kubeconfig: None,
            opened: OnceCell::new(),
        }
    }

    /// Allows the programs that authenticate the user of the operator's kubeconfig (`exec`) to run.
    /// `path` is the absolute path of the kubeconfig.
    pub fn with_operator_kubeconfig(self, path: Option<String>) -> Self {
        InitialWorld {
            operator_kubeconfig: path,
            ..self
        }
    }

    fn open_now(&self) -> Result<Opened> {
        let threads = Threads::start()?;
        if self.place.root.is_some() || self.place.node.is_some() {
            return self.open_tree(threads);
        }
        let (config, retry_limit) = (Config::default(), RetryLimit::single_try());
        let mut world = Real::open(threads.handle(), self.facts.clone(), &config, &retry_limit)?;
        if let Some(path) = &self.operator_kubeconfig {
            world = world.with_programs_of(Credentials::File(path.clone()));
        }
        Ok(Opened {
            world: Box::new(world),
            _peers: None,
            _empty: None,
            _threads: threads,
        })
    }

    fn open_tree(&self, threads: Threads) -> Result<Opened> {
        let (root, empty) = (self.place.root.as_deref(), ScratchTree::temporary()?);
        let peers = match root {
            Some(root) => PeerCluster::open(root, false, threads.handle(), &Cancel::never())?,
            None => None,
        };
        let cluster = cluster_state_of(peers.as_ref(), &empty.path);
        if let Some(path) = &self.operator_kubeconfig {
            cluster.run_programs_of(Credentials::File(path.clone()));
        }
        let setting = Setting {
            files: rehearsal::files(&empty.path, root)?,
            has_all_files: false,
            facts: self.facts.clone(),
            credentials: Credentials::from_text(&Secret::default()),
            cluster,
            retry_limit: RetryLimit::single_try(),
            port: 0,
        };
        let world = Rehearsal::open(threads.handle(), setting)?;
        Ok(Opened {
            world: Box::new(world),
            _peers: peers,
            _empty: Some(empty),
            _threads: threads,
        })
    }
}
