//! What every kind of effect says about itself. All of it is required, so the compiler names what
//! is missing of a new kind.
use super::{Context, Done};
use crate::{
    wasm::grant::Grant,
    world::{Tried, object_ref},
};
use kubephase_sdk::undo::Inverse;
use kubephase_wit::ObjectRef;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of effect: what is to be changed, as data.
pub trait EffectKind {
    /// Returns what the host has to know of the effect.
    fn properties(&self) -> Properties;

    /// Decides whether a plugin with this grant may have the effect.
    ///
    /// # Errors
    /// The part of the effect that was not granted.
    fn check_grant(&self, grant: &Grant) -> Result<(), String>;

    /// Makes it so where it is not so already.
    ///
    /// # Errors
    /// What could not be done, where, and the remedy where one is known.
    fn apply(&self, context: &Context) -> Tried<Done>;
}

/// What the host has to know of an effect.
pub struct Properties {
    /// the kind, as events and journals name it: `file`, `certificate`, `object`
    pub kind: &'static str,
    pub target: Target,
    pub files: FileProperties,
    /// whether it mostly waits for something else than this machine's processor
    pub waits: bool,
    /// the work of making its keys and signing its certificates, in keys of 2048 bits
    pub key_work: usize,
    pub undo: Undo,
    /// the inverse of earlier effects that this effect is: once it is carried out, nobody has to
    /// undo them again
    pub undoes: Option<Inverse>,
}

/// The files that an effect leaves, and what it reaches of the host's files.
pub struct FileProperties {
    /// files and directories that are there once the effect is carried out
    pub paths: Vec<String>,
    /// whose the content of these files is
    pub content: Content,
    /// what of the host's the effect reaches if a plugin proposes it
    pub host_uses: Vec<HostUse>,
}

impl FileProperties {
    /// The effect makes no file, and no plugin reaches files by it.
    pub fn none() -> FileProperties {
        FileProperties::of_host(Vec::new())
    }

    /// The effect leaves files with the host's content. Only built-in phases propose it.
    pub fn of_host(paths: Vec<String>) -> FileProperties {
        FileProperties {
            paths,
            content: Content::OfHost,
            host_uses: Vec::new(),
        }
    }

    /// The effect changes what is at one path.
    pub fn changed(path: &str, content: Content) -> FileProperties {
        FileProperties {
            paths: vec![path.to_owned()],
            content,
            host_uses: vec![HostUse::Changes(path.to_owned())],
        }
    }
}

/// What an effect is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Path(String),
    Object(ObjectRef),
    /// neither: a service, a kernel parameter, what is waited for
    Other(String),
}

impl Target {
    /// The target as the cases of plugins name it: `ConfigMap kube-system/x`.
    pub fn of_case(&self) -> String {
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
    /// The target as events name it: `configmaps kube-system/x`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Path(text) | Target::Other(text) => f.write_str(text),
            Target::Object(of) => f.write_str(&object_ref::target(of)),
        }
    }
}

/// Whose the content of files is that an effect changes. A plugin may let more users use a file
/// only if the content is the plugin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// the proposing phase's: the whole of the file
    OfProposer,
    /// the proposing phase's where the effect makes something new: an empty directory
    OfProposerIfNew,
    /// the host's, whoever proposed the effect: keys, certificates, kubeconfigs; also of an effect
    /// that changes no file
    OfHost,
    /// as before
    Unchanged,
}

/// What of the host's an effect of a plugin reaches.
pub enum HostUse {
    /// changes what is at a path
    Changes(String),
    /// makes a key or certificate: the certificates directory and the base name
    Makes { directory: String, name: String },
    /// signs with an authority: the certificates directory and the base name
    SignsWith { directory: String, name: String },
    /// makes a certificate that is valid for so many seconds
    IsValidFor {
        path: String,
        seconds: i64,
        is_authority: bool,
    },
}

/// What undoes an effect. The journal keeps it with the effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// nothing that `reset` does by the journal
    #[default]
    Nothing,
    /// removing the files and directories that the effect made and that were not there before
    RemoveCreated,
    /// another effect, if this effect changed anything
    By(Inverse),
}

/// Refuses an effect that only phases of the distribution propose.
///
/// # Errors
/// Always.
pub fn refuse_to_plugins() -> Result<(), String> {
    Err("only built-in phases may propose this".into())
}
