//! Places of the repository's files, and small operations on folders.
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Returns the root of the workspace.
///
/// # Panics
/// Never: the tests are a member of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a member of the workspace")
        .to_owned()
}

/// Writes the configuration of the single-node example to `path`, with ECDSA keys (which are made
/// faster than RSA keys) and with further lines of the `ClusterConfiguration`.
///
/// # Panics
/// If the file cannot be written.
pub fn quick_config(path: &Path, more: &str) {
    let example = workspace().join("examples/single-node/cluster.yaml");
    let text = fs::read_to_string(example).expect("the example is there");
    let fields = format!("{more}encryptionAlgorithm: ECDSA-P256\nnetworking:");
    fs::write(path, text.replace("networking:", &fields)).expect("the folder can be written");
}

/// Returns the name of a file without its folder.
pub fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Copies a tree with its modes.
///
/// # Errors
/// If a file cannot be read or written.
pub fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(from, to).map(|_| ())
}

/// Returns the lines of a file that are not empty; none if there is no such file.
pub fn lines_of(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Returns the folders in a folder, sorted by name.
pub fn folders_in(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}
