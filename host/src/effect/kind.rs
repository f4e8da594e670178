//! The interface of a kind of effect. All of it is required, so the compiler names the parts that a
//! new kind lacks.
use super::{Context, EffectOutcome};
use crate::{
    wasm::grant::Grant,
    world::{WorldResult, object_ref},
};
use kubephase_sdk::undo::Inverse;
use kubephase_wit::ObjectRef;
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt};

/// A kind of effect: an intended change, as data.
pub trait EffectKind: EffectData {
    /// Returns the properties by which the host treats the effect.
    fn properties(&self) -> Properties;

    /// Decides whether a plugin with this grant may have the effect.
    ///
    /// # Errors
    /// Names the part of the effect that was not granted.
    fn check_grant(&self, grant: &Grant) -> Result<(), String>;

    /// Applies the effect, unless its change has been made already.
    ///
    /// # Errors
    /// The effect cannot be applied; the failure has a remedy if one is known.
    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome>;
}

/// The operations on the data of an effect that do not depend on its kind. Derived traits implement
/// it for every kind.
pub trait EffectData: Any + fmt::Debug + Send + Sync {
    /// Returns a copy.
    fn copy(&self) -> Box<dyn EffectKind>;

    /// Whether the other effect is of the same kind and has the same data.
    fn equals(&self, other: &dyn EffectKind) -> bool;

    /// Returns the data as JSON, with the name of the kind.
    fn to_json(&self) -> Vec<u8>;
}

#[derive(Serialize)]
struct NamedData<'a, K> {
    effect: &'static str,
    #[serde(flatten)]
    data: &'a K,
}

impl<K: EffectKind + Clone + PartialEq + Serialize> EffectData for K {
    fn copy(&self) -> Box<dyn EffectKind> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn EffectKind) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref() == Some(self)
    }

    fn to_json(&self) -> Vec<u8> {
        let effect = self.properties().kind;
        serde_json::to_vec(&NamedData { effect, data: self }).unwrap_or_default()
    }
}

/// The properties by which the host treats an effect.
pub struct Properties {
    /// the kind, as events and journals name it: `file`, `certificate`, `object`
    pub kind: &'static str,
    pub target: Target,
    pub files: FileProperties,
    /// whether it mostly waits for something other than a processor of this machine
    pub waits: bool,
    /// the work of making its keys and signing its certificates, in keys of 2048 bits
    pub crypto_work: usize,
    pub undo: Undo,
    /// the inverse that this effect carries out: once the effect is applied, `reset` need not undo
    /// the earlier effects that have this inverse
    pub undoes: Option<Inverse>,
}

/// The files that an effect makes or changes, and its uses of the host's files.
pub struct FileProperties {
    /// files and directories that exist once the effect is applied
    pub paths: Vec<String>,
    /// the owner of the content of these files
    pub content: Content,
    /// the uses of the host's files if a plugin proposes the effect
    pub host_uses: Vec<HostUse>,
}

impl FileProperties {
    /// Properties of an effect that makes no file, and by which no plugin reaches files.
    pub fn none() -> FileProperties {
        FileProperties::of_host(Vec::new())
    }

    /// Properties of an effect that makes files with the host's content. Only built-in phases
    /// propose it.
    pub fn of_host(paths: Vec<String>) -> FileProperties {
        FileProperties {
            paths,
            content: Content::OfHost,
            host_uses: Vec::new(),
        }
    }

    /// Properties of an effect that changes the file or directory at one path.
    pub fn of_change(path: &str, content: Content) -> FileProperties {
        FileProperties {
            paths: vec![path.to_owned()],
            content,
            host_uses: vec![HostUse::Changes(path.to_owned())],
        }
    }
}

/// The thing that an effect changes or waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Path(String),
    Object(ObjectRef),
    /// neither of these: a service, a kernel parameter, a condition
    Other(String),
}

impl Target {
    /// Returns the name of the target in the cases of plugins: `ConfigMap kube-system/x`.
    pub fn case_name(&self) -> String {
        match self {
            Target::Path(text) | Target::Other(text) => text.clone(),
            Target::Object(of) => {
                let namespace = of.namespace.as_deref().unwrap_or_default();
                kubephase_sdk::testing::target(&of.kind, namespace, &of.name)
            }
        }
    }
}

impl fmt::Display for Target {
    /// Writes the name of the target in events: `configmaps kube-system/x`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Path(text) | Target::Other(text) => f.write_str(text),
            Target::Object(of) => f.write_str(&object_ref::target(of)),
        }
    }
}

/// The owner of the content of the files that an effect changes. A plugin may let more users use a
/// file only if the content is the plugin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// the proposing phase owns the whole content
    OfProposer,
    /// the proposing phase owns it if the effect makes something new: an empty directory
    OfProposerIfNew,
    /// the host owns it, also if a plugin proposed the effect: keys, certificates, kubeconfigs;
    /// also the value for an effect that changes no file
    OfHost,
    /// the owner stays
    Unchanged,
}

/// A use of the host's files by an effect of a plugin.
pub enum HostUse {
    /// changes the file or directory at a path
    Changes(String),
    /// makes a key or certificate: the certificates directory and the base name
    Makes { directory: String, name: String },
    /// signs with an authority: the certificates directory and the base name
    SignsWith { directory: String, name: String },
    /// makes a certificate that is valid for this number of seconds
    IsValidFor {
        path: String,
        seconds: i64,
        is_authority: bool,
    },
}

/// The way to undo an effect. The journal keeps it with the effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// `reset` does not undo it by the journal
    #[default]
    Nothing,
    /// `reset` removes the files and directories that the effect made new
    RemoveCreated,
    /// `reset` applies this inverse if the effect changed anything
    By(Inverse),
}

/// Refuses an effect that only built-in phases may propose.
///
/// # Errors
/// Always.
pub fn refuse_to_plugins() -> Result<(), String> {
    Err("only built-in phases may propose this".into())
}
