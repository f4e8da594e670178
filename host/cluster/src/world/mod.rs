//! Where effects are applied and observations come from: the real machine, or a rehearsal.
//!
//! A world is made of parts (`parts`), each a small object-safe trait. All calls block; calls that
//! go to the network wait for the asynchronous runtime themselves, so a phase on its own thread can
//! simply call. No phase can tell which world it is in.
//!
//! | module | content |
//! |---|---|
//! | `parts` | the traits of the parts |
//! | [`real`] | the machine that this program runs on |
//! | [`rehearsal`] | a scratch tree, a described node and an embedded cluster |
//! | [`fake`] | a world of the test cases of plugins |
//! | [`fixed_objects`] | a cluster whose objects are a fixed list |
//! | [`files`], [`node`], [`api`] | implementations that several worlds share |
//! | [`object_ref`] | the name of an object, and what a manifest is about |
//! | [`revision`] | one state of one object |
//! | [`judged_file`] | files that are judged, and read as they were judged |
//! | [`state_directory`] | the directory in which runs leave their state |
//! | [`etcd_data`] | the data of a member of etcd: snapshots, copies, and putting a copy back |
//! | [`text_file`] | files as texts, where there may be none |
//! | [`reach`] | the addresses that a request may be sent to |
//!
//! What an effect does with a world is in `effect`; what a phase may see of it is in
//! `run::session`.

pub mod api;
pub mod etcd_data;
pub mod fake;
pub mod files;
pub mod fixed_objects;
pub mod judged_file;
pub mod node;
pub mod object_ref;
mod parts;
pub mod reach;
pub mod real;
pub mod rehearsal;
pub mod revision;
pub mod state_directory;
pub mod text_file;

pub use files::Territory;
pub use kubephase_sdk::{node::ServiceState, spec::EtcdMember};
use kubephase_wit::Failure;
pub use parts::{
    Cluster, Container, Etcd, Files, FillFile, Net, NoEtcd, Node, OpenFile, PartWriter, Rights,
    Runtime, TakePart, TlsFile, TlsFiles,
};
use std::time::Duration;

/// The result of work on the world. A phase receives the failure as it is.
pub type WorldResult<T> = Result<T, Failure>;

/// Returns the message of an error's innermost cause, which is the most specific one: connection
/// refused, no route to the host, certificate not trusted.
pub fn innermost_message(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// The world that a run acts on: a real machine, a rehearsal, or a fake of a test.
pub trait World: Send + Sync {
    /// Returns the file tree of the node.
    fn files(&self) -> &dyn Files;
    /// Returns the machine without its files.
    fn node(&self) -> &dyn Node;
    /// Returns the network as the node sees it.
    fn net(&self) -> &dyn Net;
    /// Returns the container runtime of the node.
    fn runtime(&self) -> &dyn Runtime;
    /// Returns the Kubernetes API, with the credentials of the run.
    fn cluster(&self) -> &dyn Cluster;
    /// Returns the etcd of the cluster, as a member of the control plane sees it.
    fn etcd(&self) -> &dyn Etcd {
        &NoEtcd
    }
    /// Makes the binding of the admins' group although no credentials of the node may make it.
    /// Returns whether it was made: only a rehearsal makes it, and reports that a real cluster
    /// would not.
    fn bind_admins(&self) -> bool {
        false
    }

    /// Returns the longest time for which a wait is useful in this world; `None` if the wait
    /// decides. A condition that does not hold by then counts as if it held, because nothing more
    /// will happen in this world.
    fn longest_wait(&self) -> Option<Duration> {
        None
    }

    /// Whether a condition that does not hold in time counts as if it held: nothing more will
    /// happen in this world.
    fn ends_waits_early(&self) -> bool {
        self.longest_wait().is_some()
    }

    /// Whether the node has exactly the files that this world has. A rehearsal of a described node
    /// does not know which other files the machine has.
    fn has_all_files(&self) -> bool {
        true
    }

    /// Whether the names that this world does not resolve cannot be resolved on the node. A
    /// rehearsal does not ask name servers.
    fn knows_all_names(&self) -> bool {
        true
    }

    /// Returns what this world cannot know, for the report. Empty on a real machine.
    fn unchecked_parts(&self) -> Vec<String> {
        Vec::new()
    }
}
