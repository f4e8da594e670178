//! Whose the directory of a plugin is. A plugin chooses its name, by which the directory is called,
//! and what others made of the files there (a unit that runs one of them, a key that is trusted)
//! was meant for the plugin that the operator knew. So the host writes down beside the directory
//! which plugin used it first: where it comes from, and who signed it.
use crate::{
    effect::Effect,
    wasm::gate::{PLUGINS, owner_of_path},
    world::{Files, Tried},
};
use kubephase_wit::{Failure, FailureCode};

/// Where the identity of a directory's owner is written down. No plugin has such a name, so no
/// plugin may change it.
fn record(plugin: &str) -> String {
    format!("{PLUGINS}/{plugin}.owner")
}

/// The directory of a plugin.
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
/// `denied` if it belongs to another plugin; the failure to find that out.
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
/// As for [`check`]; the failure to write it down.
pub fn claim(files: &dyn Files, plugin: &str, identity: &str) -> Tried<()> {
    check(files, plugin, identity)?;
    if owner(files, plugin)?.is_none() {
        files.write(&record(plugin), identity.as_bytes(), 0o644, None)?;
    }
    Ok(())
}

/// Removes the directory of a plugin, and what says whose it is. The directory goes first: if it
/// stays, it stays the owner's.
///
/// # Errors
/// The failure to remove them.
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
    fn a_directory_belongs_to_who_used_it_first_until_it_is_purged() {
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
        // There need not be anything.
        purge(&files, "unknown").unwrap();
    }
}
