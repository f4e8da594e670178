//! A node's files as they would be: a scratch tree on top, and below it a tree that is only read.
use crate::world::{
    Files, OpenFile, Territory, Tried,
    files::{Confined, FileAction, MAX_READ, RootedFiles, is_searchable},
};
use kubephase_wit::{Failure, FileMeta};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Mutex, PoisonError},
};

pub struct Overlay {
    upper: RootedFiles,
    lower: RootedFiles,
    /// removed here with all below them, though still there in the lower tree
    gone: Mutex<BTreeSet<String>>,
    /// changed hands here with all below them
    given: Mutex<BTreeMap<String, (u32, u32)>>,
}

impl Overlay {
    pub fn new(upper: RootedFiles, lower: RootedFiles) -> Self {
        Overlay {
            upper,
            lower,
            gone: Mutex::default(),
            given: Mutex::default(),
        }
    }

    fn is_gone(&self, path: &str) -> bool {
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        Path::new(path)
            .ancestors()
            .any(|above| above.to_str().is_some_and(|above| gone.contains(above)))
    }

    /// A file of the lower tree that is to be changed is copied up first.
    fn raise(&self, path: &str) -> Tried<()> {
        if self.upper.stat(path)?.is_some() || self.is_gone(path) {
            return Ok(());
        }
        self.raise_parents(path)?;
        match self.stat(path)? {
            Some(meta) if meta.kind == "file" => self.upper.write(
                path,
                &self.lower.read(path)?,
                meta.mode,
                Some((meta.uid, meta.gid)),
            ),
            Some(meta) if meta.kind == "directory" => self.upper.make_dir(path, meta.mode),
            _ => Ok(()),
        }
    }

    /// Who has what is at a path of the lower tree by now.
    fn given(&self, path: &str) -> Option<(u32, u32)> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        Path::new(path)
            .ancestors()
            .find_map(|above| given.get(above.to_str()?))
            .copied()
    }

    /// Whichever tree has it.
    fn holder(&self, path: &str) -> Tried<&RootedFiles> {
        let above = self.upper.stat(path)?.is_some() || self.is_gone(path);
        Ok(if above { &self.upper } else { &self.lower })
    }
}

/// A file of either tree, opened once.
struct OverlayFile<'a> {
    overlay: &'a Overlay,
    path: String,
    /// what the upper tree has, which hides what the lower one has
    upper: Option<Box<dyn OpenFile + 'a>>,
    lower: Option<Box<dyn OpenFile + 'a>>,
    meta: FileMeta,
    public: bool,
}

impl OverlayFile<'_> {
    fn top(&self) -> Tried<&dyn OpenFile> {
        let top = self.upper.as_ref().or(self.lower.as_ref());
        top.map(AsRef::as_ref)
            .ok_or_else(|| Overlay::missing(&self.path))
    }
}

impl OpenFile for OverlayFile<'_> {
    fn real_path(&self) -> String {
        self.top().map(OpenFile::real_path).unwrap_or_default()
    }

    fn meta(&self) -> FileMeta {
        self.meta.clone()
    }

    fn is_public(&self) -> bool {
        self.public
    }

    fn read(&self, limit: u64) -> Tried<Vec<u8>> {
        self.top()?.read(limit)
    }

    fn reader(&self) -> Tried<Box<dyn std::io::Read>> {
        self.top()?.reader()
    }

    fn list(&self) -> Tried<Vec<String>> {
        let upper = self
            .upper
            .as_ref()
            .map_or(Ok(Vec::new()), |upper| upper.list())?;
        let lower = self
            .lower
            .as_ref()
            .map_or(Ok(Vec::new()), |lower| lower.list())?;
        let is_there = |name: &String| {
            !self
                .overlay
                .is_gone(&format!("{}/{name}", self.path.trim_end_matches('/')))
        };
        let names: BTreeSet<String> = lower.into_iter().filter(is_there).chain(upper).collect();
        Ok(names.into_iter().collect())
    }
}

/// An overlay as a plugin's effects reach it: both trees have to admit what an effect is about to
/// do.
struct ConfinedOverlay<'a> {
    overlay: &'a Overlay,
    upper: Confined<'a>,
    lower: Confined<'a>,
}

impl ConfinedOverlay<'_> {
    fn check(&self, path: &str, action: FileAction) -> Tried<()> {
        self.upper.check(path, action)?;
        if self.overlay.is_gone(path) {
            Ok(())
        } else {
            self.lower.check(path, action)
        }
    }
}

impl Files for ConfinedOverlay<'_> {
    fn open(&self, path: &str) -> Tried<Box<dyn OpenFile + '_>> {
        self.check(path, FileAction::Look)?;
        let lower = || self.lower.open(path);
        self.overlay.open_with(path, self.upper.open(path), lower)
    }

    fn open_shown(&self, path: &str, territory: &Territory) -> Tried<Box<dyn OpenFile + '_>> {
        self.check(path, FileAction::Look)?;
        let lower = || self.lower.open_shown(path, territory);
        self.overlay
            .open_with(path, self.upper.open_shown(path, territory), lower)
    }

    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a> {
        let (upper, lower) = (self.upper.with(territory), self.lower.with(territory));
        Box::new(ConfinedOverlay {
            overlay: self.overlay,
            upper,
            lower,
        })
    }

    fn stat(&self, path: &str) -> Tried<Option<FileMeta>> {
        match self.open(path) {
            Ok(opened) => Ok(Some(opened.meta())),
            Err(failure) if failure.code == "not-found" => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn read(&self, path: &str) -> Tried<Vec<u8>> {
        self.open(path)?.read(MAX_READ)
    }

    fn real_path(&self, path: &str) -> Tried<String> {
        Ok(self.open(path)?.real_path())
    }

    fn list(&self, path: &str) -> Tried<Vec<String>> {
        self.open(path)?.list()
    }

    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        self.check(path, FileAction::Write { mode })?;
        self.overlay.write(path, content, mode, owner)
    }

    fn make_dir(&self, path: &str, mode: u32) -> Tried<()> {
        self.check(path, FileAction::MakeDirectory { mode })?;
        self.overlay.make_dir(path, mode)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        self.check(path, FileAction::SetMode { mode })?;
        self.overlay.set_mode(path, mode, owner)
    }

    fn give(&self, path: &str, owner: (u32, u32)) -> Tried<bool> {
        self.upper.give(path, owner)
    }

    fn remove(&self, path: &str) -> Tried<()> {
        self.check(path, FileAction::RemoveFile)?;
        self.overlay.remove(path)
    }

    fn remove_all(&self, path: &str) -> Tried<()> {
        self.upper.remove_all(path)
    }

    fn remove_dir(&self, path: &str) -> Tried<()> {
        self.check(path, FileAction::RemoveDirectory)?;
        self.overlay.remove_dir(path)
    }
}

impl Overlay {
    fn missing(path: &str) -> Failure {
        Failure::new("not-found", format!("{path} does not exist"))
    }

    /// Puts together what the two trees have at a path.
    fn open_with<'a>(
        &'a self,
        path: &str,
        upper: Tried<Box<dyn OpenFile + 'a>>,
        lower: impl FnOnce() -> Tried<Box<dyn OpenFile + 'a>>,
    ) -> Tried<Box<dyn OpenFile + 'a>> {
        let is_there = |opened: Tried<Box<dyn OpenFile + 'a>>| match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(failure) if failure.code == "not-found" => Ok(None),
            Err(failure) => Err(failure),
        };
        let above = is_there(upper)?;
        let hides = above
            .as_ref()
            .is_some_and(|above| above.meta().kind != "directory");
        let below = if hides || self.is_gone(path) {
            None
        } else {
            is_there(lower())?
        };
        let (meta, public) = match (&above, &below) {
            (Some(above), _) => (above.meta(), above.is_public()),
            (None, Some(below)) => {
                let meta = below.meta();
                let (uid, gid) = self.given(path).unwrap_or((meta.uid, meta.gid));
                (
                    FileMeta { uid, gid, ..meta },
                    below.is_public() && self.is_reached_by_all(&below.real_path())?,
                )
            }
            (None, None) => return Err(Overlay::missing(path)),
        };
        Ok(Box::new(OverlayFile {
            overlay: self,
            path: path.to_owned(),
            upper: above,
            lower: below,
            meta,
            public,
        }))
    }

    /// Whether directories of the upper tree that are on the way to a path let every local user
    /// search them: the mode of one may have been changed here.
    fn is_reached_by_all(&self, path: &str) -> Tried<bool> {
        for above in Path::new(path)
            .ancestors()
            .skip(1)
            .filter_map(Path::to_str)
            .filter(|above| *above != "/")
        {
            if self
                .upper
                .stat(above)?
                .is_some_and(|meta| !is_searchable(meta.mode))
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes the directories above a path in the upper tree as they are in the lower one, with
    /// their modes and owners.
    fn raise_parents(&self, path: &str) -> Tried<()> {
        let above: Vec<&str> = Path::new(path)
            .ancestors()
            .skip(1)
            .filter_map(Path::to_str)
            .filter(|above| *above != "/")
            .collect();
        for directory in above.into_iter().rev() {
            if self.upper.stat(directory)?.is_some() {
                continue;
            }
            let Some(meta) = self
                .stat(directory)?
                .filter(|meta| meta.kind == "directory")
            else {
                return Ok(());
            };
            self.upper.make_dir(directory, meta.mode)?;
            self.upper
                .set_mode(directory, meta.mode, Some((meta.uid, meta.gid)))?;
        }
        Ok(())
    }
}

impl Files for Overlay {
    fn open(&self, path: &str) -> Tried<Box<dyn OpenFile + '_>> {
        self.open_with(path, self.upper.open(path), || self.lower.open(path))
    }

    fn open_shown(&self, path: &str, territory: &Territory) -> Tried<Box<dyn OpenFile + '_>> {
        let lower = || self.lower.open_shown(path, territory);
        self.open_with(path, self.upper.open_shown(path, territory), lower)
    }

    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a> {
        let [upper, lower] =
            [&self.upper, &self.lower].map(|files| Confined::new(files, territory));
        Box::new(ConfinedOverlay {
            overlay: self,
            upper,
            lower,
        })
    }

    fn stat(&self, path: &str) -> Tried<Option<FileMeta>> {
        let above = self.upper.stat(path)?;
        if above.is_some() || self.is_gone(path) {
            return Ok(above);
        }
        let seen = self.lower.stat(path)?;
        Ok(seen.map(|meta| match self.given(path) {
            Some((uid, gid)) => FileMeta { uid, gid, ..meta },
            None => meta,
        }))
    }

    fn read(&self, path: &str) -> Tried<Vec<u8>> {
        self.holder(path)?.read(path)
    }

    fn real_path(&self, path: &str) -> Tried<String> {
        self.holder(path)?.real_path(path)
    }

    fn list(&self, path: &str) -> Tried<Vec<String>> {
        let mut names = BTreeSet::new();
        let above = self.upper.stat(path)?.is_some();
        if above {
            names.extend(self.upper.list(path)?);
        }
        let below = !self.is_gone(path) && self.lower.stat(path)?.is_some();
        if below {
            let here =
                |name: &String| !self.is_gone(&format!("{}/{name}", path.trim_end_matches('/')));
            names.extend(self.lower.list(path)?.into_iter().filter(here));
        }
        if above || below {
            Ok(names.into_iter().collect())
        } else {
            Err(Failure::new("not-found", format!("{path} does not exist")))
        }
    }

    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        self.raise_parents(path)?;
        self.upper.write(path, content, mode, owner)
    }

    fn make_dir(&self, path: &str, mode: u32) -> Tried<()> {
        self.raise(path)?;
        self.raise_parents(path)?;
        self.upper.make_dir(path, mode)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        self.raise(path)?;
        self.upper.set_mode(path, mode, owner)
    }

    fn give(&self, path: &str, owner: (u32, u32)) -> Tried<bool> {
        let above = self.upper.stat(path)?.is_some();
        let mut changed = above && self.upper.give(path, owner)?;
        if !self.is_gone(path) && self.lower.stat(path)?.is_some() {
            changed |=
                self.given(path) != Some(owner) && self.lower.hand_over(path, owner, false)?;
            let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            given.retain(|earlier, _| !Path::new(earlier).starts_with(path));
            given.insert(path.to_owned(), owner);
        } else if !above {
            return Err(Failure::new("not-found", format!("{path} does not exist")));
        }
        Ok(changed)
    }

    fn remove(&self, path: &str) -> Tried<()> {
        if self.upper.stat(path)?.is_some() {
            self.upper.remove(path)?;
        }
        self.gone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned());
        Ok(())
    }

    fn remove_all(&self, path: &str) -> Tried<()> {
        self.upper.remove_all(path)?;
        self.gone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
