//! `rehearse --control-planes N --workers N`: machines join the rehearsed cluster at the same time,
//! with the join command that `init` prints. Each machine has its own tree below the scratch root,
//! with its own journal, and can be reset there.
#![allow(
    clippy::disallowed_methods,
    reason = "scratch trees are the program's own, not the node's"
)]
pub mod kept_tree;
pub mod serve;
pub mod upgrade;

use crate::{
    cancel::Cancel,
    config::{Config, JoinFlags},
    event::{RunResult, Subscriber, micros},
    journal::{Durability, Header, Journal},
    parallel,
    pki::Certificate,
    run::{
        peers::{API_TIME, TREES},
        prepare::{Distribution, PreparedRun, prepare},
    },
    workflow::join::{self, ClusterSource, Join, Steps},
    world::{
        World,
        api::{Credentials, RetryLimit},
        node::facts::{NodeFacts, SAME_AS_CLUSTER, fill_kubelet_version},
        rehearsal::{self, Rehearsal, Setting},
        state_directory as state,
    },
};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use kubephase_wit::Failure;
use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use tokio::runtime::Handle;

/// The number of machines of a rehearsed cluster.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterSize {
    /// Number of control-plane machines, including the one that init creates; the others join, each
    /// with its own tree below nodes/ of the scratch root
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        hide_default_value = true,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub control_planes: u16,
    /// Number of workers that join, each with its own tree below nodes/ of the scratch root
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub workers: u16,
}

impl Default for ClusterSize {
    fn default() -> Self {
        ClusterSize {
            control_planes: 1,
            workers: 0,
        }
    }
}

impl ClusterSize {
    /// Whether machines join the control plane, and so need its shared certificates.
    pub fn has_joining_control_planes(self) -> bool {
        self.control_planes > 1
    }

    /// Returns the machines that join. Members of the control plane come first, because they take
    /// longer.
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

/// A machine that joins.
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

    /// Returns a machine that passes all checks, with its own address (from the range for
    /// benchmarks, RFC 2544).
    fn facts(self) -> NodeFacts {
        let [high, low] = self.number.to_be_bytes();
        let address =
            Ipv4Addr::new(198, if self.control_plane { 19 } else { 18 }, high, low).into();
        NodeFacts {
            hostname: self.name(),
            default_route_interface_address: Some(address),
            addresses: vec![address],
            kubelet_version: Some(SAME_AS_CLUSTER.to_owned()),
            ..NodeFacts::default()
        }
    }
}

/// The result of the run of one machine.
pub struct MachineRun {
    /// name of the machine
    pub name: String,
    pub result: RunResult,
    pub micros: u64,
}

/// A machine that joined, with the result of its join.
pub struct JoinedMachine {
    machine: Machine,
    pub run: MachineRun,
    /// the world of a control plane member, which serves until this value is dropped
    world: Option<Arc<Rehearsal>>,
}

/// The cluster that a rehearsal of `init` made, with the values that joining machines need.
pub struct RehearsedCluster<'a> {
    pub world: &'a Rehearsal,
    /// the configuration of `init`, with its secrets
    pub config: &'a Config,
    /// the scratch root
    pub root: &'a Path,
    pub distribution: &'a Distribution<'a>,
    pub handle: &'a Handle,
    /// ends the joins
    pub cancel: &'a Cancel,
}

impl RehearsedCluster<'_> {
    /// Lets machines join, several at a time.
    ///
    /// # Errors
    /// The tree of a machine cannot be used, or the machine does not find or trust the cluster.
    pub fn join(&self, size: ClusterSize) -> Result<Vec<JoinedMachine>> {
        let flags = self.join_flags()?;
        let joins = parallel::map(&size.joining(), parallel::cores() * 2, |machine| {
            self.join_one(*machine, &flags)
                .with_context(|| machine.name())
        });
        joins.into_iter().collect()
    }

    /// Returns the flags of the join command that `init` prints. Checks that the operator ignores
    /// on the first machine are ignored on the others too.
    fn join_flags(&self) -> Result<JoinFlags> {
        let path = format!("{}/ca.crt", self.config.cluster.certificates_dir);
        let pem = self
            .world
            .files()
            .read(&path)
            .map_err(Failure::into_error)?;
        let authority = Certificate::from_pem(&String::from_utf8_lossy(&pem))
            .map_err(|why| anyhow!("{path}: {why}"))?;
        let registration = &self.config.init.node_registration;
        let tokens = &self.config.init.bootstrap_tokens;
        let token = tokens
            .first()
            .context("the cluster has no bootstrap token to join with")?;
        let url = &self.config.run.control_plane_url;
        Ok(JoinFlags {
            endpoint: Some(url.trim_start_matches("https://").to_owned()),
            token: Some(token.token.clone()),
            discovery_token_ca_cert_hash: vec![format!("sha256:{}", authority.public_key_sha256())],
            ignore_preflight_errors: registration.ignore_preflight_errors.clone(),
            ..JoinFlags::default()
        })
    }

    /// Lets one machine join, from an empty tree.
    fn join_one(&self, machine: Machine, flags: &JoinFlags) -> Result<JoinedMachine> {
        let began = Instant::now();
        let root = self.tree_of(machine);
        std::fs::create_dir_all(&root)
            .with_context(|| format!("cannot make {}", root.display()))?;
        let facts = machine.facts();
        let key = &self.config.init.certificate_key;
        let flags = JoinFlags {
            control_plane: machine.control_plane,
            certificate_key: machine.control_plane.then(|| key.clone()),
            ..flags.clone()
        };
        let source = ClusterSource {
            file: None,
            flags: &flags,
            is_named: false,
        };
        let loaded = join::load(&source, &facts, self.world, &Steps::NONE)?;
        let prepared = prepare(self.distribution, &Join, loaded, None, None)?;
        let version = &prepared.config.cluster.kubernetes_version;
        let facts = fill_kubelet_version(version, facts);
        let node = self.open_machine(&root, facts, Credentials::for_run(&prepared.config))?;
        let result = self.execute(prepared, &node, &root)?;
        Ok(JoinedMachine {
            machine,
            run: MachineRun {
                name: machine.name(),
                result,
                micros: micros(began),
            },
            world: machine.control_plane.then_some(node),
        })
    }

    /// Returns the tree of a machine.
    fn tree_of(&self, machine: Machine) -> PathBuf {
        self.root.join(TREES).join(machine.name())
    }

    /// Opens a machine of the cluster in its tree.
    fn open_machine(
        &self,
        root: &Path,
        facts: NodeFacts,
        credentials: Credentials,
    ) -> Result<Arc<Rehearsal>> {
        let setting = Setting {
            files: rehearsal::files(root, None)?,
            has_all_files: false,
            facts,
            credentials,
            cluster: self.world.cluster_state(),
            retry_limit: RetryLimit {
                duration: API_TIME,
                cancel: self.cancel.clone(),
            },
            port: 0,
        };
        Ok(Arc::new(Rehearsal::open(self.handle, setting)?))
    }

    /// Executes a run on a machine, with a journal in its tree.
    fn execute(
        &self,
        prepared: PreparedRun,
        node: &Arc<Rehearsal>,
        root: &Path,
    ) -> Result<RunResult> {
        let cancel = self.cancel.child();
        let journal = begin_journal(root, &cancel)?;
        let run = prepared.complete(node.files(), &cancel)?;
        let finished = run.execute(node.clone(), &|_| {}, |_| vec![journal], &cancel)?;
        Ok(finished.result)
    }
}

fn begin_journal(root: &Path, cancel: &Cancel) -> Result<Box<dyn Subscriber>> {
    let directory = state::make(root).map_err(Failure::into_error)?;
    let header = Header::new(jiff::Timestamp::now().as_second());
    let journal = Journal::begin(&directory, &header, Durability::Process, cancel.clone())
        .with_context(|| format!("cannot begin a journal in {}", directory.path().display()))?;
    Ok(Box::new(journal))
}

/// Describes the runs of machines, one line each; empty if there are none. `verb` says what a
/// machine whose run succeeded has done: `joined`.
pub fn describe<'r>(
    title: &str,
    verb: &str,
    runs: impl IntoIterator<Item = &'r MachineRun>,
) -> String {
    let lines: String = runs
        .into_iter()
        .map(|run| describe_one(verb, run))
        .collect();
    if lines.is_empty() {
        return lines;
    }
    format!("\n{title}\n{lines}")
}

fn describe_one(verb: &str, run: &MachineRun) -> String {
    let how = match &run.result {
        RunResult::Done => format!("{verb} in {:.2} s", run.micros as f64 / 1e6),
        RunResult::PreflightFailed => "did not pass its checks".to_owned(),
        RunResult::Failed { phase, message } => format!("failed in {phase}: {message}"),
        RunResult::Cancelled => "was interrupted".to_owned(),
    };
    format!("  {:<16} {how}\n", run.name)
}

#[cfg(test)]
mod tests;
