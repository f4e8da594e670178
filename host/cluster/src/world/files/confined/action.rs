//! The actions of plugins on files, and the modes that plugins may set.
use super::denied;
use crate::world::WorldResult;
use rustix::fs::FileType;

/// Mode bits that a plugin may set on a file: all except set-user-ID, set-group-ID and the sticky
/// bit.
const ALLOWED_FILE_MODE: u32 = 0o777;
/// Mode bits that a plugin may set on a directory. The sticky bit is allowed, because it only takes
/// rights away.
const ALLOWED_DIRECTORY_MODE: u32 = 0o1777;

/// An action of a plugin's effect on a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Opens the entry or reads its metadata; changes nothing.
    Read,
    /// Writes a file, which need not exist.
    Write {
        mode: u32,
    },
    /// Makes a directory, if it does not exist.
    MakeDirectory {
        mode: u32,
    },
    /// Sets the mode, and perhaps the owner, of a file or directory.
    SetMode {
        mode: u32,
    },
    RemoveFile,
    /// Removes an empty directory.
    RemoveDirectory,
}

impl FileAction {
    /// Whether the action can create a file or directory.
    pub(super) fn can_create(self) -> bool {
        matches!(
            self,
            FileAction::Write { .. } | FileAction::MakeDirectory { .. }
        )
    }

    /// Refuses a mode with bits that a plugin may not set. `kind` is the type of the existing
    /// entry, or `None` if there is no entry or if it was not looked up yet.
    ///
    /// # Errors
    /// `denied` if the mode has other bits.
    pub(super) fn check_mode(self, path: &str, kind: Option<FileType>) -> WorldResult<()> {
        let (mode, allowed) = match self {
            FileAction::Write { mode } => (mode, ALLOWED_FILE_MODE),
            FileAction::SetMode { mode } if kind == Some(FileType::RegularFile) => {
                (mode, ALLOWED_FILE_MODE)
            }
            FileAction::MakeDirectory { mode } | FileAction::SetMode { mode } => {
                (mode, ALLOWED_DIRECTORY_MODE)
            }
            FileAction::Read | FileAction::RemoveFile | FileAction::RemoveDirectory => {
                return Ok(());
            }
        };
        if mode & !allowed == 0 {
            return Ok(());
        }
        Err(denied(format!(
            "{path} would get mode {mode:04o}; a plugin may only set the bits {allowed:04o}"
        )))
    }

    /// Whether the action is allowed on an entry of this type.
    pub(super) fn is_allowed_on(self, kind: FileType) -> bool {
        match self {
            FileAction::Read => true,
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
