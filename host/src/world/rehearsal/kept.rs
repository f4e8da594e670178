//! What of a rehearsed cluster outlives the process, as etcd has its log: every change is a line of JSON, appended as it is
//! made. What a kill cut off in the middle of its line did not happen. It holds secrets, as etcd does.
#![allow(clippy::disallowed_methods, reason = "scratch trees are the program's own, not the node's")]
use crate::{
    run::state,
    world::{Files, Tried},
};
use kubephase_wit::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

const NAME: &str = "cluster.jsonl";

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    /// an object as it is now
    Object { version: u64, resource: String, object: Value },
    /// an object is no more
    Gone { version: u64, resource: String, namespace: String, name: String },
    /// the members of etcd as they are now
    Members(Value),
}

/// The file, once there is something to keep.
pub struct Log {
    directory: PathBuf,
    open: Mutex<Option<Open>>,
}

struct Open {
    file: File,
    failure: Option<String>,
}

impl Log {
    /// The log in the tree below a root.
    pub fn below(root: &Path) -> Log {
        Log { directory: state::below(root), open: Mutex::default() }
    }

    /// Whether a cluster is kept below a root.
    pub fn is_below(root: &Path) -> bool {
        state::below(root).join(NAME).is_file()
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is in the tree of its node.
    pub fn path() -> String {
        format!("{}/{NAME}", state::DIRECTORY)
    }

    /// Everything that was kept; nothing where there is no log.
    ///
    /// # Errors
    /// Where it cannot be read, or is damaged other than at its end.
    pub fn read(files: &dyn Files) -> Tried<Vec<Entry>> {
        let path = Log::path();
        if files.stat(&path)?.is_none() {
            return Ok(Vec::new());
        }
        let text = files.read(&path)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &text[..end]);
        let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate();
        let damaged = |at: usize, error: &serde_json::Error| {
            let remedy = Some(format!("remove {path} to begin with an empty cluster"));
            Failure { remedy, ..Failure::new("invalid", format!("{path}:{} is damaged: {error}", at + 1)) }
        };
        lines.map(|(at, line)| serde_json::from_slice(line).map_err(|error| damaged(at, &error))).collect()
    }

    /// Begins it anew with what there is; what changes from now on is added.
    ///
    /// # Errors
    /// Where it cannot be written; what was kept before is still there.
    pub fn begin(&self, there: &[Entry]) -> Tried<()> {
        let path = self.directory.join(NAME);
        let failed = |error: io::Error| Failure::new("io", format!("cannot keep the cluster in {}: {error}", path.display()));
        let begin = || {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
            let new = self.directory.join(format!(".{NAME}.new"));
            let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(there.iter().map(line).collect::<String>().as_bytes())?;
            fs::rename(&new, &path)?;
            Ok(file)
        };
        let file = begin().map_err(failed)?;
        *self.open() = Some(Open { file, failure: None });
        Ok(())
    }

    /// Adds what changed, if anything is kept yet; else nobody has to say it.
    pub fn add(&self, entry: impl FnOnce() -> Entry) {
        if let Some(open) = self.open().as_mut()
            && let Err(error) = open.file.write_all(line(&entry()).as_bytes())
        {
            let path = self.directory.join(NAME);
            open.failure.get_or_insert_with(|| format!("{} does not hold all of the cluster: {error}", path.display()));
        }
    }

    /// Why not all of it was kept, if so.
    pub fn failure(&self) -> Option<String> {
        self.open().as_ref()?.failure.clone()
    }
}

fn line(entry: &Entry) -> String {
    // Maps with names for keys: nothing that JSON could not say.
    serde_json::to_string(entry).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::RootedFiles;
    use serde_json::json;

    fn object(name: &str) -> Entry {
        Entry::Object { version: 7, resource: "/configmaps".into(), object: json!({"metadata": {"name": name}}) }
    }

    #[test]
    fn what_was_added_is_read_again_and_a_line_that_was_cut_off_is_not() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        assert_eq!(Log::read(&files).unwrap(), []);
        let log = Log::below(root.path());
        log.add(|| object("before there is anything to keep"));
        log.begin(&[object("a")]).unwrap();
        log.add(|| Entry::Members(json!([1])));
        log.add(|| object("b"));
        assert_eq!(Log::read(&files).unwrap(), [object("a"), Entry::Members(json!([1])), object("b")]);
        let path = state::below(root.path()).join(NAME);
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 3]).unwrap();
        assert_eq!(Log::read(&files).unwrap(), [object("a"), Entry::Members(json!([1]))]);
        Log::below(root.path()).begin(&[object("c")]).unwrap();
        assert_eq!(Log::read(&files).unwrap(), [object("c")]);
        fs::write(&path, "{}\n{\"members\":[]}\n").unwrap();
        let damaged = Log::read(&files).unwrap_err();
        assert!(damaged.message.contains("cluster.jsonl:1 is damaged") && damaged.remedy.is_some(), "{damaged:?}");
    }
}
