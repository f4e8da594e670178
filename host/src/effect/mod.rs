//! Effects: intended changes, as data. Each effect can check whether its change has been made
//! already.
//!
//! A phase proposes an effect, and the executor applies it: [`Effect::apply`] changes what differs
//! from the effect, and returns whether anything did. Applying an effect twice is safe.
//!
//! A kind of effect is a type that implements `EffectKind`. The trait requires all that the host
//! needs to know: the name, the paths, the undo step (`Properties`), and the permission that a
//! plugin needs.

pub mod clear;
mod command;
mod context;
pub mod etcd;
pub mod files;
mod footprint;
mod granted;
mod image;
pub mod job;
pub mod joining;
pub mod kind;
mod node;
pub mod objects;
mod outcome;
pub mod pki;
pub mod proposal;
mod restart;
pub mod shared_keys;
pub mod territory;
pub mod tokens;
pub mod users;
pub mod wait;

pub use context::{Context, EffectFiles};
pub use files::{RemoveFile, StaticPod};
pub use footprint::Footprint;
pub use image::Image;
pub use joining::{BootstrapKubeconfig, KubeconfigServer};
pub use kind::{EffectKind, Undo};
pub use node::{Module, Service, Sysctl};
pub use objects::{Delete, IfExists, Object, Patch};
pub use outcome::{Applied, EffectOutcome, ObjectWrite};

use crate::world::WorldResult;
use kind::Properties;
use kubephase_sdk::undo::Inverse;
use std::any::Any;

/// One intended change: a value of any type that is a kind of effect.
#[derive(Debug)]
pub struct Effect(Box<dyn EffectKind>);

impl<K: EffectKind> From<K> for Effect {
    fn from(kind: K) -> Effect {
        Effect(Box::new(kind))
    }
}

impl Clone for Effect {
    fn clone(&self) -> Effect {
        Effect(self.0.copy())
    }
}

impl PartialEq for Effect {
    fn eq(&self, other: &Effect) -> bool {
        self.0.equals(&*other.0)
    }
}

impl Effect {
    /// Returns the effect if it is of this kind.
    pub fn as_kind<K: EffectKind>(&self) -> Option<&K> {
        let effect: &dyn Any = &*self.0;
        effect.downcast_ref()
    }

    /// Returns the effect if it is of this kind, to change it.
    pub fn as_kind_mut<K: EffectKind>(&mut self) -> Option<&mut K> {
        let effect: &mut dyn Any = &mut *self.0;
        effect.downcast_mut()
    }

    /// Applies the effect, unless its change has been made already.
    ///
    /// # Errors
    /// The effect cannot be applied; the failure has a remedy if one is known.
    pub fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        self.0.apply(context)
    }

    /// Returns the properties by which the host treats the effect.
    pub fn properties(&self) -> Properties {
        self.0.properties()
    }

    /// Whether applying the effect mostly waits for something other than a processor of this
    /// machine.
    pub fn waits(&self) -> bool {
        self.properties().waits
    }

    /// Returns the work of making a key or signing a certificate, in keys of 2048 bits; 0 for an
    /// effect that does neither.
    pub fn crypto_work(&self) -> usize {
        self.properties().crypto_work
    }

    /// Returns the effect as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        self.0.to_json()
    }

    /// Returns the SHA-256 of the effect as JSON, in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        let data = self.to_json();
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
            Some(Inverse::RemoveFile(_) | Inverse::RemoveDirectory(_) | Inverse::RemoveTree(_))
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
