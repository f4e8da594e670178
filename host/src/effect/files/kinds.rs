//! Implements `EffectKind` for the effects on files.
use super::{Directory, File, Mode, Owner, remove};
use crate::{
    effect::{
        Context, EffectOutcome,
        kind::{
            Content, EffectKind, FileProperties, HostUse, Properties, Target, Undo,
            refuse_to_plugins,
        },
    },
    wasm::{
        gate::{Demand, MAKE_DIR, REMOVE_FILE, SET_MODE, WRITE_FILE},
        grant::Grant,
    },
    world::WorldResult,
};
use kubephase_sdk::undo::Inverse;
use serde::{Deserialize, Serialize};

impl EffectKind for Directory {
    fn properties(&self) -> Properties {
        Properties {
            kind: "directory",
            target: Target::Path(self.path.clone()),
            files: FileProperties::of_change(&self.path, Content::OfProposerIfNew),
            waits: false,
            crypto_work: 0,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&MAKE_DIR.row, &[Demand::Path(&self.path)])?;
        grant.allows_mode(&MAKE_DIR.row, &self.path, self.mode)
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        self.ensure(&*context.files()).map(EffectOutcome::from)
    }
}

impl EffectKind for File {
    fn properties(&self) -> Properties {
        Properties {
            kind: "file",
            target: Target::Path(self.path.clone()),
            files: FileProperties::of_change(&self.path, Content::OfProposer),
            waits: false,
            crypto_work: 0,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&WRITE_FILE.row, &[Demand::Path(&self.path)])?;
        grant.allows_mode(&WRITE_FILE.row, &self.path, self.mode)
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        self.ensure(&*context.files()).map(EffectOutcome::from)
    }
}

/// A file or a link that is to be removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoveFile {
    pub path: String,
}

impl EffectKind for RemoveFile {
    fn properties(&self) -> Properties {
        let path = self.path.clone();
        Properties {
            kind: "remove-file",
            target: Target::Path(self.path.clone()),
            files: FileProperties {
                paths: Vec::new(),
                content: Content::OfHost,
                host_uses: vec![HostUse::Changes(self.path.clone())],
            },
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: Some(Inverse::RemoveFile(path)),
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&REMOVE_FILE.row, &[Demand::Path(&self.path)])
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        remove(&self.path, &*context.files()).map(EffectOutcome::from)
    }
}

impl EffectKind for Mode {
    fn properties(&self) -> Properties {
        Properties {
            kind: "mode",
            target: Target::Path(self.path.clone()),
            files: FileProperties::of_change(&self.path, Content::Unchanged),
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&SET_MODE.row, &[Demand::Path(&self.path)])?;
        grant.allows_mode(&SET_MODE.row, &self.path, self.mode)
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let may_widen = (context.may_widen)(&self.path);
        self.ensure(&*context.files(), may_widen)
            .map(EffectOutcome::from)
    }
}

impl EffectKind for Owner {
    fn properties(&self) -> Properties {
        Properties {
            kind: "owner",
            target: Target::Path(self.path.clone()),
            files: FileProperties::none(),
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        self.ensure(&*context.files()).map(EffectOutcome::from)
    }
}

/// The manifest of a static Pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaticPod {
    pub name: String,
    pub file: File,
}

impl EffectKind for StaticPod {
    fn properties(&self) -> Properties {
        Properties {
            kind: "static-pod",
            target: Target::Path(self.file.path.clone()),
            files: FileProperties::of_host(vec![self.file.path.clone()]),
            waits: false,
            crypto_work: 0,
            undo: Undo::RemoveCreated,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        self.file
            .ensure(context.world.files())
            .map(EffectOutcome::from)
    }
}
