//! One intended change, as data, with its own "does it already hold?".
//!
//! A phase proposes, the executor carries out: [`Effect::enact`] looks, changes what differs, and says whether
//! anything did. Every effect is safe to do twice.

pub mod files;
pub mod pki;

use crate::world::World;
use kubephase_sdk::spec::{BootstrapTokenSpec, CertificateSpec, KeyPairSpec, KubeconfigSpec, ShareKeysSpec, WaitSpec};
use kubephase_wit::ObjectRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "effect")]
pub enum Effect {
    Directory(files::Directory),
    File(files::File),
    RemoveFile { path: String },
    StaticPod { name: String, file: files::File },
    Certificate(CertificateSpec),
    KeyPair(KeyPairSpec),
    Kubeconfig(KubeconfigSpec),
    Object { manifest: Value, if_exists: IfExists },
    Patch { of: ObjectRef, patch: Value },
    Delete { of: ObjectRef },
    BootstrapToken(BootstrapTokenSpec),
    ShareKeys(ShareKeysSpec),
    Service { name: String, state: String },
    Sysctl { key: String, value: String },
    Module { name: String },
    Image { image: String },
    Command { program: String, args: Vec<String> },
    Wait(WaitSpec),
}

/// What to do with an object that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IfExists {
    /// replace it (kubeadm's CreateOrUpdate)
    #[default]
    Update,
    /// leave it (CreateOrRetain)
    Retain,
    /// server-side apply
    Apply,
}

/// What carrying out an effect came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enacted {
    Changed,
    /// it held already
    Unchanged,
    /// it holds by other means, and why nothing was done (an external authority, say)
    Left(String),
}

/// What the host knows and no phase may: secrets, and when the run began.
pub struct Context<'a> {
    pub world: &'a dyn World,
    pub config: &'a kubephase_sdk::kubeadm::Config,
    /// Unix seconds at which the run began; certificates count from here
    pub started: i64,
}
