//! Objects of the API, as kinds of effects.
use super::{delete, ensure, patch, reference};
use crate::{
    arguments::ObjectName,
    effect::{
        Context, Done,
        kind::{Content, EffectKind, Properties, Target, Undo},
    },
    wasm::{
        gate::{APPLY_OBJECT, DELETE_OBJECT, PATCH_OBJECT},
        grant::{Change, Grant},
    },
    world::Tried,
};
use kubephase_wit::ObjectRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// An object of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    pub manifest: Value,
    pub if_exists: IfExists,
}

/// A strategic merge patch of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    pub of: ObjectRef,
    pub patch: Value,
}

/// An object that is not to be there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delete {
    pub of: ObjectRef,
}

/// The properties of an effect on an object of the cluster. `reset` of a node leaves the cluster's
/// objects as they are.
fn properties(kind: &'static str, target: Target) -> Properties {
    Properties {
        kind,
        target,
        paths: Vec::new(),
        content: Content::OfHost,
        claims: Vec::new(),
        waits: true,
        key_work: 0,
        undo: Undo::Nothing,
        undoes: None,
    }
}

impl EffectKind for Object {
    fn properties(&self) -> Properties {
        let target = reference(&self.manifest)
            .map_or_else(|failure| Target::Other(failure.message), Target::Object);
        properties("object", target)
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        let of = reference(&self.manifest).map_err(|failure| failure.message)?;
        let change = match self.if_exists {
            IfExists::Apply => Change::Part(&self.manifest),
            IfExists::Update | IfExists::Retain => Change::Whole(&self.manifest),
        };
        grant.allows_object(&APPLY_OBJECT.row, &ObjectName::parse(&of)?, change)
    }

    fn enact(&self, context: &Context) -> Tried<Done> {
        ensure(&self.manifest, self.if_exists, context.world.cluster())
    }
}

impl EffectKind for Patch {
    fn properties(&self) -> Properties {
        properties("patch", Target::Object(self.of.clone()))
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        let (of, change) = (ObjectName::parse(&self.of)?, Change::Part(&self.patch));
        grant.allows_object(&PATCH_OBJECT.row, &of, change)
    }

    fn enact(&self, context: &Context) -> Tried<Done> {
        patch(&self.of, &self.patch, context.world.cluster())
    }
}

impl EffectKind for Delete {
    fn properties(&self) -> Properties {
        properties("delete", Target::Object(self.of.clone()))
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        let of = ObjectName::parse(&self.of)?;
        grant.allows_object(&DELETE_OBJECT.row, &of, Change::Deletion)
    }

    fn enact(&self, context: &Context) -> Tried<Done> {
        delete(&self.of, context.world.cluster())
    }
}
