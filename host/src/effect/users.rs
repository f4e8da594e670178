//! The users and groups of the host that a rootless control plane runs as: entries of `/etc/passwd`
//! and `/etc/group`.
use super::{
    Context, Done,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
};
use crate::{
    cancel::Cancel,
    render::static_pod::rootless::NO_SHELL,
    wasm::grant::Grant,
    world::{Files, Tried},
};
use kubephase_sdk::spec::{ControlPlaneUsers, User};
use kubephase_wit::{Failure, FailureCode};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// An entry that there is to be: its name, its id, and its line.
struct Entry {
    name: &'static str,
    id: u32,
    line: String,
}

/// Adds those that are not there; whether there were any. Every line that is there stays as it is.
pub fn ensure(users: &ControlPlaneUsers, files: &dyn Files, cancel: &Cancel) -> Tried<bool> {
    let entry = |name, id, rest: String| Entry {
        name,
        id,
        line: format!("{name}:x:{id}:{rest}\n"),
    };
    let [_, apiserver, controller_manager, _] = ControlPlaneUsers::NAMES;
    let readers = entry(
        ControlPlaneUsers::SA_KEY_READERS,
        users.sa_key_readers,
        format!("{apiserver},{controller_manager}"),
    );
    let own = users
        .named()
        .map(|(name, User { gid, .. })| entry(name, gid, String::new()));
    let groups: Vec<Entry> = own.into_iter().chain([readers]).collect();
    let users = users
        .named()
        .map(|(name, User { uid, gid })| entry(name, uid, format!("{gid}:::{NO_SHELL}")));
    let _locks = [files.lock(PASSWD, cancel)?, files.lock(GROUP, cancel)?];
    // Both are looked through before either is written.
    let (groups, users) = (with(GROUP, &groups, files)?, with(PASSWD, &users, files)?);
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

/// The file with the entries that it lacks; none where it has them all.
///
/// # Errors
/// Where one of the names has another id by now, or one of the ids another name.
fn with(path: &str, entries: &[Entry], files: &dyn Files) -> Tried<Option<Vec<u8>>> {
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
    for Entry { name, id, line } in entries {
        let conflict = |other: &str, has: String| {
            let message = format!(
                "{path}: {other} has {has}, but {name} was to have {id}; this changed since the \
                 run began: run it again"
            );
            Err(Failure::new(FailureCode::Conflict, message))
        };
        match taken.iter().find(|(other, _)| other == name) {
            Some((_, has)) if *has == Some(*id) => continue,
            Some((other, has)) => {
                return conflict(
                    other,
                    has.map_or("no id".into(), |has| format!("the id {has}")),
                );
            }
            None => {}
        }
        if let Some((other, _)) = taken.iter().find(|(_, has)| *has == Some(*id)) {
            return conflict(other, "that id".into());
        }
        missing.push(line.as_str());
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

/// Removes them by kubeadm's names, and nothing else of these files; whether there were any.
pub fn remove(files: &dyn Files, cancel: &Cancel) -> Tried<bool> {
    let users = ControlPlaneUsers::NAMES;
    let groups = [users.as_slice(), &[ControlPlaneUsers::SA_KEY_READERS]].concat();
    let _locks = [files.lock(PASSWD, cancel)?, files.lock(GROUP, cancel)?];
    Ok(without(PASSWD, &users, files)? | without(GROUP, &groups, files)?)
}

/// The file without its lines of these names; the others stay as they are, byte for byte.
fn without(path: &str, names: &[&str], files: &dyn Files) -> Tried<bool> {
    let Some(meta) = files.stat(path)? else {
        return Ok(false);
    };
    let before = files.read(path)?;
    let named = |line: &&[u8]| {
        line.split(|byte| *byte == b':')
            .next()
            .is_some_and(|name| names.iter().any(|own| own.as_bytes() == name))
    };
    let after: Vec<u8> = before
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !named(line))
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

impl EffectKind for ControlPlaneUsers {
    fn properties(&self) -> Properties {
        Properties {
            kind: "users",
            target: Target::Other(self.to_string()),
            files: FileProperties::none(),
            waits: false,
            key_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> Tried<Done> {
        ensure(self, context.world.files(), context.cancel).map(Done::from)
    }
}

#[cfg(test)]
mod tests;
