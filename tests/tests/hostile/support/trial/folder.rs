//! The files of a case: those of the node in the scratch root, and all files that a run leaves.
use super::Trial;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

impl Trial {
    /// Returns the folder of this case.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the scratch root.
    pub fn root(&self) -> PathBuf {
        self.folder().join("root")
    }

    /// Returns where a path of the node is in the scratch root.
    pub fn on_node(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// Puts a file on the node.
    pub fn put(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> &Trial {
        let path = self.on_node(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    /// Puts a link on the node.
    pub fn link(&self, path: &str, target: impl AsRef<Path>) -> &Trial {
        let path = self.on_node(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
        self
    }

    /// Returns every file in the folder of this case as text, without those in `except`.
    pub fn all_files(&self, except: &[&Path]) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        let mut open = vec![self.folder().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if except.contains(&path.as_path()) {
                    continue;
                }
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => open.push(path),
                    kind if kind.is_file() => {
                        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                        found.push((path, text));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}
