//! An overlay as effects of plugins see it: both trees have to allow what an effect is about to do.
use super::{Overlay, opened::none_if_not_found};
use crate::world::{
    Files, OpenFile, Territory, WorldResult,
    files::{Confined, FileAction, MAX_READ},
};
use kubephase_wit::FileMeta;

/// An overlay as effects of plugins see it.
pub(super) struct ConfinedOverlay<'a> {
    pub(super) overlay: &'a Overlay,
    pub(super) upper: Confined<'a>,
    pub(super) lower: Confined<'a>,
}

impl ConfinedOverlay<'_> {
    fn check(&self, path: &str, action: FileAction) -> WorldResult<()> {
        self.upper.check(path, action)?;
        if self.overlay.is_removed(path) {
            Ok(())
        } else {
            self.lower.check(path, action)
        }
    }
}

impl Files for ConfinedOverlay<'_> {
    fn open(&self, path: &str) -> WorldResult<Box<dyn OpenFile + '_>> {
        self.check(path, FileAction::Read)?;
        self.overlay
            .open_with(path, self.upper.open(path), || self.lower.open(path))
    }

    fn open_for_plugin(
        &self,
        path: &str,
        territory: &Territory,
    ) -> WorldResult<Box<dyn OpenFile + '_>> {
        self.check(path, FileAction::Read)?;
        self.overlay
            .open_with(path, self.upper.open_for_plugin(path, territory), || {
                self.lower.open_for_plugin(path, territory)
            })
    }

    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a> {
        let (upper, lower) = (
            self.upper.without_files_of(territory),
            self.lower.without_files_of(territory),
        );
        Box::new(ConfinedOverlay {
            overlay: self.overlay,
            upper,
            lower,
        })
    }

    fn stat(&self, path: &str) -> WorldResult<Option<FileMeta>> {
        Ok(none_if_not_found(self.open(path))?.map(|opened| opened.meta()))
    }

    fn read(&self, path: &str) -> WorldResult<Vec<u8>> {
        self.open(path)?.read(MAX_READ)
    }

    fn real_path(&self, path: &str) -> WorldResult<String> {
        Ok(self.open(path)?.real_path())
    }

    fn list(&self, path: &str) -> WorldResult<Vec<String>> {
        self.open(path)?.list()
    }

    fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> WorldResult<()> {
        self.check(path, FileAction::Write { mode })?;
        self.overlay.write(path, content, mode, owner)
    }

    fn make_dir(&self, path: &str, mode: u32) -> WorldResult<()> {
        self.check(path, FileAction::MakeDirectory { mode })?;
        self.overlay.make_dir(path, mode)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> WorldResult<()> {
        self.check(path, FileAction::SetMode { mode })?;
        self.overlay.set_mode(path, mode, owner)
    }

    fn chown_recursive(&self, path: &str, owner: (u32, u32)) -> WorldResult<bool> {
        self.upper.chown_recursive(path, owner)
    }

    fn remove(&self, path: &str) -> WorldResult<()> {
        self.check(path, FileAction::RemoveFile)?;
        self.overlay.remove(path)
    }

    fn remove_all(&self, path: &str) -> WorldResult<()> {
        self.upper.remove_all(path)
    }

    fn remove_dir(&self, path: &str) -> WorldResult<()> {
        self.check(path, FileAction::RemoveDirectory)?;
        self.overlay.remove_dir(path)
    }
}
