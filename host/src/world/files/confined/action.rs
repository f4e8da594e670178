//! Actions of a plugin's effect on a file, and the modes that it may give.
use super::denied;
use crate::world::Tried;
use rustix::fs::FileType;

/// Mode bits that a plugin may give a file: neither set-user-ID nor set-group-ID.
const FILE_MODE: u32 = 0o777;
/// Mode bits that a plugin may give a directory. The sticky bit is allowed, because it only takes
/// rights away.
const DIRECTORY_MODE: u32 = 0o1777;

/// An action of a plugin's effect on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    Look,
    Write { mode: u32 },
    MakeDirectory { mode: u32 },
    SetMode { mode: u32 },
    RemoveFile,
    RemoveDirectory,
}

impl FileAction {
    /// Whether the action may make a file or directory that does not exist.
    pub(super) fn makes_something(self) -> bool {
        matches!(
            self,
            FileAction::Write { .. } | FileAction::MakeDirectory { .. }
        )
    }

    /// Refuses a mode that a plugin may not give, at any path.
    ///
    /// # Errors
    /// `denied`.
    pub(super) fn check_mode(self, path: &str) -> Tried<()> {
        let (mode, allowed) = match self {
            FileAction::Write { mode } => (mode, FILE_MODE),
            FileAction::MakeDirectory { mode } | FileAction::SetMode { mode } => {
                (mode, DIRECTORY_MODE)
            }
            FileAction::Look | FileAction::RemoveFile | FileAction::RemoveDirectory => {
                return Ok(());
            }
        };
        if mode & !allowed == 0 {
            return Ok(());
        }
        Err(denied(format!(
            "{path} would get mode {mode:04o}; a plugin may only give permissions to read, write \
             and execute"
        )))
    }

    /// Whether the action applies to files of a type.
    pub(super) fn fits(self, kind: FileType) -> bool {
        match self {
            FileAction::Look => true,
            FileAction::Write { .. } => kind == FileType::RegularFile,
            FileAction::MakeDirectory { .. } | FileAction::RemoveDirectory => {
                kind == FileType::Directory
            }
            FileAction::SetMode { .. } => {
                matches!(kind, FileType::RegularFile | FileType::Directory)
            }
            FileAction::RemoveFile => matches!(kind, FileType::RegularFile | FileType::Symlink),
        }
    }
}
