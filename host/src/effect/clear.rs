//! Cleanup effects of `reset`. Each does nothing if its target does not exist.
use super::{
    Applied, Context, EffectOutcome, etcd,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    users,
};
use crate::{
    wasm::grant::Grant,
    world::{Files, WorldResult},
};
use kubephase_sdk::{spec::ClearSpec, undo::Inverse};
use kubephase_wit::{Failure, FailureCode};

/// Applies a cleanup effect.
///
/// # Errors
/// The target cannot be removed. A target that cannot be looked at is skipped.
pub fn clear(spec: &ClearSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let world = context.world;
    let outcome = match spec {
        ClearSpec::Directory { path } => empty_directory(path, world.files()),
        ClearSpec::EmptyDirectory { path } => remove_empty_directory(path, world.files()),
        ClearSpec::Tree { path } => remove_tree(path, world.files()),
        ClearSpec::Mounts { below, flags } => match world.files().stat(below)? {
            None => Ok(Applied::Unchanged),
            Some(_) => world
                .node()
                .unmount_below(&world.files().real_path(below)?, flags)
                .map(|count| changed_if(count > 0)),
        },
        ClearSpec::PodSandboxes {} => world
            .runtime()
            .remove_sandboxes()
            .map(|count| changed_if(count > 0)),
        ClearSpec::EtcdMember {
            peer_url,
            timeout_seconds,
        } => etcd::remove_member(peer_url, *timeout_seconds, context),
        ClearSpec::ControlPlaneUsers {} => {
            users::remove_users(world.files(), context.cancel).map(changed_if)
        }
    };
    match outcome {
        Err(failure) if failure.code == FailureCode::NotChecked => {
            Ok(Applied::Skipped(failure.message).into())
        }
        outcome => outcome.map(EffectOutcome::from),
    }
}

fn changed_if(changed: bool) -> Applied {
    if changed {
        Applied::Changed
    } else {
        Applied::Unchanged
    }
}

/// Refuses to clear a directory at the top of the tree, and a path with `.` or `..`.
fn check_depth(path: &str) -> WorldResult<()> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() < 2
        || !path.starts_with('/')
        || parts.iter().any(|part| matches!(*part, "." | ".."))
    {
        return Err(Failure::new(
            FailureCode::Invalid,
            format!(
                "{path} is left as it is: directories at the top of the tree, and paths with `..`, \
                 are cleared by hand"
            ),
        ));
    }
    Ok(())
}

/// Removes a directory if it is empty.
fn remove_empty_directory(path: &str, files: &dyn Files) -> WorldResult<Applied> {
    check_depth(path)?;
    if files
        .stat(path)?
        .is_none_or(|meta| meta.kind != "directory")
    {
        return Ok(Applied::Unchanged);
    }
    if !files.list(path)?.is_empty() {
        return Ok(Applied::Skipped("it is not empty".into()));
    }
    files.remove_dir(path).map(|()| Applied::Changed)
}

/// Removes a directory with everything in it.
fn remove_tree(path: &str, files: &dyn Files) -> WorldResult<Applied> {
    check_depth(path)?;
    if files.stat(path)?.is_none() {
        return Ok(Applied::Unchanged);
    }
    files.remove_all(path).map(|()| Applied::Changed)
}

/// Removes the contents of a directory.
fn empty_directory(path: &str, files: &dyn Files) -> WorldResult<Applied> {
    check_depth(path)?;
    if files.stat(path)?.is_none() {
        return Ok(Applied::Unchanged);
    }
    let names = files.list(path)?;
    names
        .iter()
        .try_for_each(|name| files.remove_all(&format!("{}/{name}", path.trim_end_matches('/'))))?;
    Ok(changed_if(!names.is_empty()))
}

impl EffectKind for ClearSpec {
    fn properties(&self) -> Properties {
        let (kind, undoes) = match self {
            ClearSpec::EmptyDirectory { path } => {
                let path = path.clone();
                ("remove-directory", Some(Inverse::RemoveDirectory(path)))
            }
            ClearSpec::Tree { path } => ("remove-tree", Some(Inverse::RemoveTree(path.clone()))),
            ClearSpec::Directory { .. }
            | ClearSpec::Mounts { .. }
            | ClearSpec::PodSandboxes {}
            | ClearSpec::EtcdMember { .. }
            | ClearSpec::ControlPlaneUsers {} => ("clear", None),
        };
        Properties {
            kind,
            target: Target::Other(self.to_string()),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        clear(self, context)
    }
}

#[cfg(test)]
mod tests;
