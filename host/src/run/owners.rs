//! The owner of a plugin's directory. A plugin chooses its name, which is the name of the
//! directory. Other parts of the machine may rely on the files there (a unit runs one of them, a
//! program trusts a key), because the operator knew the first plugin of that name. So the host
//! records the identity of the plugin that used the directory first: its source and its signer.
use crate::{
    effect::Effect,
    wasm::gate::{PLUGINS, owner_of_path},
    world::{Files, Tried},
};
use kubephase_wit::{Failure, FailureCode};

/// Returns the path of the record of a directory's owner. A plugin cannot have such a name, so no
/// plugin may change the record.
fn record(plugin: &str) -> String {
    format!("{PLUGINS}/{plugin}.owner")
}

/// Returns the path of a plugin's directory.
fn directory(plugin: &str) -> String {
    format!("{PLUGINS}/{plugin}")
}

/// Whether an effect reads or changes something in the directory of a plugin.
pub fn is_used(effect: &Effect, plugin: &str) -> bool {
    let mut used = effect.paths();
    used.push(effect.summary().1);
    if let Effect::Kubeconfig(spec) = effect {
        used.push(spec.directory.clone());
    }
    used.iter().any(|path| owner_of_path(path) == Some(plugin))
}

/// Checks that the directory of a plugin has no owner, or belongs to the plugin of this identity.
///
/// # Errors
/// `denied` if it belongs to another plugin; or the record cannot be read.
pub fn check(files: &dyn Files, plugin: &str, identity: &str) -> Tried<()> {
    let Some(owner) = owner(files, plugin)?.filter(|owner| owner != identity) else {
        return Ok(());
    };
    Err(Failure {
        remedy: Some(format!(
            "if nothing on this machine uses what is there: kubephase plugin remove {plugin} \
             --config FILE --purge; then add this one again"
        )),
        ..Failure::new(
            FailureCode::Denied,
            format!(
                "{} belongs to the plugin {plugin} from {owner}; the one from {identity} is \
                 another",
                directory(plugin)
            ),
        )
    })
}

/// Makes the directory of a plugin belong to this identity, if it has no owner yet.
///
/// # Errors
/// As for [`check`]; or the record cannot be written.
pub fn claim(files: &dyn Files, plugin: &str, identity: &str) -> Tried<()> {
    check(files, plugin, identity)?;
    if owner(files, plugin)?.is_none() {
        files.write(&record(plugin), identity.as_bytes(), 0o644, None)?;
    }
    Ok(())
}

/// Removes the directory of a plugin, and then the record of its owner: if the directory cannot be
/// removed, it keeps its owner.
///
/// # Errors
/// They cannot be removed.
pub fn purge(files: &dyn Files, plugin: &str) -> Tried<()> {
    if files.stat(&directory(plugin))?.is_some() {
        files.remove_all(&directory(plugin))?;
    }
    if files.stat(&record(plugin))?.is_some() {
        files.remove(&record(plugin))?;
    }
    Ok(())
}

fn owner(files: &dyn Files, plugin: &str) -> Tried<Option<String>> {
    match files.read(&record(plugin)) {
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
        assert_eq!(check(&files, "own", "./good.wasm"), Ok(()));
        for _ in 0..2 {
            assert_eq!(claim(&files, "own", "./good.wasm"), Ok(()));
        }
        let path = format!("{PLUGINS}/own/run.sh");
        files.write(&path, b"good", 0o755, None).unwrap();
        for judge in [check, claim] {
            let failure = judge(&files, "own", "./evil.wasm").unwrap_err();
            assert_eq!(failure.code, FailureCode::Denied);
            assert!(failure.message.contains("./good.wasm"), "{failure:?}");
            assert!(failure.remedy.unwrap().contains("--purge"));
        }
        assert_eq!(claim(&files, "other", "./evil.wasm"), Ok(()));
        purge(&files, "own").unwrap();
        assert!(files.stat(&path).unwrap().is_none());
        assert_eq!(claim(&files, "own", "./evil.wasm"), Ok(()));
        // A plugin without a directory can be purged.
        purge(&files, "unknown").unwrap();
    }
}
