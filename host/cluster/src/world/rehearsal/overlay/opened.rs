//! Files of an overlay that are opened once.
use super::{Overlay, child_path, not_found, parents};
use crate::world::{Files, OpenFile, WorldResult, files::is_searchable_by_all};
use kubephase_wit::{FailureCode, FileMeta};
use std::{collections::BTreeSet, io::Read};

/// A file of either tree, opened once.
struct OverlayFile<'a> {
    overlay: &'a Overlay,
    path: String,
    /// The file of the upper tree, which hides that of the lower one.
    upper: Option<Box<dyn OpenFile + 'a>>,
    lower: Option<Box<dyn OpenFile + 'a>>,
    meta: FileMeta,
    public: bool,
}

impl OverlayFile<'_> {
    fn top(&self) -> WorldResult<&dyn OpenFile> {
        let top = self.upper.as_ref().or(self.lower.as_ref());
        top.map(AsRef::as_ref).ok_or_else(|| not_found(&self.path))
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

    fn read(&self, limit: u64) -> WorldResult<Vec<u8>> {
        self.top()?.read(limit)
    }

    fn reader(&self) -> WorldResult<Box<dyn Read>> {
        self.top()?.reader()
    }

    fn list(&self) -> WorldResult<Vec<String>> {
        let upper = self
            .upper
            .as_ref()
            .map_or(Ok(Vec::new()), |upper| upper.list())?;
        let lower = self
            .lower
            .as_ref()
            .map_or(Ok(Vec::new()), |lower| lower.list())?;
        let names: BTreeSet<String> = lower
            .into_iter()
            .filter(|name| !self.overlay.is_removed(&child_path(&self.path, name)))
            .chain(upper)
            .collect();
        Ok(names.into_iter().collect())
    }
}

/// Returns `None` instead of `not-found`.
pub(super) fn none_if_not_found<T>(outcome: WorldResult<T>) -> WorldResult<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(failure) if failure.code == FailureCode::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl Overlay {
    /// Returns the file that the two trees together have at a path. `lower` opens the file of the
    /// lower tree, if the upper tree does not hide it.
    ///
    /// # Errors
    /// `not-found` if neither tree has the file; or the failure of a tree.
    pub(super) fn open_with<'a>(
        &'a self,
        path: &str,
        upper: WorldResult<Box<dyn OpenFile + 'a>>,
        lower: impl FnOnce() -> WorldResult<Box<dyn OpenFile + 'a>>,
    ) -> WorldResult<Box<dyn OpenFile + 'a>> {
        let upper = none_if_not_found(upper)?;
        let hides_lower = upper
            .as_ref()
            .is_some_and(|upper| upper.meta().kind != "directory");
        let lower = if hides_lower || self.is_removed(path) {
            None
        } else {
            none_if_not_found(lower())?
        };
        let (meta, public) = match (&upper, &lower) {
            (Some(upper), _) => (upper.meta(), upper.is_public()),
            (None, Some(lower)) => {
                let meta = lower.meta();
                let (uid, gid) = self.new_owner(path).unwrap_or((meta.uid, meta.gid));
                (
                    FileMeta { uid, gid, ..meta },
                    lower.is_public() && self.is_reachable_by_all(&lower.real_path())?,
                )
            }
            (None, None) => return Err(not_found(path)),
        };
        Ok(Box::new(OverlayFile {
            overlay: self,
            path: path.to_owned(),
            upper,
            lower,
            meta,
            public,
        }))
    }

    /// Whether the directories of the upper tree above a path let every local user search them:
    /// their modes may have been changed there.
    fn is_reachable_by_all(&self, path: &str) -> WorldResult<bool> {
        for directory in parents(path) {
            if self
                .upper
                .stat(directory)?
                .is_some_and(|meta| !is_searchable_by_all(meta.mode))
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
