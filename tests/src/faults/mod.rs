//! A world in which operations fail on purpose. The tests' program runs in it if the environment
//! says which operations fail, and how.
//!
//! An operation is named by what it does and to what: `files.write /etc/kubernetes/admin.conf`. The
//! same operation may happen several times; the phases of a run work side by side, so the number of
//! an operation in the whole run would mean another operation each time.
mod cluster;
mod fault;
mod files;
mod machine;

pub use fault::{Fault, Injection};

use kubephase::world::{Cluster, Etcd, Files, Net, Node, Runtime, World, WorldResult};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    env,
    fs::{File, OpenOptions},
    io::Write,
    sync::Arc,
    time::Duration,
};

/// The environment variable with the operations that fail, one on each line; see [`Injection`].
pub const INJECTION: &str = "KUBEPHASE_TEST_FAULT";
/// The environment variable with the file to which the operations of a run are appended, one on
/// each line. [`FAILED`] stands before the one that fails on purpose.
pub const OPERATIONS: &str = "KUBEPHASE_TEST_OPERATIONS";
/// Stands before the operation that fails, in the file of [`OPERATIONS`].
pub const FAILED: &str = "failed: ";

/// Returns a world that acts as the environment says; the world itself if it says nothing.
///
/// # Panics
/// If the environment names no fault or no file that can be written.
pub fn world_from_environment(world: Arc<dyn World>) -> Arc<dyn World> {
    let text = env::var(INJECTION).unwrap_or_default();
    let injections: Vec<Injection> = text.lines().map(Injection::parse).collect();
    let record = env::var_os(OPERATIONS).map(|path| {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Mutex::new(file.expect("the file for the operations can be opened"))
    });
    if injections.is_empty() && record.is_none() {
        return world;
    }
    let faults = Arc::new(Faults {
        injections,
        record,
        seen: Mutex::default(),
    });
    Arc::new(FaultyWorld::new(world, faults))
}

/// The faults of a run, and the operations that happened so far.
struct Faults {
    injections: Vec<Injection>,
    record: Option<Mutex<File>>,
    /// how often each operation happened
    seen: Mutex<BTreeMap<String, usize>>,
}

impl Faults {
    /// Carries out an operation, or lets it fail.
    fn around<T>(
        &self,
        operation: &str,
        target: &str,
        carry_out: impl FnOnce() -> WorldResult<T>,
    ) -> WorldResult<T> {
        let name = fault::stable_name(operation, target);
        let occurrence = {
            let mut seen = self.seen.lock();
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            *count
        };
        let mut injections = self.injections.iter();
        let hit = injections.find(|given| given.is_for(&name, occurrence));
        if let Some(record) = &self.record {
            let prefix = if hit.is_some() { FAILED } else { "" };
            writeln!(record.lock(), "{prefix}{name}").expect("the operation can be recorded");
        }
        match hit.map(|injection| injection.fault) {
            None => carry_out(),
            Some(fault) => {
                if fault.comes_after() {
                    carry_out()?;
                }
                Err(fault.failure(&name))
            }
        }
    }
}

/// A world whose operations fail as [`Faults`] say.
struct FaultyWorld {
    world: Arc<dyn World>,
    files: files::FaultyFiles<'static>,
    node: machine::FaultyNode,
    net: machine::FaultyNet,
    runtime: machine::FaultyRuntime,
    cluster: cluster::FaultyCluster,
    etcd: cluster::FaultyEtcd,
}

impl FaultyWorld {
    fn new(world: Arc<dyn World>, faults: Arc<Faults>) -> FaultyWorld {
        FaultyWorld {
            files: files::FaultyFiles::of_world(world.clone(), faults.clone()),
            node: machine::FaultyNode(world.clone(), faults.clone()),
            net: machine::FaultyNet(world.clone(), faults.clone()),
            runtime: machine::FaultyRuntime(world.clone(), faults.clone()),
            cluster: cluster::FaultyCluster::of_run(world.clone(), faults.clone()),
            etcd: cluster::FaultyEtcd(world.clone(), faults),
            world,
        }
    }
}

impl World for FaultyWorld {
    fn files(&self) -> &dyn Files {
        &self.files
    }

    fn node(&self) -> &dyn Node {
        &self.node
    }

    fn net(&self) -> &dyn Net {
        &self.net
    }

    fn runtime(&self) -> &dyn Runtime {
        &self.runtime
    }

    fn cluster(&self) -> &dyn Cluster {
        &self.cluster
    }

    fn etcd(&self) -> &dyn Etcd {
        &self.etcd
    }

    fn bind_admins(&self) -> bool {
        self.world.bind_admins()
    }

    fn longest_wait(&self) -> Option<Duration> {
        self.world.longest_wait()
    }

    fn ends_waits_early(&self) -> bool {
        self.world.ends_waits_early()
    }

    fn has_all_files(&self) -> bool {
        self.world.has_all_files()
    }

    fn knows_all_names(&self) -> bool {
        self.world.knows_all_names()
    }

    fn unchecked_parts(&self) -> Vec<String> {
        self.world.unchecked_parts()
    }
}
