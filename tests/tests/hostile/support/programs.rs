//! Fake programs that record their calls. They come first in PATH. The host does not look in PATH
//! for a plugin's programs, so a plugin can run them only in a mount namespace in which they are
//! programs of the system.
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A folder of fake programs, and the record of their calls.
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    pub fn new(folder: &Path) -> Programs {
        let folder = folder.join("bin");
        fs::create_dir_all(&folder).unwrap();
        Programs { folder }
    }

    /// Adds a program. `script` runs after the call is recorded, with the arguments in `"$@"`.
    pub fn add(&self, name: &str, script: &str) -> &Programs {
        let path = self.folder.join(name);
        let log = self.log();
        // One line for each argument, so that an argument with a space differs from two arguments.
        let text = format!(
            "#!/bin/sh\n{{ printf 'program %s\\n' '{name}'; for argument in \"$@\"; do printf \
             'argument %s\\n' \"$argument\"; done; }} >> '{}'\n{script}\n",
            log.display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        self
    }

    /// Returns the folder of the programs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn log(&self) -> PathBuf {
        self.folder.join(".calls")
    }

    /// Returns PATH with these programs first.
    pub fn path(&self) -> String {
        format!(
            "{}:{}",
            self.folder.display(),
            std::env::var("PATH").unwrap_or_default()
        )
    }

    /// Returns every call so far: the program and its arguments.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let log = fs::read(self.log()).unwrap_or_default();
        let mut calls: Vec<Vec<String>> = Vec::new();
        for line in String::from_utf8_lossy(&log).lines() {
            if let Some(name) = line.strip_prefix("program ") {
                calls.push(vec![name.to_owned()]);
            } else if let (Some(call), Some(argument)) =
                (calls.last_mut(), line.strip_prefix("argument "))
            {
                call.push(argument.to_owned());
            }
        }
        calls
    }
}
