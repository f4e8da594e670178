//! Owners of plugins' directories. A plugin chooses its own name, and its directory has this name.
//! A unit or another program may use the files in the directory, because the operator trusted the
//! plugin that wrote them. A different plugin with the same name must not replace these files. So
//! the host records the identity of the plugin that used the directory first: its source and its
//! signer.
use crate::{
    effect::Effect,
    program,
    wasm::gate::{PLUGIN_DIRECTORIES, owner_of_path},
    world::{Files, WorldResult},
};
use kubephase_sdk::spec::KubeconfigSpec;
use kubephase_wit::{Failure, FailureCode};

/// Returns the path of the file that records the owner of a plugin's directory. The name of a
/// plugin has no dot, so this path is never in the directory of another plugin.
fn owner_record_path(plugin: &str) -> String {
    format!("{PLUGIN_DIRECTORIES}/{plugin}.owner")
}

/// Returns the path of a plugin's directory.
fn directory_path(plugin: &str) -> String {
    format!("{PLUGIN_DIRECTORIES}/{plugin}")
}

/// Whether an effect reads or changes something in the directory of a plugin.
pub fn uses_directory_of(effect: &Effect, plugin: &str) -> bool {
    let mut used = effect.paths();
    let (_, target) = effect.summary();
    used.push(target);
    // A kubeconfig is signed with an authority of a directory that is neither the target nor among
    // the paths.
    if let Some(spec) = effect.as_kind::<KubeconfigSpec>() {
        used.push(spec.directory.clone());
    }
    used.iter().any(|path| owner_of_path(path) == Some(plugin))
}

/// Checks that the directory of a plugin has no owner, or belongs to the plugin of this identity.
///
/// # Errors
/// `denied` if the directory belongs to another plugin. Any failure of reading the record.
pub fn check_owner(files: &dyn Files, plugin: &str, identity: &str) -> WorldResult<()> {
    let owner = match read_owner(files, plugin)? {
        None => return Ok(()),
        Some(owner) if owner == identity => return Ok(()),
        Some(owner) => owner,
    };
    let directory = directory_path(plugin);
    Err(Failure {
        remedy: Some(format!(
            "if nothing on this machine uses the files in {directory}, remove them: {}; then add \
             the plugin from {identity} again",
            program::command(&format!("plugin remove {plugin} --config FILE --purge"))
        )),
        ..Failure::new(
            FailureCode::Denied,
            format!(
                "{directory} belongs to the plugin {plugin} from {owner}; the plugin {plugin} \
                 from {identity} is a different plugin"
            ),
        )
    })
}

/// Makes the directory of a plugin belong to this identity, if it has no owner yet.
///
/// # Errors
/// The errors of [`check_owner`]; or the record cannot be written.
pub fn claim_directory(files: &dyn Files, plugin: &str, identity: &str) -> WorldResult<()> {
    check_owner(files, plugin, identity)?;
    if read_owner(files, plugin)?.is_none() {
        files.write(&owner_record_path(plugin), identity.as_bytes(), 0o644, None)?;
    }
    Ok(())
}

/// Removes the directory of a plugin, and then the record of its owner. The record goes last, so
/// that a directory that cannot be removed keeps its owner.
///
/// # Errors
/// The directory or the record cannot be removed.
pub fn purge(files: &dyn Files, plugin: &str) -> WorldResult<()> {
    let (directory, record) = (directory_path(plugin), owner_record_path(plugin));
    if files.stat(&directory)?.is_some() {
        files.remove_all(&directory)?;
    }
    if files.stat(&record)?.is_some() {
        files.remove(&record)?;
    }
    Ok(())
}

/// Returns the identity of the plugin that owns a directory, or `None` if there is no record.
fn read_owner(files: &dyn Files, plugin: &str) -> WorldResult<Option<String>> {
    match files.read(&owner_record_path(plugin)) {
        Ok(identity) => Ok(Some(String::from_utf8_lossy(&identity).trim().to_owned())),
        Err(failure) if failure.code == FailureCode::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::RootedFiles;

    #[test]
    fn a_directory_belongs_to_its_first_user_until_it_is_purged() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        assert_eq!(check_owner(&files, "own", "./good.wasm"), Ok(()));
        for _ in 0..2 {
            assert_eq!(claim_directory(&files, "own", "./good.wasm"), Ok(()));
        }
        let path = format!("{PLUGIN_DIRECTORIES}/own/run.sh");
        files.write(&path, b"good", 0o755, None).unwrap();
        for function in [check_owner, claim_directory] {
            let failure = function(&files, "own", "./evil.wasm").unwrap_err();
            assert_eq!(failure.code, FailureCode::Denied);
            assert!(failure.message.contains("./good.wasm"), "{failure:?}");
            assert!(failure.remedy.unwrap().contains("--purge"));
        }
        assert_eq!(claim_directory(&files, "other", "./evil.wasm"), Ok(()));
        purge(&files, "own").unwrap();
        assert!(files.stat(&path).unwrap().is_none());
        assert_eq!(claim_directory(&files, "own", "./evil.wasm"), Ok(()));
        // A plugin without a directory can be purged.
        purge(&files, "unknown").unwrap();
    }
}
