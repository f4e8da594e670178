//! The users and groups of the node as which a rootless control plane runs: entries of
//! `/etc/passwd` and `/etc/group`.
use super::{
    Context, EffectOutcome,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
};
use crate::{
    cancel::Cancel,
    render::static_pod::rootless::NO_SHELL,
    wasm::grant::Grant,
    world::{Files, WorldResult},
};
use kubephase_sdk::spec::{ControlPlaneUsers, User};
use kubephase_wit::{Failure, FailureCode};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// A wanted entry.
struct Entry {
    name: &'static str,
    id: u32,
    /// the line of the file, with its end
    line: String,
}

impl Entry {
    /// Returns an entry whose line goes on with `rest` after the id.
    fn new(name: &'static str, id: u32, rest: &str) -> Entry {
        let line = format!("{name}:x:{id}:{rest}\n");
        Entry { name, id, line }
    }
}

/// Adds the users and groups that do not exist yet. Returns whether it added any. The existing
/// lines of the files stay as they are.
///
/// # Errors
/// `conflict` if an existing entry has one of the names or ids; or a file cannot be locked, read or
/// written.
pub fn ensure_users(
    users: &ControlPlaneUsers,
    files: &dyn Files,
    cancel: &Cancel,
) -> WorldResult<bool> {
    let [_, apiserver, controller_manager, _] = ControlPlaneUsers::NAMES;
    let readers = Entry::new(
        ControlPlaneUsers::SA_KEY_READERS,
        users.sa_key_readers,
        &format!("{apiserver},{controller_manager}"),
    );
    let own_groups = users
        .with_names()
        .map(|(name, User { gid, .. })| Entry::new(name, gid, ""));
    let groups: Vec<Entry> = own_groups.into_iter().chain([readers]).collect();
    let users = users
        .with_names()
        .map(|(name, User { uid, gid })| Entry::new(name, uid, &format!("{gid}:::{NO_SHELL}")));
    let _locks = [files.lock(PASSWD, cancel)?, files.lock(GROUP, cancel)?];
    // Both files are checked before the first is written.
    let groups = add_missing(GROUP, &groups, files)?;
    let users = add_missing(PASSWD, &users, files)?;
    let mut changed = false;
    for (path, content) in [(GROUP, groups), (PASSWD, users)] {
        let Some(content) = content else { continue };
        match files.stat(path)? {
            Some(meta) => files.write(
                &files.real_path(path)?,
                &content,
                meta.mode,
                Some((meta.uid, meta.gid)),
            )?,
            None => files.write(path, &content, 0o644, None)?,
        }
        changed = true;
    }
    Ok(changed)
}

/// Returns the content of a file with the entries that it lacks; `None` if it lacks none.
///
/// # Errors
/// `conflict` if a name has another id by now, or an id has another name.
fn add_missing(path: &str, entries: &[Entry], files: &dyn Files) -> WorldResult<Option<Vec<u8>>> {
    let before = if files.stat(path)?.is_some() {
        files.read(path)?
    } else {
        Vec::new()
    };
    let text = String::from_utf8_lossy(&before);
    let taken: Vec<(&str, Option<u32>)> = text
        .lines()
        .map(|line| {
            (
                line.split(':').next().unwrap_or(line),
                line.split(':').nth(2).and_then(|id| id.parse().ok()),
            )
        })
        .collect();
    let mut missing = Vec::new();
    for entry in entries {
        match taken.iter().find(|(other, _)| *other == entry.name) {
            Some((_, other_id)) if *other_id == Some(entry.id) => continue,
            Some((other, Some(other_id))) => {
                return Err(conflict(path, other, &format!("the id {other_id}"), entry));
            }
            Some((other, None)) => return Err(conflict(path, other, "no id", entry)),
            None => {}
        }
        let has_id = taken.iter().find(|(_, id)| *id == Some(entry.id));
        if let Some((other, _)) = has_id {
            return Err(conflict(path, other, "that id", entry));
        }
        missing.push(entry.line.as_str());
    }
    if missing.is_empty() {
        return Ok(None);
    }
    let mut after = before.clone();
    if after.last().is_some_and(|last| *last != b'\n') {
        after.push(b'\n');
    }
    missing
        .iter()
        .for_each(|line| after.extend_from_slice(line.as_bytes()));
    Ok(Some(after))
}

/// Returns the failure that the wanted entry conflicts with the existing entry `other`.
fn conflict(path: &str, other: &str, has: &str, wanted: &Entry) -> Failure {
    let Entry { name, id, .. } = wanted;
    let message = format!(
        "{path}: {other} has {has}, but {name} was to have {id}; this changed since the run began: \
         run it again"
    );
    Failure::new(FailureCode::Conflict, message)
}

/// Removes the users and groups with kubeadm's names. Returns whether there were any. The other
/// lines of the files stay as they are.
///
/// # Errors
/// A file cannot be locked, read or written.
pub fn remove_users(files: &dyn Files, cancel: &Cancel) -> WorldResult<bool> {
    let users = ControlPlaneUsers::NAMES;
    let groups = [users.as_slice(), &[ControlPlaneUsers::SA_KEY_READERS]].concat();
    let _locks = [files.lock(PASSWD, cancel)?, files.lock(GROUP, cancel)?];
    Ok(remove_lines(PASSWD, &users, files)? | remove_lines(GROUP, &groups, files)?)
}

/// Removes the lines with these names from a file. Returns whether there were any.
fn remove_lines(path: &str, names: &[&str], files: &dyn Files) -> WorldResult<bool> {
    let Some(meta) = files.stat(path)? else {
        return Ok(false);
    };
    let before = files.read(path)?;
    let after: Vec<u8> = before
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !has_name(line, names))
        .flatten()
        .copied()
        .collect();
    if after == before {
        return Ok(false);
    }
    files
        .write(
            &files.real_path(path)?,
            &after,
            meta.mode,
            Some((meta.uid, meta.gid)),
        )
        .map(|()| true)
}

/// Whether a line of the file is the entry of one of these names.
fn has_name(line: &[u8], names: &[&str]) -> bool {
    line.split(|byte| *byte == b':')
        .next()
        .is_some_and(|name| names.iter().any(|own| own.as_bytes() == name))
}

impl EffectKind for ControlPlaneUsers {
    fn properties(&self) -> Properties {
        Properties {
            kind: "users",
            target: Target::Other(self.to_string()),
            files: FileProperties::none(),
            waits: false,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        ensure_users(self, context.world.files(), context.cancel).map(EffectOutcome::from)
    }
}

#[cfg(test)]
mod tests;
