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
            Some(_) => world
                .node()
                .unmount_below(&world.files().real_path(below)?, flags)
                .map(|gone| enacted(gone > 0)),
        },
        ClearSpec::PodSandboxes {} => world
            .runtime()
            .remove_sandboxes()
            .map(|gone| enacted(gone > 0)),
        ClearSpec::EtcdMember {
            peer_url,
            timeout_seconds,
        } => etcd::leave(peer_url, *timeout_seconds, context),
        ClearSpec::ControlPlaneUsers {} => {
            users::remove(world.files(), context.cancel).map(enacted)
        }
    };
    match outcome {
        Err(failure) if failure.code == "not-checked" => Ok(Enacted::Left(failure.message).into()),
        outcome => outcome.map(Done::from),
    }
}

fn enacted(changed: bool) -> Enacted {
    if changed {
        Enacted::Changed
    } else {
        Enacted::Unchanged
    }
}

/// A directory at the top of the tree, or one that a path leads to by `..`, is nobody's to clear.
fn deep(path: &str) -> Tried<()> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() < 2
        || !path.starts_with('/')
        || parts.iter().any(|part| matches!(*part, "." | ".."))
    {
        return Err(Failure::new(
            "invalid",
            format!(
                "{path} is left as it is: directories at the top of the tree, and paths with `..`, \
                 are cleared by hand"
            ),
        ));
    }
    Ok(())
}

fn remove_empty(path: &str, files: &dyn Files) -> Tried<Enacted> {
    deep(path)?;
    if files
        .stat(path)?
        .is_none_or(|meta| meta.kind != "directory")
    {
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
    names
        .iter()
        .try_for_each(|name| files.remove_all(&format!("{}/{name}", path.trim_end_matches('/'))))?;
    Ok(enacted(!names.is_empty()))
}

#[cfg(test)]
mod tests;
