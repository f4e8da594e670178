//! Where runs take place, a scratch tree or this machine, and what a run left there.
#![allow(
    clippy::disallowed_methods,
    reason = "scratch trees are the operator's, not the node's"
)]
use super::{
    Place,
    machines::{self, Rest},
    print,
    signals::{Interruptible, Temporary},
};
use crate::{
    cancel::Cancel,
    journal::{Durability, Header, Journal, RunLock},
    phase::catalog::Workflow,
    report,
    run::{
        capsule::Capsule,
        event::{Event, RunResult, Subscriber, What},
        executor::Finished,
        init::{self, Prepared},
        state,
    },
    world::{
        World,
        api::{Credentials, Patience},
        files::PrivateDirectory,
        node::facts::NodeFacts,
        real::{self, Real},
        rehearsal::{self, ClusterState, ExternalCluster, Rehearsal, Setting},
    },
};
use anyhow::{Context, Result, anyhow};
use std::{
    collections::BTreeSet,
    ops::Deref,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::runtime::Runtime;

/// Without a description, a rehearsal is of a machine that is fit to be a control plane, under this
/// one's name and addresses: a newcomer's laptop need not have a kubelet.
pub fn rehearsed(facts: NodeFacts, place: &Place) -> NodeFacts {
    if place.node.is_some() {
        return facts;
    }
    NodeFacts {
        hostname: facts.hostname,
        default_route_interface_address: facts
            .default_route_interface_address
            .or(NodeFacts::default().default_route_interface_address),
        addresses: facts.addresses,
        ca_directories: facts.ca_directories,
        environment: facts.environment,
        ..NodeFacts::default()
    }
}

/// A scratch tree: the operator's own, or one of ours, which is kept or goes with the run.
pub struct Scratch {
    pub path: PathBuf,
    temporary: Option<(tempfile::TempDir, Temporary)>,
}

impl Scratch {
    /// # Errors
    /// Where it cannot be made.
    pub fn new(given: Option<&Path>, keep: bool) -> Result<Scratch> {
        if let Some(path) = given {
            std::fs::create_dir_all(path)
                .with_context(|| format!("cannot make the scratch root {}", path.display()))?;
            not_the_machine(path)?;
            return Ok(Scratch {
                path: path.to_owned(),
                temporary: None,
            });
        }
        let temporary = tempfile::Builder::new()
            .prefix("kubephase-")
            .tempdir()
            .context("cannot make a scratch root")?;
        if keep {
            return Ok(Scratch {
                path: temporary.keep(),
                temporary: None,
            });
        }
        let registered = Temporary::register(temporary.path());
        Ok(Scratch {
            path: temporary.path().to_owned(),
            temporary: Some((temporary, registered)),
        })
    }
}

/// Refuses the root of this machine as a scratch tree, by whatever name.
///
/// # Errors
/// What to do instead.
pub fn not_the_machine(root: &Path) -> Result<()> {
    let identity = |path: &Path| {
        std::fs::metadata(path)
            .map(|meta| (meta.dev(), meta.ino()))
            .ok()
    };
    if identity(root) == identity(Path::new("/")) {
        return Err(anyhow!(
            "--root {} is this machine itself, not a scratch tree: leave --root out to change the \
             machine, or name another directory",
            root.display()
        ));
    }
    Ok(())
}

/// Where a run takes place, for as long as it may: nobody else runs there meanwhile.
pub struct Stage<W> {
    pub world: Arc<W>,
    pub runtime: Threads,
    /// signals go to it for as long as the stage is there
    run: Interruptible,
    /// of the journal and the lock
    directory: PrivateDirectory,
    durability: Durability,
    /// what a run does here is there afterwards
    stays: bool,
    _rest: Option<Rest>,
    _lock: RunLock,
}

/// With what a kubelet asks for its certificate; it holds a token (kubeadm's path).
const BOOTSTRAP: &str = "/etc/kubernetes/bootstrap-kubelet.conf";

/// Notices when a run writes the kubelet's bootstrap credentials.
struct BootstrapFile {
    written: Arc<AtomicBool>,
}

impl Subscriber for BootstrapFile {
    fn notice(&mut self, event: &Event) {
        if let What::Effect { made, .. } = &event.what
            && made.iter().any(|path| path == BOOTSTRAP)
        {
            self.written.store(true, Ordering::Relaxed);
        }
    }
}

/// What came of a run.
pub struct Ran {
    pub finished: RunResult,
    pub sent: Vec<crate::effect::Sent>,
    /// files and directories that it made or changed
    pub made: BTreeSet<String>,
    /// files and directories that were as it wants them
    pub found: BTreeSet<String>,
    pub tally: report::tally::Tally,
}

/// Threads for what waits. A lookup that the system's resolver does not end does not hold up the
/// end of the program.
pub struct Threads(Option<Runtime>);

impl Deref for Threads {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0
            .as_ref()
            .expect("it is taken when this is dropped, and not before")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// # Errors
/// Where the operating system gives no threads.
pub(super) fn runtime() -> Result<Threads> {
    Ok(Threads(Some(
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?,
    )))
}

/// How long requests to the API are tried.
fn patience(prepared: &Prepared, cancel: &Cancel) -> Patience {
    let seconds = prepared
        .config
        .init
        .timeouts
        .as_ref()
        .and_then(|timeouts| timeouts.kubernetes_api_call)
        .unwrap_or_default()
        .as_secs();
    Patience {
        time: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
        cancel: cancel.clone(),
    }
}

impl Stage<Rehearsal> {
    /// A scratch tree, over another that shows through, with the API server on a port (0 for any).
    ///
    /// # Errors
    /// Where the tree cannot be used, or another run is in it.
    pub fn rehearsed(
        prepared: &Prepared,
        facts: NodeFacts,
        scratch: &Scratch,
        below: Option<&Path>,
        port: u16,
    ) -> Result<Self> {
        let (runtime, run) = (runtime()?, Interruptible::begin());
        let cancel = run.cancel();
        // The journals of the tree below are looked at, so the own, which nobody keeps, must not
        // hide them by its name.
        let own = if below.is_some() { "dry-run" } else { "" };
        let directory =
            state::make_below(&scratch.path, own).map_err(|failure| anyhow!(failure.told()))?;
        let lock = RunLock::acquire(&directory, prepared.plan.workflow.name())?;
        let (config, handle, root) = (&prepared.config, runtime.handle(), &scratch.path);
        let files = rehearsal::files(root, below)?;
        // Whoever is reset may be one of several; whoever is initialised begins a cluster, and
        // whoever joins has found one.
        let (common, rest) = match prepared.plan.workflow {
            Workflow::Reset => {
                let rest = Rest::of(below.unwrap_or(root), below.is_none(), handle, cancel)?;
                (machines::common(rest.as_ref(), root), rest)
            }
            Workflow::Join => {
                let etcd = real::etcd(handle, files.clone(), config, cancel);
                (
                    Arc::new(ClusterState::with_external(
                        root,
                        ExternalCluster::new(Arc::new(real::direct()), Box::new(etcd)),
                    )),
                    None,
                )
            }
            Workflow::Init | Workflow::Upgrade => (Arc::new(ClusterState::new(root)), None),
        };
        let setting = Setting {
            files,
            facts,
            credentials: Credentials::of(config),
            cluster: common,
            patience: patience(prepared, cancel),
            port,
        };
        let world = Arc::new(Rehearsal::open(runtime.handle(), setting)?);
        world
            .warning()
            .iter()
            .for_each(|warning| print::warning(warning));
        Ok(Stage {
            world,
            runtime,
            run,
            directory,
            durability: Durability::Process,
            stays: scratch.temporary.is_none(),
            _rest: rest,
            _lock: lock,
        })
    }
}

impl Stage<Real> {
    /// This machine.
    ///
    /// # Errors
    /// Without root rights, or where another run is at work.
    pub fn real(prepared: &Prepared, facts: NodeFacts) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Err(anyhow!(
                "this changes the machine, for which it has to run as root; `kubephase rehearse` \
                 shows what it would do without"
            ));
        }
        let (runtime, run) = (runtime()?, Interruptible::begin());
        let cancel = run.cancel();
        let directory = state::make(Path::new("/")).map_err(|failure| anyhow!(failure.told()))?;
        let lock = RunLock::acquire(&directory, prepared.plan.workflow.name())?;
        let mut world = Real::open(
            runtime.handle(),
            facts,
            &prepared.config,
            &patience(prepared, cancel),
        )?;
        if let Some(join) = prepared
            .config
            .join
            .as_ref()
            .filter(|_| prepared.may_run_programs)
        {
            world = world.with_programs_of(&join.bootstrap_kubeconfig);
        }
        Ok(Stage {
            world: Arc::new(world),
            runtime,
            run,
            directory,
            durability: Durability::Power,
            stays: true,
            _rest: None,
            _lock: lock,
        })
    }
}

impl<W: World + 'static> Stage<W> {
    /// Requested by the signals that end a run.
    pub fn cancel(&self) -> &Cancel {
        self.run.cancel()
    }

    /// Whether this run wrote the file that a kubelet bootstraps with, which is removed if the
    /// process ends at once.
    fn watch_credentials(&self) -> Box<dyn Subscriber> {
        let written = Arc::new(AtomicBool::new(false));
        let (world, is_written) = (self.world.clone(), written.clone());
        self.run.remove_credentials_with(move || {
            if is_written.load(Ordering::Relaxed) {
                // The process ends, so a failure cannot be reported.
                let _ = world.files().remove(BOOTSTRAP);
            }
        });
        Box::new(BootstrapFile { written })
    }

    /// # Errors
    /// Where the journal or the world cannot be used; a phase that fails is no error but a result.
    pub fn carry_out(
        &self,
        prepared: &mut Prepared,
        output: report::Output,
        debug: bool,
    ) -> Result<Ran> {
        let began = jiff::Timestamp::now().as_second();
        let cancel = self.run.cancel();
        let journal = Journal::begin(
            &self.directory,
            &Header::new(began),
            self.durability,
            cancel.clone(),
        )
        .with_context(|| {
            format!(
                "cannot begin a journal in {}",
                self.directory.path().display()
            )
        })?;
        let mut keeper = None;
        let written = journal.clone();
        let ran = init::execute(
            prepared,
            self.world.clone(),
            |plan| {
                let (told, tally) = report::subscribers(plan, output, debug);
                keeper = Some(tally);
                let journal: Box<dyn Subscriber> = Box::new(written);
                [journal, self.watch_credentials()]
                    .into_iter()
                    .chain(told)
                    .collect()
            },
            cancel,
        )?;
        if let Some(failure) = journal.failure() {
            return Err(anyhow!(failure));
        }
        let tally = keeper.map(|keeper| keeper.tally()).unwrap_or_default();
        let init::Ran {
            finished:
                Finished {
                    result: finished,
                    sent,
                    made,
                    found,
                    capsules,
                },
        } = ran;
        for capsule in &capsules {
            let kept = keep(capsule)?;
            print::hint(&format!(
                "What plugin {} had looked at when it was stopped is in {}. To run it again:\n  \
                 kubephase plugin test COMPONENT --replay {}",
                capsule.plugin,
                kept.display(),
                kept.display()
            ));
        }
        if output == report::Output::Text {
            report::hints::hints(&tally, self.stays)
                .iter()
                .for_each(|hint| print::hint(hint));
            if finished == RunResult::Done && !self.stays {
                self.world
                    .not_checked()
                    .iter()
                    .for_each(|what| print::hint(&format!("Not checked: {what}")));
            }
        }
        Ok(Ran {
            finished,
            sent,
            made,
            found,
            tally,
        })
    }
}

/// A capsule as a file that only this user reads.
fn keep(capsule: &Capsule) -> Result<PathBuf> {
    let prefix = format!("kubephase-{}-", capsule.phase.replace('/', "-"));
    let file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".capsule.json")
        .tempfile()
        .context("cannot keep a capsule")?;
    std::fs::write(file.path(), capsule.to_json()).context("cannot keep a capsule")?;
    Ok(file.keep()?.1)
}

#[cfg(test)]
mod tests;
