//! The history of a node: what earlier runs did on it, collected from their journals.
use super::{
    number,
    reader::{Events, ReadError, is_relied_on},
};
use crate::{
    cancel::Cancel,
    effect::{Enacted, joining},
    run::event::{EffectResult, EffectSummary, What},
    world::{Files, OpenFile, Tried, files::is_trusted},
};
use kubephase_sdk::kubeadm::{Made, MadeByRun};
use kubephase_wit::Failure;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Number of the newest journals that are kept.
const MAX_KEPT: usize = 50;
/// Bytes of the newest journals that are kept.
const MAX_KEPT_BYTES: u64 = 256 << 20;
/// Warnings that are reported one by one.
const MAX_WARNINGS: usize = 10;
/// Top-level directories in which no run removes anything, whatever a journal says: they belong to
/// the system.
const SYSTEM: &[&str] = &[
    "bin", "boot", "dev", "lib", "lib32", "lib64", "proc", "sbin", "sys",
];

/// What the next run has to know of the runs before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// paths of files and directories that earlier runs made and did not remove since, and those
    /// that a run was about to make when it was cut off; without files that already were as wanted
    pub made: BTreeSet<String>,
    /// files, directories and services that earlier runs made or changed, and that no run undid
    /// since; the latest first
    pub left: Made,
    /// warnings about journals that cannot be relied on, with their paths
    pub warnings: Vec<String>,
    /// journals that no later run needs any more
    pub outdated: Vec<String>,
}

/// A journal of the history.
struct Journal {
    run: u64,
    path: String,
    bytes: u64,
    /// whether every line was understood
    is_whole: bool,
}

/// Things that runs left. Each was noted at a moment, the latest last.
#[derive(Default)]
struct Left {
    moments: usize,
    things: BTreeMap<String, (usize, MadeByRun)>,
}

impl Left {
    /// Notes a thing, or that it was made once more.
    fn note(&mut self, made: MadeByRun) {
        self.moments += 1;
        self.things.insert(made.what.clone(), (self.moments, made));
    }

    /// The things, the latest first.
    fn latest_first(self) -> Vec<MadeByRun> {
        let mut things: Vec<(usize, MadeByRun)> = self.things.into_values().collect();
        things.sort_unstable_by_key(|(moment, _)| std::cmp::Reverse(*moment));
        things.into_iter().map(|(_, made)| made).collect()
    }
}

/// The state while the journals are read, one after the other. Reading takes time in proportion to
/// the journals.
#[derive(Default)]
struct Fold {
    made: BTreeSet<String>,
    /// what the run of the current journal is about to make
    intended: BTreeSet<String>,
    /// what the runs so far left
    files: Left,
    directories: Left,
    services: Left,
    /// for each thing, the runs whose journals say that it was made
    noted: BTreeMap<String, BTreeSet<u64>>,
    /// for each run, the later runs that undid things which it made: if the journal of a later run
    /// went first, the earlier journal would wrongly say that the things are still there
    undone_by: BTreeMap<u64, BTreeSet<u64>>,
}

impl History {
    /// Reads the journals in a directory of a node. A journal that cannot be read is left out, with
    /// a warning. Nothing is known, and no journal outdated, where the end is requested meanwhile:
    /// then no phase begins.
    pub fn read(files: &dyn Files, directory: &str, cancel: &Cancel) -> History {
        let mut history = History::default();
        let paths = match paths(files, directory) {
            Ok(paths) => paths,
            Err(failure) => {
                history
                    .warnings
                    .push(format!("earlier runs are not known: {}", failure.message));
                return history;
            }
        };
        let (mut fold, mut journals) = (Fold::default(), Vec::new());
        for (run, path) in paths {
            match fold.read(files, directory, run, &path, cancel) {
                Ok((journal, warning)) => {
                    history.warnings.extend(warning);
                    journals.push(journal);
                }
                Err(warning) => history.warnings.push(warning),
            }
        }
        if cancel.is_requested() {
            return History::default();
        }
        if history.warnings.len() > MAX_WARNINGS {
            let more = history.warnings.len() - MAX_WARNINGS;
            history.warnings.truncate(MAX_WARNINGS);
            history.warnings.push(format!(
                "{more} more journals in {directory} cannot be read as a whole"
            ));
        }
        let Fold {
            made,
            files,
            directories,
            services,
            undone_by,
            ..
        } = fold;
        let left = Made {
            files: files.latest_first(),
            directories: directories.latest_first(),
            services: services.latest_first(),
        };
        history.outdated = outdated(&journals, &left, &undone_by);
        History {
            made,
            left,
            ..history
        }
    }

    /// Removes the journals that no later run needs. Returns the failures.
    pub fn remove_outdated(&self, files: &dyn Files) -> Vec<String> {
        let removed = self
            .outdated
            .iter()
            .filter_map(|path| files.remove(path).err());
        removed.map(|failure| failure.message).collect()
    }
}

/// Returns the run numbers and paths of the journals in a directory, the earliest first.
fn paths(files: &dyn Files, directory: &str) -> Tried<Vec<(u64, String)>> {
    if files.stat(directory)?.is_none() {
        return Ok(Vec::new());
    }
    let numbered = |name: String| Some((number(Path::new(&name))?, format!("{directory}/{name}")));
    let mut paths: Vec<(u64, String)> = files
        .list(directory)?
        .into_iter()
        .filter_map(numbered)
        .collect();
    paths.sort();
    Ok(paths)
}

/// Opens a journal.
///
/// # Errors
/// `denied` if the journal is not a regular file, or a user other than this one and root could have
/// written it.
fn open<'f>(files: &'f dyn Files, directory: &str, path: &str) -> Tried<Box<dyn OpenFile + 'f>> {
    let opened = files.open(path)?;
    let meta = opened.meta();
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    if meta.kind != "file"
        || opened.real_path() != format!("{}/{name}", files.real_path(directory)?)
    {
        return Err(Failure::new(
            "denied",
            format!("{path} is a link or not a file"),
        ));
    }
    if !is_trusted(meta.uid, meta.mode) {
        let message = format!(
            "{path} could have been written by another user (owner {}, mode {:04o})",
            meta.uid, meta.mode
        );
        return Err(Failure::new("denied", message));
    }
    Ok(opened)
}

impl Fold {
    /// Reads one journal.
    ///
    /// # Errors
    /// The warning that nothing of the journal is used.
    fn read(
        &mut self,
        files: &dyn Files,
        directory: &str,
        run: u64,
        path: &str,
        cancel: &Cancel,
    ) -> Result<(Journal, Option<String>), String> {
        let ignored = |why: String| {
            format!("{why}; what that run did is not known, so reset leaves it in place")
        };
        let opened = open(files, directory, path).map_err(|failure| ignored(failure.message))?;
        let source = opened
            .reader()
            .map_err(|failure| ignored(failure.message))?;
        let bytes = opened.meta().size;
        let mut events = match Events::begin(Path::new(path), source) {
            Ok(events) => events,
            // A run that was killed at once, or found the disk full, leaves an empty journal.
            Err(ReadError::NoJournal { .. }) if bytes == 0 => {
                return Ok((
                    Journal {
                        run,
                        path: path.to_owned(),
                        bytes,
                        is_whole: true,
                    },
                    None,
                ));
            }
            Err(error) => return Err(ignored(error.to_string())),
        };
        let mut workflow = String::new();
        let trouble = loop {
            if cancel.is_requested() {
                break None;
            }
            match events.next_wanted(is_relied_on) {
                Ok(Some(event)) => self.note_event(event.what, run, &mut workflow),
                Ok(None) => break events.damage.as_ref().map(ToString::to_string),
                Err(error) => break Some(error.to_string()),
            }
        };
        self.made.append(&mut self.intended);
        let warning = trouble.map(|why| format!("{why}; the rest of it is used"));
        Ok((
            Journal {
                run,
                path: path.to_owned(),
                bytes,
                is_whole: warning.is_none(),
            },
            warning,
        ))
    }

    /// Notes what an event says about the node.
    fn note_event(&mut self, what: What, run: u64, workflow: &mut String) {
        match what {
            What::RunStarted { workflow: name, .. } => *workflow = name,
            What::Intended { targets, .. } => self.intended.extend(targets),
            What::RunEnded { .. } => self.intended.clear(),
            What::Effect {
                effect,
                result,
                made,
                directories,
                ..
            } => {
                self.intended.remove(&effect.target);
                self.made.extend(made.iter().chain(&directories).cloned());
                if let EffectResult::Enacted(enacted) = result {
                    if enacted == Enacted::Changed {
                        self.note_made(&effect);
                    }
                    if enacted == Enacted::Changed || enacted == Enacted::Unchanged {
                        self.forget(&effect, run);
                    }
                    if enacted == Enacted::Changed && effect.kind == "service" {
                        self.note(
                            List::Services,
                            previous_state(&effect.target),
                            run,
                            workflow,
                        );
                    }
                }
                self.note(
                    List::Files,
                    made.into_iter().filter(|path| may_be_removed(path)),
                    run,
                    workflow,
                );
                self.note(
                    List::Directories,
                    directories.into_iter().filter(|path| may_be_removed(path)),
                    run,
                    workflow,
                );
            }
            _ => {}
        }
    }

    /// Notes the paths that an effect made or removed.
    fn note_made(&mut self, effect: &EffectSummary) {
        match effect.kind.as_str() {
            "remove-file" | "remove-directory" => drop(self.made.remove(&effect.target)),
            "bootstrap-kubeconfig" => {
                self.made.extend([
                    joining::kubeconfig_of_kubelet(&effect.target),
                    effect.target.clone(),
                ]);
            }
            _ => drop(self.made.insert(effect.target.clone())),
        }
    }

    fn list(&mut self, list: List) -> &mut Left {
        match list {
            List::Files => &mut self.files,
            List::Directories => &mut self.directories,
            List::Services => &mut self.services,
        }
    }

    /// Notes things that a run made or changed in one of the lists.
    fn note(
        &mut self,
        list: List,
        things: impl IntoIterator<Item = String>,
        run: u64,
        workflow: &str,
    ) {
        for thing in things {
            self.noted.entry(thing.clone()).or_default().insert(run);
            self.list(list).note(MadeByRun {
                what: thing,
                run,
                workflow: workflow.to_owned(),
            });
        }
    }

    /// Forgets what an effect undid: it does not have to be undone again.
    fn forget(&mut self, effect: &EffectSummary, run: u64) {
        let list = match effect.kind.as_str() {
            "remove-file" => List::Files,
            "remove-directory" => List::Directories,
            "service" => List::Services,
            _ => return,
        };
        self.list(list).things.remove(&effect.target);
        for earlier in self.noted.remove(&effect.target).into_iter().flatten() {
            self.undone_by.entry(earlier).or_default().insert(run);
        }
    }
}

/// The lists of things that runs left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Files,
    Directories,
    Services,
}

/// Returns the state that a service had before it was changed to this one; none if that is not
/// known.
fn previous_state(target: &str) -> Option<String> {
    match target.rsplit_once(' ')? {
        (name, "running") => Some(format!("{name} stopped")),
        (name, "enabled") => Some(format!("{name} disabled")),
        _ => None,
    }
}

/// Whether a run may remove a path that a journal names. A run may not remove top-level directories
/// or files of the system, and the path may not contain `.` or `..`.
fn may_be_removed(path: &str) -> bool {
    let Some(below) = path.strip_prefix('/') else {
        return false;
    };
    let parts: Vec<&str> = below.split('/').collect();
    let is_plain = parts
        .iter()
        .all(|part| !part.is_empty() && !matches!(*part, "." | ".."));
    is_plain
        && parts.len() > 1
        && !SYSTEM.contains(&parts[0])
        && !(parts[0] == "usr" && parts.len() == 2)
}

/// Returns the journals that are neither among the newest nor needed to know what is left on the
/// node.
fn outdated(
    journals: &[Journal],
    left: &Made,
    undone_by: &BTreeMap<u64, BTreeSet<u64>>,
) -> Vec<String> {
    let mut needed: BTreeSet<u64> = [&left.files, &left.directories, &left.services]
        .into_iter()
        .flatten()
        .map(|made| made.run)
        .collect();
    let (mut bytes, mut room) = (0, true);
    for (at, journal) in journals.iter().rev().enumerate() {
        bytes += journal.bytes;
        room &= at < MAX_KEPT && (at == 0 || bytes <= MAX_KEPT_BYTES);
        if room || !journal.is_whole {
            needed.insert(journal.run);
        }
    }
    // If a kept journal says that a thing was made, the later journals that say it was undone have
    // to be kept too.
    let mut unseen: Vec<u64> = needed.iter().copied().collect();
    while let Some(run) = unseen.pop() {
        for later in undone_by.get(&run).into_iter().flatten() {
            if needed.insert(*later) {
                unseen.push(*later);
            }
        }
    }
    journals
        .iter()
        .filter(|journal| !needed.contains(&journal.run))
        .map(|journal| journal.path.clone())
        .collect()
}
