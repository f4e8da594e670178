//! Implements `EffectKind` for effects on objects of the API.
use super::{IfExists, apply_patch, delete, ensure, owner::Claim};
use crate::{
    arguments::ObjectName,
    effect::{
        Context, EffectOutcome,
        kind::{EffectKind, FileProperties, Properties, Target, Undo},
    },
    wasm::{
        gate::{APPLY_OBJECT, DELETE_OBJECT, PATCH_OBJECT},
        grant::{Grant, ObjectChange, ObjectContent},
    },
    world::{Cluster, WorldResult, object_ref::reference},
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// The deletion of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delete {
    pub of: ObjectRef,
}

/// Returns the properties of an effect on an object of the cluster. A `reset` of a node does not
/// change the cluster's objects.
fn properties(kind: &'static str, target: Target) -> Properties {
    Properties {
        kind,
        target,
        files: FileProperties::none(),
        waits: true,
        crypto_work: 0,
        undo: Undo::Nothing,
        undoes: None,
    }
}

/// Returns the API with the credentials of this machine's kubelet, if the object is the Node of a
/// worker that has joined: the token of a worker may not change its Node.
fn as_kubelet(object: &ObjectRef, context: &Context) -> WorldResult<Option<Box<dyn Cluster>>> {
    let config = context.config;
    let is_own = object.kind == "Node" && object.name == config.init.node_registration.name;
    let kubeconfig = format!("{}/kubelet.conf", config.run.kubeconfig_dir);
    let world = context.world;
    if context.grant.is_some()
        || !config.is_worker()
        || !is_own
        || world.files().stat(&kubeconfig)?.is_none()
    {
        return Ok(None);
    }
    world.cluster().with_kubeconfig(&kubeconfig).map(Some)
}

/// Returns the claim that has to hold before an effect changes an object; `None` if the effect may
/// change any object.
fn claim(
    context: &Context,
    change: Result<ObjectChange<'_>, String>,
) -> WorldResult<Option<Claim>> {
    let Some(grant) = context.grant else {
        return Ok(None);
    };
    let change = change.map_err(|why| Failure::new(FailureCode::Invalid, why))?;
    Ok(Claim::for_change(grant, &change))
}

impl Object {
    fn change(&self) -> Result<ObjectChange<'_>, String> {
        let object = reference(&self.manifest).map_err(|failure| failure.message)?;
        Ok(ObjectChange {
            row: &APPLY_OBJECT.row,
            of: ObjectName::parse(&object)?,
            content: match self.if_exists {
                IfExists::Apply => ObjectContent::Part(&self.manifest),
                IfExists::Update | IfExists::Retain => ObjectContent::Whole(&self.manifest),
            },
        })
    }
}

impl EffectKind for Object {
    fn properties(&self) -> Properties {
        let target = reference(&self.manifest)
            .map_or_else(|failure| Target::Other(failure.message), Target::Object);
        properties("object", target)
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows_object(&self.change()?)
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let cluster = context.world.cluster();
        match claim(context, self.change())? {
            Some(claim) => claim.ensure(&self.manifest, self.if_exists, cluster, context.cancel),
            None => ensure(&self.manifest, self.if_exists, cluster),
        }
    }
}

impl Patch {
    fn change(&self) -> Result<ObjectChange<'_>, String> {
        Ok(ObjectChange {
            row: &PATCH_OBJECT.row,
            of: ObjectName::parse(&self.of)?,
            content: ObjectContent::Patch(&self.patch),
        })
    }
}

impl EffectKind for Patch {
    fn properties(&self) -> Properties {
        properties("patch", Target::Object(self.of.clone()))
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows_object(&self.change()?)
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let cluster = context.world.cluster();
        match claim(context, self.change())? {
            Some(claim) => claim.patch(&self.of, &self.patch, cluster, context.cancel),
            None => match as_kubelet(&self.of, context)? {
                Some(cluster) => apply_patch(&self.of, &self.patch, cluster.as_ref()),
                None => apply_patch(&self.of, &self.patch, cluster),
            },
        }
    }
}

impl Delete {
    fn change(&self) -> Result<ObjectChange<'_>, String> {
        Ok(ObjectChange {
            row: &DELETE_OBJECT.row,
            of: ObjectName::parse(&self.of)?,
            content: ObjectContent::Deleted,
        })
    }
}

impl EffectKind for Delete {
    fn properties(&self) -> Properties {
        properties("delete", Target::Object(self.of.clone()))
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows_object(&self.change()?)
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let cluster = context.world.cluster();
        match claim(context, self.change())? {
            Some(claim) => claim.delete(&self.of, cluster, context.cancel),
            None => delete(&self.of, cluster),
        }
    }
}
