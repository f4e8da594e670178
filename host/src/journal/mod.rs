//! The durable mirror of a run's events: JSON lines, append-only, one file a run, safe on disk before the next
//! effect begins. No secret is in it: tokens and keys in messages are blanked.

#![allow(clippy::disallowed_methods, reason = "the journal is the program's own, not the node's")]

mod lock;
mod reader;
pub mod redact;
#[cfg(test)]
mod tests;

pub use lock::{HeldBy, LockError, RunLock, at_work};
pub use reader::{ReadError, Record, parse, read};

use crate::cancel::Cancel;
use crate::effect::{Enacted, joining};
use crate::report::json;
use crate::run::event::{EffectResult, EffectSummary, Event, Subscriber, What};
use crate::world::Files;
use kubephase_sdk::kubeadm::{Made, MadeByRun};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Version of the format that this build writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    /// version of the program that wrote it
    pub version: String,
    /// Unix seconds at which the run began
    pub began: i64,
}

impl Header {
    pub fn new(began: i64) -> Self {
        Header { format: FORMAT, version: env!("CARGO_PKG_VERSION").into(), began }
    }
}

/// The journals of a node that can be read, by the numbers of their runs, the earliest first.
fn records(files: &dyn Files, directory: &str) -> anyhow::Result<Vec<(u64, Record)>> {
    let failed = |failure: kubephase_wit::Failure| anyhow::anyhow!(failure.message);
    if files.stat(directory).map_err(failed)?.is_none() {
        return Ok(Vec::new());
    }
    let numbered = |name: String| Some((number(Path::new(&name))?, format!("{directory}/{name}")));
    let mut paths: Vec<(u64, String)> = files.list(directory).map_err(failed)?.into_iter().filter_map(numbered).collect();
    paths.sort();
    let mut records = Vec::new();
    for (number, path) in paths {
        if let Ok(record) = parse(Path::new(&path), &files.read(&path).map_err(failed)?) {
            records.push((number, record));
        }
    }
    Ok(records)
}

/// Paths of files and directories that earlier runs on a node made and did not remove since, by its journals; also those that
/// a run was about to make when it was cut off. A file that was there as wanted is not among them. A journal that cannot be
/// read tells nothing.
pub fn made(files: &dyn Files, directory: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut made = BTreeSet::new();
    for (_, record) in records(files, directory)? {
        let mut intended = BTreeSet::new();
        for event in record.events {
            match event.what {
                What::Intended { targets, .. } => intended.extend(targets),
                What::Effect { effect, result, made: new, directories, .. } => {
                    intended.remove(&effect.target);
                    made.extend(new.into_iter().chain(directories));
                    if result == EffectResult::Enacted(Enacted::Changed) {
                        match effect.kind.as_str() {
                            "remove-file" | "remove-directory" => drop(made.remove(&effect.target)),
                            "bootstrap-kubeconfig" => made.extend([joining::kubeconfig_of_kubelet(&effect.target), effect.target]),
                            _ => drop(made.insert(effect.target)),
                        }
                    }
                }
                What::RunEnded { .. } => intended.clear(),
                _ => {}
            }
        }
        made.extend(intended);
    }
    Ok(made)
}

/// What earlier runs on a node made of it that was not so before, and that no run undid or found undone since: the latest
/// first. A journal that cannot be read tells nothing.
pub fn left(files: &dyn Files, directory: &str) -> anyhow::Result<Made> {
    let mut left = Made::default();
    for (run, record) in records(files, directory)? {
        let mut workflow = String::new();
        for event in record.events {
            match event.what {
                What::RunStarted { workflow: of, .. } => workflow = of,
                What::Effect { effect, result, made, directories, .. } => {
                    if let EffectResult::Enacted(enacted @ (Enacted::Changed | Enacted::Unchanged)) = result {
                        forget(&mut left, &effect);
                        let before = (effect.kind == "service" && enacted == Enacted::Changed).then(|| before(&effect.target));
                        note(&mut left.services, before.flatten(), run, &workflow);
                    }
                    note(&mut left.files, made, run, &workflow);
                    note(&mut left.directories, directories, run, &workflow);
                }
                _ => {}
            }
        }
    }
    for list in [&mut left.files, &mut left.directories, &mut left.services] {
        list.reverse();
    }
    Ok(left)
}

/// What a service was before it was changed to this state; none where that is not known.
fn before(target: &str) -> Option<String> {
    match target.rsplit_once(' ')? {
        (name, "running") => Some(format!("{name} stopped")),
        (name, "enabled") => Some(format!("{name} disabled")),
        _ => None,
    }
}

fn note(list: &mut Vec<MadeByRun>, what: impl IntoIterator<Item = String>, run: u64, workflow: &str) {
    for what in what {
        list.retain(|made| made.what != what);
        list.push(MadeByRun { what, run, workflow: workflow.to_owned() });
    }
}

/// What this effect undid is nobody's to undo again.
fn forget(left: &mut Made, effect: &EffectSummary) {
    let list = match effect.kind.as_str() {
        "remove-file" => &mut left.files,
        "remove-directory" => &mut left.directories,
        "service" => &mut left.services,
        _ => return,
    };
    list.retain(|made| made.what != effect.target);
}

/// What a journal has to outlive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// the process (a scratch tree)
    Process,
    /// the machine's power: each effect is on the disk before the next begins
    Power,
}

/// Writes the events of one run; clones write to the same file.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Mutex<Writer>>);

#[derive(Debug)]
struct Writer {
    path: PathBuf,
    file: File,
    durability: Durability,
    /// told when nothing can be written any more: what is not journalled is not done
    stop: Cancel,
    failure: Option<String>,
}

impl Journal {
    /// Begins a new journal in this state directory (made if it is missing, for its owner alone).
    pub fn begin(dir: &Path, header: &Header, durability: Durability, stop: Cancel) -> io::Result<Journal> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut number = kept(dir)?.last().and_then(|kept| kept.number).map_or(1, |number| number.saturating_add(1));
        loop {
            let path = dir.join(format!("journal-{number:06}.jsonl"));
            match OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path) {
                Ok(mut file) => {
                    json::write_line(&mut file, header)?;
                    if durability == Durability::Power {
                        file.sync_all()?;
                        File::open(dir)?.sync_all()?;
                    }
                    return Ok(Journal(Arc::new(Mutex::new(Writer { path, file, durability, stop, failure: None }))));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub fn path(&self) -> PathBuf {
        self.writer().path.clone()
    }

    /// Why events are no longer kept, if so; the run was told to stop then.
    pub fn failure(&self) -> Option<String> {
        self.writer().failure.clone()
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A journal that is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// of the run; none for a file of another name
    pub number: Option<u64>,
    pub path: PathBuf,
}

/// Of the run whose journal has this name.
fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("journal-")?.strip_suffix(".jsonl")?.parse().ok()
}

/// The journals of a state directory, the latest last; or the one journal, where a file is named. None where there is
/// no such directory.
pub fn kept(at: &Path) -> io::Result<Vec<Kept>> {
    if at.is_file() {
        return Ok(vec![Kept { number: number(at), path: at.to_owned() }]);
    }
    let entries = match fs::read_dir(at) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let paths: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    let mut kept: Vec<Kept> =
        paths.into_iter().map(|path| Kept { number: number(&path), path }).filter(|kept| kept.number.is_some()).collect();
    kept.sort();
    Ok(kept)
}

impl Subscriber for Journal {
    fn notice(&mut self, event: &Event) {
        let mut writer = self.writer();
        if writer.failure.is_none()
            && let Err(error) = writer.append(event)
        {
            let failure = format!("cannot write the journal {}: {error}", writer.path.display());
            writer.failure = Some(failure);
            writer.stop.request();
        }
    }
}

impl Writer {
    fn append(&mut self, event: &Event) -> io::Result<()> {
        let mut line = Vec::new();
        json::write_line(&mut line, event)?;
        // Escapes part no secret, and few lines hold any.
        if redact::may_hold_secrets(&line) {
            let mut value = serde_json::to_value(event)?;
            redact::blank(&mut value);
            line.clear();
            json::write_line(&mut line, &value)?;
        }
        self.file.write_all(&line)?;
        let boundary = matches!(
            event.what,
            What::RunStarted { .. } | What::Intended { .. } | What::Effect { .. } | What::PhaseEnded { .. } | What::RunEnded { .. }
        );
        if boundary && self.durability == Durability::Power { self.file.sync_data() } else { Ok(()) }
    }
}
