//! The overlay as [`Files`].
use super::{Overlay, child_path, confined::ConfinedOverlay, not_found};
use crate::world::{Files, FillFile, OpenFile, Territory, WorldResult, files::Confined};
use kubephase_wit::{Failure, FailureCode, FileMeta};
use std::{collections::BTreeSet, path::Path};

impl Files for Overlay {
    fn open(&self, path: &str) -> WorldResult<Box<dyn OpenFile + '_>> {
        self.open_with(path, self.upper.open(path), || self.lower.open(path))
    }

    fn open_for_plugin(
        &self,
        path: &str,
        territory: &Territory,
    ) -> WorldResult<Box<dyn OpenFile + '_>> {
        self.open_with(path, self.upper.open_for_plugin(path, territory), || {
            self.lower.open_for_plugin(path, territory)
        })
    }

    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a> {
        Box::new(ConfinedOverlay {
            overlay: self,
            upper: Confined::new(&self.upper, territory),
            lower: Confined::new(&self.lower, territory),
        })
    }

    fn stat(&self, path: &str) -> WorldResult<Option<FileMeta>> {
        let upper = self.upper.stat(path)?;
        if upper.is_some() || self.is_removed(path) {
            return Ok(upper);
        }
        let lower = self.lower.stat(path)?;
        Ok(lower.map(|meta| match self.new_owner(path) {
            Some((uid, gid)) => FileMeta { uid, gid, ..meta },
            None => meta,
        }))
    }

    fn read(&self, path: &str) -> WorldResult<Vec<u8>> {
        self.tree_of(path)?.read(path)
    }

    fn real_path(&self, path: &str) -> WorldResult<String> {
        self.tree_of(path)?.real_path(path)
    }

    fn list(&self, path: &str) -> WorldResult<Vec<String>> {
        let mut names = BTreeSet::new();
        let is_upper = self.upper.stat(path)?.is_some();
        if is_upper {
            names.extend(self.upper.list(path)?);
        }
        let is_lower = !self.is_removed(path) && self.lower.stat(path)?.is_some();
        if is_lower {
            let listed = self.lower.list(path)?.into_iter();
            names.extend(listed.filter(|name| !self.is_removed(&child_path(path, name))));
        }
        if is_upper || is_lower {
            Ok(names.into_iter().collect())
        } else {
            Err(not_found(path))
        }
    }

    fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> WorldResult<()> {
        self.copy_up_parents(path)?;
        self.upper.write(path, content, mode, owner)
    }

    fn write_in_parts(&self, path: &str, mode: u32, fill: &mut FillFile<'_>) -> WorldResult<()> {
        self.copy_up_parents(path)?;
        self.upper.write_in_parts(path, mode, fill)
    }

    fn move_directory(&self, from: &str, to: &str) -> WorldResult<()> {
        for path in [from, to] {
            if !self.is_removed(path) && self.lower.stat(path)?.is_some() {
                let message = format!("a dry run does not move {path}");
                return Err(Failure::new(FailureCode::NotChecked, message));
            }
            self.copy_up_parents(path)?;
        }
        self.upper.move_directory(from, to)
    }

    fn make_dir(&self, path: &str, mode: u32) -> WorldResult<()> {
        self.copy_up(path)?;
        self.copy_up_parents(path)?;
        self.upper.make_dir(path, mode)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> WorldResult<()> {
        self.copy_up(path)?;
        self.upper.set_mode(path, mode, owner)
    }

    fn chown_recursive(&self, path: &str, owner: (u32, u32)) -> WorldResult<bool> {
        let is_upper = self.upper.stat(path)?.is_some();
        let mut changed = is_upper && self.upper.chown_recursive(path, owner)?;
        if !self.is_removed(path) && self.lower.stat(path)?.is_some() {
            changed |=
                self.new_owner(path) != Some(owner) && self.lower.has_other_owner(path, owner)?;
            let mut owners = self.owners.lock();
            owners.retain(|earlier, _| !Path::new(earlier).starts_with(path));
            owners.insert(path.to_owned(), owner);
        } else if !is_upper {
            return Err(not_found(path));
        }
        Ok(changed)
    }

    fn remove(&self, path: &str) -> WorldResult<()> {
        if self.upper.stat(path)?.is_some() {
            self.upper.remove(path)?;
        }
        self.mark_removed(path);
        Ok(())
    }

    fn remove_all(&self, path: &str) -> WorldResult<()> {
        self.upper.remove_all(path)?;
        self.mark_removed(path);
        Ok(())
    }
}
