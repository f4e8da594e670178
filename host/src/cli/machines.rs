//! `rehearse --control-planes N --workers N`: machines of their own join the rehearsed cluster,
//! side by side, by what `init` tells people. Each has its own tree below the scratch root, and its
//! own journal, and may be reset there.
#![allow(
    clippy::disallowed_methods,
    reason = "scratch trees are the program's own, not the node's"
)]
use super::stage::Scratch;
use crate::{
    cancel::Cancel,
    config::{ADMIN, JoinFlags},
    effect::pki::Certificate,
    journal::{Durability, Header, Journal, RunLock},
    parallel,
    run::{
        event::{RunResult, micros},
        init::{self, Prepared},
        join, state,
    },
    wasm::engine::Engine,
    world::{
        World,
        api::{Credentials, Patience},
        node::facts::NodeFacts,
        rehearsal::{self, ClusterState, Rehearsal, Setting},
    },
};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use std::{
    net::Ipv4Addr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// The directory, below the tree of the first machine, that holds the trees of the joining
/// machines.
const TREES: &str = "nodes";

/// How long a request to the API is retried.
const TIME: Duration = Duration::from_secs(10);

/// The machines of a rehearsed cluster.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machines {
    /// Number of control-plane machines, including the one that init creates; the others join, each
    /// with its own tree below nodes/ of the scratch root
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub control_planes: u16,
    /// Number of workers that join, each with its own tree below nodes/ of the scratch root
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub workers: u16,
}

impl Default for Machines {
    fn default() -> Self {
        Machines {
            control_planes: 1,
            workers: 0,
        }
    }
}

impl Machines {
    /// Whether another member of the control plane needs what they all share.
    pub fn share(self) -> bool {
        self.control_planes > 1
    }

    /// Those that join. Members of the control plane come first: they take longer.
    fn joining(self) -> Vec<Machine> {
        let control_planes = (2..=self.control_planes).map(|number| Machine {
            control_plane: true,
            number,
        });
        control_planes
            .chain((1..=self.workers).map(|number| Machine {
                control_plane: false,
                number,
            }))
            .collect()
    }
}

/// One that joins.
#[derive(Clone, Copy)]
struct Machine {
    control_plane: bool,
    number: u16,
}

impl Machine {
    fn name(self) -> String {
        format!(
            "{}-{}",
            if self.control_plane {
                "control-plane"
            } else {
                "worker"
            },
            self.number
        )
    }

    /// A machine as it should be, with an address of its own (of those for benchmarks, RFC 2544).
    fn facts(self) -> NodeFacts {
        let [high, low] = self.number.to_be_bytes();
        let address =
            Ipv4Addr::new(198, if self.control_plane { 19 } else { 18 }, high, low).into();
        NodeFacts {
            hostname: self.name(),
            default_route_interface_address: Some(address),
            addresses: vec![address],
            ..NodeFacts::default()
        }
    }
}

/// What came of one join.
pub struct Joined {
    pub name: String,
    pub result: RunResult,
    pub micros: u64,
    /// the member's world; the member serves until this is dropped
    _world: Option<Arc<Rehearsal>>,
}

/// The cluster that a rehearsal of `init` made, with what machines need to join it.
pub struct Cluster<'a> {
    pub world: &'a Rehearsal,
    pub prepared: &'a Prepared,
    /// the scratch root
    pub root: &'a Path,
    pub engine: &'a Engine,
    pub handle: &'a Handle,
    /// ends the joins
    pub cancel: &'a Cancel,
}

impl Cluster<'_> {
    /// Lets the machines join that are not there yet.
    ///
    /// # Errors
    /// Where a machine's tree cannot be used, or it does not find or trust the cluster.
    pub fn join(&self, machines: Machines) -> Result<Vec<Joined>> {
        let joining = machines.joining();
        let invitation = self.invitation()?;
        let one = |machine: &Machine| {
            self.one(*machine, &invitation)
                .with_context(|| machine.name())
        };
        parallel::map(&joining, parallel::cores() * 2, one)
            .into_iter()
            .collect()
    }

    /// What `init` tells people to join with.
    fn invitation(&self) -> Result<JoinFlags> {
        let config = &self.prepared.config;
        let path = format!("{}/ca.crt", config.cluster.certificates_dir);
        let pem = self
            .world
            .files()
            .read(&path)
            .map_err(|failure| anyhow!(failure.message))?;
        let authority = Certificate::from_pem(&String::from_utf8_lossy(&pem))
            .map_err(|why| anyhow!("{path}: {why}"))?;
        let token = config
            .init
            .bootstrap_tokens
            .first()
            .context("no bootstrap token is there to join with")?;
        Ok(JoinFlags {
            endpoint: Some(
                config
                    .run
                    .control_plane_url
                    .trim_start_matches("https://")
                    .to_owned(),
            ),
            token: Some(token.token.clone()),
            discovery_token_ca_cert_hash: vec![format!("sha256:{}", authority.public_key_sha256())],
            ..JoinFlags::default()
        })
    }

    /// One machine, from nothing to a node.
    fn one(&self, machine: Machine, invitation: &JoinFlags) -> Result<Joined> {
        let began = Instant::now();
        let root = self.root.join(TREES).join(machine.name());
        std::fs::create_dir_all(&root)
            .with_context(|| format!("cannot make {}", root.display()))?;
        let facts = machine.facts();
        let flags = JoinFlags {
            control_plane: machine.control_plane,
            certificate_key: machine
                .control_plane
                .then(|| self.prepared.config.init.certificate_key.clone()),
            ..invitation.clone()
        };
        let mut prepared =
            join::prepare(None, &flags, &facts, None, self.engine, self.world, &|_| ())?;
        let setting = Setting {
            files: rehearsal::files(&root, None)?,
            facts,
            credentials: Credentials::of(&prepared.config),
            cluster: self.world.cluster_state(),
            patience: Patience {
                time: TIME,
                cancel: self.cancel.clone(),
            },
            port: 0,
        };
        let node = Arc::new(Rehearsal::open(self.handle, setting)?);
        let directory = state::make(&root).map_err(|failure| anyhow!(failure.told()))?;
        let cancel = self.cancel.child();
        let journal = Journal::begin(
            &directory,
            &Header::new(jiff::Timestamp::now().as_second()),
            Durability::Process,
            cancel.clone(),
        )
        .with_context(|| format!("cannot begin a journal in {}", directory.path().display()))?;
        let ran = init::execute(
            &mut prepared,
            node.clone(),
            |_| vec![Box::new(journal)],
            &cancel,
        )?;
        let world = machine.control_plane.then_some(node);
        Ok(Joined {
            name: machine.name(),
            result: ran.finished.result,
            micros: micros(began),
            _world: world,
        })
    }
}

/// The rest of the cluster that the machine of a tree joined in a rehearsal: up as it was, for as
/// long as this is there.
pub struct Rest {
    common: Arc<ClusterState>,
    _first: Rehearsal,
    _scratch: Scratch,
    _lock: Option<RunLock>,
}

impl Rest {
    /// None where the tree is of no machine that joined. What changes is kept, or else is
    /// forgotten.
    ///
    /// # Errors
    /// Where the tree of the first machine cannot be used, or another run is in it.
    pub fn of(tree: &Path, keeps: bool, handle: &Handle, cancel: &Cancel) -> Result<Option<Rest>> {
        let tree = std::path::absolute(tree)?;
        let joined = tree.parent().filter(|trees| trees.ends_with(TREES));
        let Some(first) = joined
            .and_then(Path::parent)
            .filter(|first| ClusterState::is_saved(first))
        else {
            return Ok(None);
        };
        let lock = if keeps {
            let directory = state::make(first).map_err(|failure| anyhow!(failure.told()))?;
            Some(RunLock::acquire(&directory, "reset")?)
        } else {
            None
        };
        let scratch = Scratch::new(keeps.then_some(first), false)?;
        let common = Arc::new(ClusterState::new(&scratch.path));
        let setting = Setting {
            files: rehearsal::files(&scratch.path, (!keeps).then_some(first))?,
            facts: NodeFacts::default(),
            credentials: Credentials::File(ADMIN.into()),
            cluster: common.clone(),
            patience: Patience {
                time: TIME,
                cancel: cancel.clone(),
            },
            port: 0,
        };
        Ok(Some(Rest {
            common,
            _first: Rehearsal::open(handle, setting)?,
            _scratch: scratch,
            _lock: lock,
        }))
    }
}

/// What the machine of a run at `root` shares with others: those of the rest, where there is one,
/// else of a cluster of its own.
pub fn common(rest: Option<&Rest>, root: &Path) -> Arc<ClusterState> {
    rest.map_or_else(
        || Arc::new(ClusterState::new(root)),
        |rest| rest.common.clone(),
    )
}

/// Writes the joins as lines for people; empty if no machine joined.
pub fn told(joined: &[Joined]) -> String {
    if joined.is_empty() {
        return String::new();
    }
    let line = |joined: &Joined| {
        let how = match &joined.result {
            RunResult::Done => format!("joined in {:.2} s", joined.micros as f64 / 1e6),
            RunResult::PreflightFailed => "did not pass its checks".to_owned(),
            RunResult::Failed { phase, message } => format!("failed in {phase}: {message}"),
            RunResult::Cancelled => "was interrupted".to_owned(),
        };
        format!("  {:<16} {how}\n", joined.name)
    };
    std::iter::once("\nWho joined\n".to_owned())
        .chain(joined.iter().map(line))
        .collect()
}

#[cfg(test)]
mod tests;
