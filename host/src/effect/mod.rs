//! Effects: intended changes, as data. Each effect can check whether its change is already there.
//!
//! A phase proposes an effect, and the executor applies it: [`Effect::apply`] changes what differs
//! from the effect, and returns whether anything did. Applying an effect twice is safe.
//!
//! A new kind of effect is a type that implements `EffectKind`, and a line of the list below. The
//! compiler asks for everything else: its name, its paths, what undoes it, what a plugin needs for
//! it (`Properties`).

pub mod clear;
mod command;
mod context;
mod done;
pub mod etcd;
pub mod files;
mod footprint;
mod granted;
mod image;
pub mod joining;
pub mod kind;
mod node;
pub mod objects;
pub mod pki;
pub mod proposal;
mod restart;
pub mod shared_keys;
pub mod territory;
pub mod tokens;
pub mod users;
pub mod wait;

pub use context::{Context, EffectFiles};
pub use done::{Applied, Done, ObjectWrite};
pub use files::{RemoveFile, StaticPod};
pub use footprint::Footprint;
pub use image::Image;
pub use joining::{BootstrapKubeconfig, KubeconfigServer};
pub use kind::Undo;
pub use node::{Module, Service, Sysctl};
pub use objects::{Delete, IfExists, Object, Patch};

use crate::{arguments::CommandLine, world::Tried};
use kind::{EffectKind, Properties};
use kubephase_sdk::spec::{
    BootstrapTokenSpec, CertificateSpec, ClearSpec, ControlPlaneUsers, EtcdMemberSpec,
    FetchKeysSpec, KeyPairSpec, KubeconfigSpec, RenewalSpec, RestartSpec, RotatedKubeconfigSpec,
    ShareKeysSpec, WaitSpec,
};
use kubephase_sdk::undo::Inverse;
use serde::{Deserialize, Serialize};

/// Makes the enumeration of all kinds of effects.
macro_rules! effects {
    ($($name:ident($kind:ty),)*) => {
        /// One intended change.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", tag = "effect")]
        pub enum Effect {
            $($name($kind),)*
        }

        impl Effect {
            fn kind(&self) -> &dyn EffectKind {
                match self {
                    $(Effect::$name(kind) => kind,)*
                }
            }
        }
    };
}

effects! {
    Directory(files::Directory),
    File(files::File),
    RemoveFile(RemoveFile),
    Mode(files::Mode),
    Owner(files::Owner),
    StaticPod(StaticPod),
    Certificate(CertificateSpec),
    KeyPair(KeyPairSpec),
    Kubeconfig(KubeconfigSpec),
    RotatedKubeconfig(RotatedKubeconfigSpec),
    Object(Object),
    Patch(Patch),
    Delete(Delete),
    BootstrapToken(BootstrapTokenSpec),
    ShareKeys(ShareKeysSpec),
    FetchKeys(FetchKeysSpec),
    BootstrapKubeconfig(BootstrapKubeconfig),
    KubeconfigServer(KubeconfigServer),
    EtcdMember(EtcdMemberSpec),
    Users(ControlPlaneUsers),
    Clear(ClearSpec),
    Service(Service),
    Sysctl(Sysctl),
    Module(Module),
    Image(Image),
    Command(CommandLine),
    Wait(WaitSpec),
    Renewal(RenewalSpec),
    Restart(RestartSpec),
}

impl Effect {
    /// Applies the effect, unless its change is already there.
    ///
    /// # Errors
    /// The effect cannot be applied; the failure has a remedy if one is known.
    pub fn apply(&self, context: &Context) -> Tried<Done> {
        self.kind().apply(context)
    }

    /// Returns the properties by which the host treats the effect.
    pub fn properties(&self) -> Properties {
        self.kind().properties()
    }

    /// Whether applying it blocks: it mostly waits for something other than a processor of this
    /// machine.
    pub fn waits(&self) -> bool {
        self.properties().waits
    }

    /// Returns the work of making a key or signing a certificate, in keys of 2048 bits; 0 for an
    /// effect that does neither.
    pub fn key_work(&self) -> usize {
        self.properties().key_work
    }

    /// Returns the SHA-256 of the effect as data, in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        let data = serde_json::to_vec(self).unwrap_or_default();
        data_encoding::HEXLOWER
            .encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &data).as_ref())
    }

    /// Returns the files and directories that exist once the effect is applied.
    pub fn paths(&self) -> Vec<String> {
        self.properties().files.paths
    }

    /// Whether the effect removes the file or directory that is its target.
    pub fn removes_file(&self) -> bool {
        let undoes = self.properties().undoes;
        matches!(
            undoes,
            Some(Inverse::RemoveFile(_) | Inverse::RemoveDirectory(_))
        )
    }

    /// Returns the kind and the target, for plans, events and the journal.
    pub fn summary(&self) -> (&'static str, String) {
        let Properties { kind, target, .. } = self.properties();
        (kind, target.to_string())
    }

    /// Returns the name of the effect in the cases of plugins: `object ConfigMap kube-system/x`,
    /// `file /etc/x`.
    pub fn case_name(&self) -> String {
        let Properties { kind, target, .. } = self.properties();
        format!("{kind} {}", target.case_name())
    }
}

#[cfg(test)]
mod tests;
