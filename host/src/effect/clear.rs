//! What a node is rid of when it is reset. What is not there is fine.
use super::{Context, Done, Enacted, etcd, users};
use crate::world::{Files, Tried};
use kubephase_sdk::spec::ClearSpec;
use kubephase_wit::Failure;

pub fn clear(spec: &ClearSpec, context: &Context) -> Tried<Done> {
    let world = context.world;
    let outcome = match spec {
        ClearSpec::Directory { path } => empty(path, world.files()),
        ClearSpec::EmptyDirectory { path } => remove_empty(path, world.files()),
        ClearSpec::Mounts { below, flags } => match world.files().stat(below)? {
            None => Ok(Enacted::Unchanged),
            Some(_) => world.node().unmount_below(&world.files().real_path(below)?, flags).map(|gone| enacted(gone > 0)),
        },
        ClearSpec::PodSandboxes {} => world.runtime().remove_sandboxes().map(|gone| enacted(gone > 0)),
        ClearSpec::EtcdMember { peer_url, timeout_seconds } => etcd::leave(peer_url, *timeout_seconds, context),
        ClearSpec::ControlPlaneUsers {} => users::remove(world.files(), context.cancel).map(enacted),
    };
    match outcome {
        Err(failure) if failure.code == "not-checked" => Ok(Enacted::Left(failure.message).into()),
        outcome => outcome.map(Done::from),
    }
}

fn enacted(changed: bool) -> Enacted {
    if changed { Enacted::Changed } else { Enacted::Unchanged }
}

/// A directory at the top of the tree, or one that a path leads to by `..`, is nobody's to clear.
fn deep(path: &str) -> Tried<()> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() < 2 || !path.starts_with('/') || parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Err(Failure::new(
            "invalid",
            format!("{path} is left as it is: directories at the top of the tree, and paths with `..`, are cleared by hand"),
        ));
    }
    Ok(())
}

fn remove_empty(path: &str, files: &dyn Files) -> Tried<Enacted> {
    deep(path)?;
    if files.stat(path)?.is_none_or(|meta| meta.kind != "directory") {
        return Ok(Enacted::Unchanged);
    }
    if !files.list(path)?.is_empty() {
        return Ok(Enacted::Left("it is not empty".into()));
    }
    files.remove_dir(path).map(|()| Enacted::Changed)
}

fn empty(path: &str, files: &dyn Files) -> Tried<Enacted> {
    deep(path)?;
    if files.stat(path)?.is_none() {
        return Ok(Enacted::Unchanged);
    }
    let names = files.list(path)?;
    names.iter().try_for_each(|name| files.remove_all(&format!("{}/{name}", path.trim_end_matches('/'))))?;
    Ok(enacted(!names.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::RootedFiles;

    #[test]
    fn a_directory_is_emptied_and_stays() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        files.write("/etc/kubernetes/pki/etcd/ca.key", b"", 0o600, None).unwrap();
        files.write("/elsewhere/kept", b"", 0o600, None).unwrap();
        std::os::unix::fs::symlink("/elsewhere", root.path().join("etc/kubernetes/pki/link")).unwrap();
        assert_eq!(empty("/etc/kubernetes/pki", &files).unwrap(), Enacted::Changed);
        assert_eq!(files.list("/etc/kubernetes/pki").unwrap(), Vec::<String>::new());
        assert!(files.stat("/elsewhere/kept").unwrap().is_some(), "links are not followed");
        assert_eq!(empty("/etc/kubernetes/pki", &files).unwrap(), Enacted::Unchanged);
        assert_eq!(empty("/etc/none", &files).unwrap(), Enacted::Unchanged);
        for path in ["/", "/etc", "/etc/", "//etc", "/var/lib/../..", "etc/kubernetes"] {
            assert_eq!(empty(path, &files).unwrap_err().code, "invalid", "{path}");
            assert_eq!(remove_empty(path, &files).unwrap_err().code, "invalid", "{path}");
        }
    }

    #[test]
    fn a_directory_is_removed_only_where_it_is_empty() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        files.write("/opt/pki/mine", b"", 0o600, None).unwrap();
        assert!(matches!(remove_empty("/opt/pki", &files).unwrap(), Enacted::Left(_)));
        assert!(
            files.remove_dir("/opt/pki").is_err() && files.stat("/opt/pki/mine").unwrap().is_some(),
            "whoever was faster loses nothing"
        );
        assert_eq!(remove_empty("/opt/pki/mine", &files).unwrap(), Enacted::Unchanged, "it is no directory");
        files.remove("/opt/pki/mine").unwrap();
        assert_eq!(remove_empty("/opt/pki", &files).unwrap(), Enacted::Changed);
        assert_eq!(remove_empty("/opt/pki", &files).unwrap(), Enacted::Unchanged);
    }
}
