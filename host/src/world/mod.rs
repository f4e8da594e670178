//! Where effects land and observations come from: the real machine, or a rehearsal.
//!
//! A world is made of parts, each a small object-safe trait. All calls block; those that go to the
//! network bridge to the runtime themselves, so a phase on its own thread can simply call. No phase
//! can tell which world it is in.

pub mod api;
pub mod budget;
pub mod files;
pub mod imagined;
pub mod node;
pub mod reach;
pub mod real;
pub mod rehearsal;

use crate::{
    arguments::{CommandLine, HttpUrl, ModuleName, SysctlKey, UnitName},
    cancel::Cancel,
    secret::Secret,
};
use budget::Budget;
pub use files::Territory;
pub use kubephase_sdk::{node::ServiceState, spec::EtcdMember};
use kubephase_wit::{CommandOutput, Failure, FileMeta, HttpReply, ObjectRef};
use reach::Reach;
use serde_json::Value;
use std::os::fd::OwnedFd;

/// The result of work on the world: its failure is what a phase receives.
pub type Tried<T> = Result<T, Failure>;

/// Returns the message of an error's innermost cause, which is the most specific one: refused, no
/// route, not trusted.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// The world that a run acts on: a real machine, or an imagined or rehearsed one.
pub trait World: Send + Sync {
    fn files(&self) -> &dyn Files;
    fn node(&self) -> &dyn Node;
    fn net(&self) -> &dyn Net;
    fn runtime(&self) -> &dyn Runtime;
    fn cluster(&self) -> &dyn Cluster;
    /// The etcd of the cluster, as a member of the control plane sees it.
    fn etcd(&self) -> &dyn Etcd {
        &NoEtcd
    }
    /// Makes the binding of the admins' group although no credentials of the node may make it.
    /// Returns whether it was made: only a rehearsal makes it, and reports that a real cluster
    /// would not.
    fn bind_admins(&self) -> bool {
        false
    }

    /// What this world cannot know, for the report; empty on a real machine.
    fn not_checked(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The file tree of the node; paths are the node's, whatever lies behind them.
pub trait Files: Send + Sync {
    /// Opens a file or directory once, so that the file that is checked is the file that is read.
    /// Follows all links, except the kernel's magic links below /proc.
    ///
    /// # Errors
    /// `not-found`; `denied` where the path leads through a link of /proc or out of the tree.
    fn open(&self, path: &str) -> Tried<Box<dyn OpenFile + '_>>;
    /// Opens a file or directory as [`Files::open`] does, in order to show it to a plugin.
    ///
    /// # Errors
    /// Also `denied` where it holds a secret of the host by any of its names, or is about a
    /// process; the failure to find that out.
    fn open_shown(&self, path: &str, territory: &Territory) -> Tried<Box<dyn OpenFile + '_>>;
    /// Returns the view of this tree that file effects of plugins have: it follows no link anywhere
    /// in a path, neither reads nor changes files of the host's territory, and sets no set-user-ID
    /// or set-group-ID bit. Make a new view for each effect.
    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a>;
    fn stat(&self, path: &str) -> Tried<Option<FileMeta>>;
    fn read(&self, path: &str) -> Tried<Vec<u8>>;
    /// Returns a path with all links followed.
    fn real_path(&self, path: &str) -> Tried<String>;
    fn list(&self, path: &str) -> Tried<Vec<String>>;
    /// Writes a file beside its target, sets mode and owner, syncs it, renames it and syncs the
    /// directory. Makes missing parents with mode 0755.
    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()>;
    /// Takes a POSIX write lock on a file (kubeadm behaviour), which is held until the result is
    /// dropped. None if the file does not exist, or if no other process could change it.
    ///
    /// # Errors
    /// `busy` if another process does not release the lock within seconds, `cancelled` if the run
    /// ends before that.
    fn lock(&self, path: &str, cancel: &Cancel) -> Tried<Option<OwnedFd>> {
        let _ = (path, cancel);
        Ok(None)
    }
    /// Makes a directory and its parents. An existing directory keeps its mode.
    fn make_dir(&self, path: &str, mode: u32) -> Tried<()>;
    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()>;
    /// Gives a directory and everything below it to a user and a group. Changes the owner of links,
    /// not of the files that they lead to. Returns whether anything changed. Only root can give
    /// files away; for other users nothing changes.
    fn give(&self, path: &str, owner: (u32, u32)) -> Tried<bool>;
    fn remove(&self, path: &str) -> Tried<()>;
    /// Removes a file, or a directory with everything below it. Links are removed, not followed.
    fn remove_all(&self, path: &str) -> Tried<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, path: &str) -> Tried<()> {
        match self.list(path)?.as_slice() {
            [] => self.remove_all(path),
            [one, ..] => Err(Failure::new(
                "io",
                format!("cannot remove {path}: {one} is in it"),
            )),
        }
    }
}

/// A file or directory that was opened once.
pub trait OpenFile {
    /// The path with all links followed, in the tree of its node.
    fn real_path(&self) -> String;
    fn meta(&self) -> FileMeta;
    /// Whether every local user may read it: its mode lets others read it (and search it, if it is
    /// a directory), and every directory on its real path lets others search it.
    fn is_public(&self) -> bool;
    /// Reads a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// `limit` if it is larger; `invalid` if it is not a regular file.
    fn read(&self, limit: u64) -> Tried<Vec<u8>>;
    /// A reader of a regular file, from its beginning.
    ///
    /// # Errors
    /// `invalid` where it is not a regular file.
    fn reader(&self) -> Tried<Box<dyn std::io::Read>>;
    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// It is not a directory, or cannot be read; `limit` if it has too many entries.
    fn list(&self) -> Tried<Vec<String>>;
}

/// The machine below the files.
/// What a program may do that runs for a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// all that this process may do: the program is to change the node
    Full,
    /// what needs none of the capabilities of root: the program is to look at the node
    WithoutCapabilities,
}

pub trait Node: Send + Sync {
    /// open set of names, JSON values: see `world/node`
    fn fact(&self, name: &str) -> Option<Value>;
    /// Value of a kernel parameter that every user may read; none if the kernel does not have it.
    fn sysctl(&self, key: &SysctlKey) -> Option<String>;
    fn kernel_option(&self, name: &str) -> Tried<Option<String>>;
    /// State of a service; none on a node without a known init system.
    fn service(&self, name: &UnitName) -> Tried<Option<ServiceState>>;
    /// Brings a service into a state: `running`, `restarted`, `stopped`, `enabled` or `disabled`.
    /// Returns whether anything changed.
    fn ensure_service(&self, name: &UnitName, state: &str) -> Tried<bool>;
    /// Sets a kernel parameter. Returns whether it had another value.
    fn set_sysctl(&self, key: &SysctlKey, value: &str) -> Tried<bool>;
    /// Loads a kernel module. Returns whether it was not loaded before.
    fn load_module(&self, name: &ModuleName) -> Tried<bool>;
    /// Runs a program until it ends, or the budget does.
    fn run(&self, command: &CommandLine, rights: Rights, budget: &Budget) -> Tried<CommandOutput>;
    /// How many mounts were below a directory (a real path) and are no more; flags by kubeadm's
    /// names.
    fn unmount_below(&self, directory: &str, flags: &[String]) -> Tried<usize>;
}

pub trait Net: Send + Sync {
    fn port_free(&self, port: u16) -> Tried<bool>;
    fn resolve(&self, host: &str) -> Tried<Vec<String>>;
    fn proxy_for(&self, url: &str) -> Tried<Option<String>>;
    /// Gets a URL from an address within reach. The certificate of the server is always verified;
    /// redirects are not followed.
    fn http_get(&self, url: &HttpUrl, reach: Reach, budget: &Budget) -> Tried<HttpReply>;
    /// Gets a URL from an address within reach, over TLS with the node's own files.
    fn http_get_as(
        &self,
        url: &HttpUrl,
        identity: &TlsFiles,
        reach: Reach,
        budget: &Budget,
    ) -> Tried<HttpReply>;
    /// Status code of a health endpoint of this node's kubelet or control plane. Their certificates
    /// are self-signed and are not verified on loopback (kubeadm behaviour), so this is not for
    /// phases.
    fn health(&self, url: &HttpUrl, budget: &Budget) -> Tried<u16>;
}

/// Paths of an authority, a certificate and its key; empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    pub ca: String,
    pub cert: String,
    pub key: String,
}

/// The container runtime, over CRI.
pub trait Runtime: Send + Sync {
    fn status(&self) -> Tried<Value>;
    fn config(&self) -> Tried<Value>;
    fn image_present(&self, image: &str) -> Tried<bool>;
    fn pull(&self, image: &str) -> Tried<()>;
    /// Lists all containers, including those that ended.
    fn containers(&self) -> Tried<Vec<Container>>;
    /// Ends a container at once, with no time to shut down; the kubelet starts it again.
    fn stop_container(&self, id: &str) -> Tried<()>;
    /// Stops and removes all sandboxes of Pods. Returns how many there were.
    fn remove_sandboxes(&self) -> Tried<usize>;
    /// Returns the last lines of a container's log.
    fn log(&self, id: &str, lines: usize) -> Tried<Vec<String>>;
}

/// A container of the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    pub id: String,
    /// name within its Pod: `kube-apiserver`
    pub name: String,
    pub running: bool,
    /// how often it was restarted
    pub attempt: u32,
}

/// The members of etcd.
pub trait Etcd: Send + Sync {
    fn members(&self) -> Tried<Vec<EtcdMember>>;
    fn add_learner(&self, peer_url: &str) -> Tried<()>;
    /// Gives a learner its vote.
    fn promote(&self, id: u64) -> Tried<()>;
    fn remove(&self, id: u64) -> Tried<()>;
    /// Returns how many members are healthy, and how many there are.
    fn health(&self) -> Tried<(usize, usize)>;
    /// Whether a member serves clients at this URL.
    fn serves(&self, client_url: &str) -> Tried<bool>;
}

/// The etcd of a world without etcd.
struct NoEtcd;

impl NoEtcd {
    fn none<T>() -> Tried<T> {
        Err(Failure::new("not-checked", "this world has no etcd"))
    }
}

impl Etcd for NoEtcd {
    fn members(&self) -> Tried<Vec<EtcdMember>> {
        NoEtcd::none()
    }

    fn add_learner(&self, _peer_url: &str) -> Tried<()> {
        NoEtcd::none()
    }

    fn promote(&self, _id: u64) -> Tried<()> {
        NoEtcd::none()
    }

    fn remove(&self, _id: u64) -> Tried<()> {
        NoEtcd::none()
    }

    fn health(&self) -> Tried<(usize, usize)> {
        NoEtcd::none()
    }

    fn serves(&self, _client_url: &str) -> Tried<bool> {
        NoEtcd::none()
    }
}

/// The Kubernetes API, as the holder of a kubeconfig on the node sees it.
pub trait Cluster: Send + Sync {
    /// Gets an object; none if it does not exist.
    fn get(&self, of: &ObjectRef) -> Tried<Option<Value>>;
    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Tried<Vec<Value>>;
    fn create(&self, manifest: &Value) -> Tried<Value>;
    fn replace(&self, manifest: &Value) -> Tried<Value>;
    fn server_side_apply(&self, manifest: &Value) -> Tried<Value>;
    /// Patches an object by a strategic merge patch.
    fn patch(&self, of: &ObjectRef, patch: &Value) -> Tried<Value>;
    fn delete(&self, of: &ObjectRef) -> Tried<()>;
    /// Gets a URL, or a path at the kubeconfig's server, with the credentials of the kubeconfig.
    /// Returns the status code.
    fn probe(&self, kubeconfig: &str, url: &str) -> Tried<u16>;
    /// The API with the credentials of another kubeconfig, given as text.
    fn as_holder_of(&self, kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>>;
    /// The API with the credentials of a kubeconfig, given as text, whose file the operator named
    /// on the command line. Programs that the kubeconfig names to authenticate its user are run.
    fn as_operator(&self, kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>> {
        self.as_holder_of(kubeconfig)
    }
    /// The API with the credentials of another kubeconfig of the node. Each request is tried once,
    /// for callers that wait and retry themselves.
    fn with_kubeconfig(&self, path: &str) -> Tried<Box<dyn Cluster>>;
}
