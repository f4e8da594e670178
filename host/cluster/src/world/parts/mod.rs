//! The parts of a world, each an object-safe trait. The worlds that implement them are in
//! `world::real`, `world::rehearsal` and `world::fake`.

mod cluster;
mod etcd;
mod files;
mod net;
mod node;
mod runtime;

pub use cluster::Cluster;
pub use etcd::{Etcd, NoEtcd, TakePart};
pub use files::{Files, FillFile, OpenFile, PartWriter};
pub use net::{Net, TlsFile, TlsFiles};
pub use node::{Node, Rights};
pub use runtime::{Container, Runtime};
