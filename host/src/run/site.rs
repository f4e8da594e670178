//! The site of a run: this machine, or a scratch tree. It holds the lock, the journal and the
//! signals of the run.
mod bootstrap_watch;

use super::{
    capsule::Capsule,
    execute::CompleteRun,
    executor::ExecutionResult,
    peers::{PeerCluster, cluster_state_of},
    prepare::PreparedRun,
    scratch::ScratchTree,
    signals::InterruptibleRun,
    stand_ins::MissingSharedFiles,
    threads::Threads,
    workflow::{ClusterOfRehearsal, Trees},
};
use crate::{
    arguments::AbsolutePath,
    cancel::Cancel,
    journal::{Durability, Header, Journal, RunLock},
    plan::Plan,
    program,
    world::{
        Files, World, WorldResult,
        api::{Credentials, RetryLimit},
        files::PrivateDirectory,
        node::facts::{NodeFacts, fill_kubelet_version},
        real::{self, Real},
        rehearsal::{self, ClusterState, ExternalCluster, Rehearsal, Setting, StandIns},
    },
};
use crate::{
    event::{RunResult, Subscriber},
    world::state_directory as state,
};
use anyhow::{Context, Result, anyhow};
use bootstrap_watch::{BOOTSTRAP_KUBECONFIG, BootstrapWatch};
use kubephase_wit::{Failure, FailureCode};
use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// The site of one run.
pub struct Site<W> {
    pub world: Arc<W>,
    pub threads: Threads,
    /// receives the signals while the site exists
    run: InterruptibleRun,
    /// where the run is recorded; `None` for a run that only observes
    record: Option<RecordPlace>,
    /// whether the result of the run stays after the run
    pub stays: bool,
    _peers: Option<PeerCluster>,
    _scratch: Option<ScratchTree>,
}

/// The place in which a run is recorded. Its lock prevents other runs there.
struct RecordPlace {
    /// holds the journal and the lock
    directory: PrivateDirectory,
    durability: Durability,
    _lock: RunLock,
}

impl RecordPlace {
    /// Begins the journal of a run.
    fn begin_journal(&self, cancel: &Cancel) -> Result<Journal> {
        let header = Header::new(jiff::Timestamp::now().as_second());
        Journal::begin(&self.directory, &header, self.durability, cancel.clone()).with_context(
            || {
                format!(
                    "cannot begin a journal in {}",
                    self.directory.path().display()
                )
            },
        )
    }
}

/// A run at a site, with its result.
pub struct SiteRun {
    /// the run with the configuration that it used
    pub run: CompleteRun,
    pub finished: ExecutionResult,
}

/// Returns how long requests to the API are retried.
fn retry_limit(prepared: &PreparedRun, cancel: &Cancel) -> RetryLimit {
    let timeouts = prepared.config.init.timeouts.as_ref();
    let seconds = timeouts
        .and_then(|timeouts| timeouts.kubernetes_api_call)
        .unwrap_or_default()
        .as_secs();
    RetryLimit {
        duration: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
        cancel: cancel.clone(),
    }
}

impl Site<Rehearsal> {
    /// Opens a site in a scratch tree. `port` is the port of its API server on loopback; 0 for any.
    ///
    /// # Errors
    /// The tree cannot be used, or another run uses it.
    pub fn open_scratch_tree(
        prepared: &PreparedRun,
        facts: NodeFacts,
        trees: &Trees,
        port: u16,
    ) -> Result<Self> {
        let scratch = ScratchTree::open_or_temporary(trees.scratch.as_deref())?;
        let below = trees.below.as_deref();
        let (threads, run) = (Threads::start()?, InterruptibleRun::begin());
        // The journals of the tree below are read. The journal of this run is not kept. If it had
        // the name of one of them, it would hide that journal.
        let name = if below.is_some() { "dry-run" } else { "" };
        let directory = state::make_below(&scratch.path, name).map_err(Failure::into_error)?;
        let lock = RunLock::acquire(&directory, prepared.workflow.id().as_str())?;
        let around = Around {
            prepared,
            root: &scratch.path,
            below,
            threads: &threads,
            cancel: run.cancel(),
        };
        let files = rehearsal::files(&scratch.path, below)?;
        add_described_files(files.as_ref(), &facts).map_err(Failure::into_error)?;
        let missing = MissingSharedFiles::find(prepared, files.as_ref())?;
        let (cluster, peers) = around.open_cluster(missing.describe(prepared))?;
        if prepared.may_run_programs && prepared.config.join.is_none() {
            cluster.run_programs_of(Credentials::for_run(&prepared.config));
        }
        let version = &prepared.config.cluster.kubernetes_version;
        let setting = Setting {
            files,
            has_all_files: below == Some(Path::new("/")),
            facts: fill_kubelet_version(version, facts),
            credentials: Credentials::for_run(&prepared.config),
            cluster,
            retry_limit: retry_limit(prepared, run.cancel()),
            port,
        };
        let world = Rehearsal::open(threads.handle(), setting)?;
        if prepared.presumes_kubelet() {
            world.presume_kubelet();
        }
        let made = missing.make(prepared, &world, run.cancel());
        made.map_err(Failure::into_error)?;
        Ok(Site {
            world: Arc::new(world),
            threads,
            run,
            record: Some(RecordPlace {
                directory,
                durability: Durability::Process,
                _lock: lock,
            }),
            stays: scratch.stays(),
            _peers: peers,
            _scratch: Some(scratch),
        })
    }
}

/// Writes the files of a described node, where the scratch tree has none.
fn add_described_files(files: &dyn Files, facts: &NodeFacts) -> WorldResult<()> {
    for (path, text) in &facts.files {
        let path = AbsolutePath::parse(path).map_err(|why| {
            let message = format!("the description of the node, files: {path}: {why}");
            Failure::new(FailureCode::Invalid, message)
        })?;
        if files.stat(&path)?.is_none() {
            files.write(&path, text.as_bytes(), 0o644, None)?;
        }
    }
    Ok(())
}

/// The surroundings of the machine of a rehearsal.
struct Around<'a> {
    prepared: &'a PreparedRun,
    root: &'a Path,
    below: Option<&'a Path>,
    threads: &'a Threads,
    cancel: &'a Cancel,
}

impl Around<'_> {
    fn open_cluster(
        &self,
        stand_ins: Option<StandIns>,
    ) -> Result<(Arc<ClusterState>, Option<PeerCluster>)> {
        let handle = self.threads.handle();
        if self.prepared.shows_objects {
            return Ok((Arc::new(ClusterState::without_cluster(self.root)), None));
        }
        match self.prepared.workflow.rehearsed_cluster() {
            ClusterOfRehearsal::New => Ok((Arc::new(ClusterState::new(self.root)), None)),
            ClusterOfRehearsal::KeptOrReal if self.below == Some(Path::new("/")) => {
                let external = ExternalCluster::new(Arc::new(real::direct_resolver()), stand_ins);
                let state = ClusterState::with_external_joined(self.root, external);
                Ok((Arc::new(state), None))
            }
            ClusterOfRehearsal::External => {
                let external = ExternalCluster::new(Arc::new(real::direct_resolver()), stand_ins);
                // Phases that come after the start of the kubelet are for a node of the cluster,
                // which may already have an API server of its own.
                let state = if self.prepared.starts_kubelet() {
                    ClusterState::with_external(self.root, external)
                } else {
                    ClusterState::with_external_joined(self.root, external)
                };
                Ok((Arc::new(state), None))
            }
            ClusterOfRehearsal::Kept | ClusterOfRehearsal::KeptOrReal => {
                let tree = self.below.unwrap_or(self.root);
                let peers = PeerCluster::open(tree, self.below.is_none(), handle, self.cancel)?;
                Ok((cluster_state_of(peers.as_ref(), self.root), peers))
            }
        }
    }
}

impl Site<Real> {
    /// Opens this machine.
    ///
    /// # Errors
    /// The user is not root, or another run uses the machine.
    pub fn open_machine(prepared: &PreparedRun, facts: NodeFacts) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Err(anyhow!(
                "this changes the machine, for which it has to run as root; `{}` shows \
                 what it would do without",
                program::command("rehearse")
            ));
        }
        let (threads, run) = (Threads::start()?, InterruptibleRun::begin());
        let directory = state::make(Path::new("/")).map_err(Failure::into_error)?;
        let lock = RunLock::acquire(&directory, prepared.workflow.id().as_str())?;
        let retry_limit = retry_limit(prepared, run.cancel());
        let mut world = Real::open(threads.handle(), facts, &prepared.config, &retry_limit)?;
        if prepared.may_run_programs {
            world = world.with_programs_of(match &prepared.config.join {
                Some(join) => Credentials::from_text(&join.bootstrap_kubeconfig),
                None => Credentials::for_run(&prepared.config),
            });
        }
        Ok(Site {
            world: Arc::new(world),
            threads,
            run,
            record: Some(RecordPlace {
                directory,
                durability: Durability::Power,
                _lock: lock,
            }),
            stays: true,
            _peers: None,
            _scratch: None,
        })
    }

    /// Opens this machine for a run that only observes. Such a run keeps no journal, and goes on
    /// beside other runs.
    ///
    /// # Errors
    /// The machine cannot be opened.
    pub fn observe_machine(prepared: &PreparedRun, facts: NodeFacts) -> Result<Self> {
        let (threads, run) = (Threads::start()?, InterruptibleRun::begin());
        let retry_limit = retry_limit(prepared, run.cancel());
        let world = Real::open(threads.handle(), facts, &prepared.config, &retry_limit)?;
        Ok(Site {
            world: Arc::new(world),
            threads,
            run,
            record: None,
            stays: false,
            _peers: None,
            _scratch: None,
        })
    }
}

impl<W: World + 'static> Site<W> {
    /// Returns the token that signals request.
    pub fn cancel(&self) -> &Cancel {
        self.run.cancel()
    }

    /// Returns the directory with the journals of the site; `None` for a run that only observes.
    pub fn directory(&self) -> Option<&PrivateDirectory> {
        self.record.as_ref().map(|record| &record.directory)
    }

    /// Watches whether the run writes the file that a kubelet bootstraps with. The file is removed
    /// if the process ends at once.
    fn watch_credentials(&self) -> Box<dyn Subscriber> {
        let watch = BootstrapWatch::default();
        let (world, written) = (self.world.clone(), watch.is_written.clone());
        self.run.remove_credentials_with(move || {
            if written.load(Ordering::Relaxed) {
                // The process ends, so a failure cannot be reported.
                let _ = world.files().remove(BOOTSTRAP_KUBECONFIG);
            }
        });
        Box::new(watch)
    }

    /// Executes a run here, with a journal unless it only observes. A phase that fails is part of
    /// the result. `keep` keeps the recordings of plugins that were stopped.
    ///
    /// # Errors
    /// The journal or the world cannot be used.
    pub fn execute(
        &self,
        prepared: PreparedRun,
        keep: &(dyn Fn(&Capsule) + Sync),
        subscribers: impl FnOnce(&Plan) -> Vec<Box<dyn Subscriber>>,
    ) -> Result<SiteRun> {
        let cancel = self.run.cancel();
        let world = (prepared.world_of_run)(self.world.clone());
        let files = world.files();
        let record = self.record.as_ref();
        let journal = record
            .map(|record| record.begin_journal(cancel))
            .transpose()?;
        let is_whole = prepared.is_whole;
        let run = prepared.complete(files, cancel)?;
        let mut own: Vec<Box<dyn Subscriber>> = vec![self.watch_credentials()];
        if let Some(journal) = &journal {
            own.insert(0, Box::new(journal.clone()));
        }
        let finished = run.execute(
            world.clone(),
            keep,
            |plan| own.into_iter().chain(subscribers(plan)).collect(),
            cancel,
        )?;
        if let Some(failure) = journal.and_then(|journal| journal.failure()) {
            return Err(anyhow!(failure));
        }
        if finished.result == RunResult::Done && is_whole {
            run.prepared.workflow.finish(files)?;
        }
        Ok(SiteRun { run, finished })
    }
}
