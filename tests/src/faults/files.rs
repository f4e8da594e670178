//! A file tree whose operations fail on purpose.
use super::Faults;
use kubephase::{
    cancel::Cancel,
    world::{Files, FillFile, OpenFile, Territory, World, WorldResult},
};
use kubephase_wit::FileMeta;
use std::{os::fd::OwnedFd, sync::Arc};

/// The file tree of a world, or a plugin's view of it.
pub(super) struct FaultyFiles<'a> {
    source: Source<'a>,
    faults: Arc<Faults>,
}

enum Source<'a> {
    World(Arc<dyn World>),
    View(Box<dyn Files + 'a>),
}

impl FaultyFiles<'_> {
    pub fn of_world(world: Arc<dyn World>, faults: Arc<Faults>) -> Self {
        FaultyFiles {
            source: Source::World(world),
            faults,
        }
    }

    fn inner(&self) -> &dyn Files {
        match &self.source {
            Source::World(world) => world.files(),
            Source::View(files) => files.as_ref(),
        }
    }
}

impl Files for FaultyFiles<'_> {
    fn open(&self, path: &str) -> WorldResult<Box<dyn OpenFile + '_>> {
        let open = || self.inner().open(path);
        self.faults.around("files.open", path, open)
    }

    fn open_for_plugin(
        &self,
        path: &str,
        territory: &Territory,
    ) -> WorldResult<Box<dyn OpenFile + '_>> {
        let open = || self.inner().open_for_plugin(path, territory);
        self.faults.around("files.open", path, open)
    }

    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a> {
        Box::new(FaultyFiles {
            source: Source::View(self.inner().confined(territory)),
            faults: self.faults.clone(),
        })
    }

    fn stat(&self, path: &str) -> WorldResult<Option<FileMeta>> {
        self.faults
            .around("files.stat", path, || self.inner().stat(path))
    }

    fn read(&self, path: &str) -> WorldResult<Vec<u8>> {
        self.faults
            .around("files.read", path, || self.inner().read(path))
    }

    fn real_path(&self, path: &str) -> WorldResult<String> {
        let find = || self.inner().real_path(path);
        self.faults.around("files.real-path", path, find)
    }

    fn list(&self, path: &str) -> WorldResult<Vec<String>> {
        self.faults
            .around("files.list", path, || self.inner().list(path))
    }

    fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> WorldResult<()> {
        let write = || self.inner().write(path, content, mode, owner);
        self.faults.around("files.write", path, write)
    }

    fn write_in_parts(&self, path: &str, mode: u32, fill: &mut FillFile<'_>) -> WorldResult<()> {
        let write = || self.inner().write_in_parts(path, mode, fill);
        self.faults.around("files.write", path, write)
    }

    fn move_directory(&self, from: &str, to: &str) -> WorldResult<()> {
        let give = || self.inner().move_directory(from, to);
        self.faults.around("files.move", from, give)
    }

    fn lock(&self, path: &str, cancel: &Cancel) -> WorldResult<Option<OwnedFd>> {
        let lock = || self.inner().lock(path, cancel);
        self.faults.around("files.lock", path, lock)
    }

    fn make_dir(&self, path: &str, mode: u32) -> WorldResult<()> {
        let make = || self.inner().make_dir(path, mode);
        self.faults.around("files.make-dir", path, make)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> WorldResult<()> {
        let set = || self.inner().set_mode(path, mode, owner);
        self.faults.around("files.set-mode", path, set)
    }

    fn chown_recursive(&self, path: &str, owner: (u32, u32)) -> WorldResult<bool> {
        let give = || self.inner().chown_recursive(path, owner);
        self.faults.around("files.chown", path, give)
    }

    fn remove(&self, path: &str) -> WorldResult<()> {
        self.faults
            .around("files.remove", path, || self.inner().remove(path))
    }

    fn remove_all(&self, path: &str) -> WorldResult<()> {
        let remove = || self.inner().remove_all(path);
        self.faults.around("files.remove-all", path, remove)
    }

    fn remove_dir(&self, path: &str) -> WorldResult<()> {
        let remove = || self.inner().remove_dir(path);
        self.faults.around("files.remove-dir", path, remove)
    }
}
