//! The log of a rehearsed cluster, which outlives the process like etcd's data. Each change is
//! appended as a line of JSON when it is made. A line that a kill cut off is ignored: its change
//! did not happen. The log holds secrets, as etcd does.
use super::cluster::place;
use crate::world::{
    Files, Tried,
    files::{
        code_of,
        lines::{Line, Lines},
    },
    state_directory as state,
};
use kubephase_wit::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

const NAME: &str = "cluster.jsonl";

/// A change of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    /// an object as it is now
    Object {
        version: u64,
        resource: String,
        object: Value,
    },
    /// an object is no more
    Gone {
        version: u64,
        resource: String,
        namespace: String,
        name: String,
    },
    /// the members of etcd as they are now
    Members(Value),
}

/// The file, once there is something to keep.
pub struct Log {
    root: PathBuf,
    open: Mutex<Option<Open>>,
}

struct Open {
    file: File,
    failure: Option<String>,
}

impl Log {
    /// The log in the tree below a root.
    pub fn below(root: &Path) -> Log {
        Log {
            root: root.to_owned(),
            open: Mutex::default(),
        }
    }

    /// Whether a cluster is kept below a root.
    pub fn is_below(root: &Path) -> bool {
        let opened = state::open(root)
            .ok()
            .flatten()
            .map(|directory| directory.open(NAME));
        matches!(opened, Some(Ok(_)))
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
        let opened = match files.open(&path) {
            Ok(opened) => opened,
            Err(failure) if failure.code == "not-found" => return Ok(Vec::new()),
            Err(failure) => return Err(failure),
        };
        let mut lines = Lines::new(opened.reader()?);
        let damaged = |line: usize, why: &str| {
            let remedy = Some(format!("remove {path} to begin with an empty cluster"));
            Failure {
                remedy,
                ..Failure::new("invalid", format!("{path}:{line} is damaged: {why}"))
            }
        };
        let mut latest = Latest::default();
        loop {
            match lines
                .next_line()
                .map_err(|error| Failure::new("io", format!("cannot read {path}: {error}")))?
            {
                Line::Whole(line) if line.is_empty() => {}
                Line::Whole(line) => latest.add(
                    serde_json::from_slice(&line)
                        .map_err(|error| damaged(lines.count, &error.to_string()))?,
                ),
                Line::TooLong => return Err(damaged(lines.count, "the line is too long")),
                Line::CutOff | Line::End => return Ok(latest.entries.into_values().collect()),
            }
        }
    }

    /// Begins it anew with what there is; what changes from now on is added.
    ///
    /// # Errors
    /// Where it cannot be written; what was kept before is still there.
    pub fn begin(&self, there: &[Entry]) -> Tried<()> {
        let directory = state::make(&self.root)?;
        let content: String = there.iter().map(line).collect();
        let path = directory.path().join(NAME);
        let failed = |error: io::Error| {
            Failure::new(
                code_of(&error),
                format!("cannot keep the cluster in {}: {error}", path.display()),
            )
        };
        let file = directory
            .replace(NAME, content.as_bytes())
            .map_err(failed)?;
        *self.open() = Some(Open {
            file,
            failure: None,
        });
        Ok(())
    }

    /// Appends a change if the log is open. Otherwise the change is not computed.
    pub fn add(&self, entry: impl FnOnce() -> Entry) {
        if let Some(open) = self.open().as_mut()
            && let Err(error) = open.file.write_all(line(&entry()).as_bytes())
        {
            let path = state::below(&self.root).join(NAME);
            open.failure.get_or_insert_with(|| {
                format!(
                    "{} does not hold all of the cluster: {error}",
                    path.display()
                )
            });
        }
    }

    /// Why not all of it was kept, if so.
    pub fn failure(&self) -> Option<String> {
        self.open().as_ref()?.failure.clone()
    }
}

/// The last change of each object, in the order of the changes. A log has many changes of one
/// object, so it may be larger than the cluster that it describes.
#[derive(Default)]
struct Latest {
    /// by the number of the change
    entries: BTreeMap<usize, Entry>,
    count: usize,
    /// by resource, namespace and name
    places: HashMap<(String, String, String), usize>,
}

impl Latest {
    fn add(&mut self, entry: Entry) {
        let key = match &entry {
            Entry::Object {
                resource, object, ..
            } => {
                let (namespace, name) = place(object);
                (resource.clone(), namespace, name)
            }
            Entry::Gone {
                resource,
                namespace,
                name,
                ..
            } => (resource.clone(), namespace.clone(), name.clone()),
            Entry::Members(_) => Default::default(),
        };
        if let Some(earlier) = self.places.insert(key, self.count) {
            self.entries.remove(&earlier);
        }
        self.entries.insert(self.count, entry);
        self.count += 1;
    }
}

fn line(entry: &Entry) -> String {
    // Maps with names for keys: nothing that JSON could not say.
    serde_json::to_string(entry).unwrap_or_default() + "\n"
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "the tests look at the scratch tree itself"
)]
mod tests {
    use super::*;
    use crate::world::files::RootedFiles;
    use serde_json::json;
    use std::fs;

    fn object(name: &str) -> Entry {
        Entry::Object {
            version: 7,
            resource: "/configmaps".into(),
            object: json!({"metadata": {"name": name}}),
        }
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
        assert_eq!(
            Log::read(&files).unwrap(),
            [object("a"), Entry::Members(json!([1])), object("b")]
        );
        let path = state::below(root.path()).join(NAME);
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 3]).unwrap();
        assert_eq!(
            Log::read(&files).unwrap(),
            [object("a"), Entry::Members(json!([1]))]
        );
        Log::below(root.path()).begin(&[object("c")]).unwrap();
        assert_eq!(Log::read(&files).unwrap(), [object("c")]);
        fs::write(&path, "{}\n{\"members\":[]}\n").unwrap();
        let damaged = Log::read(&files).unwrap_err();
        assert!(
            damaged.message.contains("cluster.jsonl:1 is damaged") && damaged.remedy.is_some(),
            "{damaged:?}"
        );
    }
    #[test]
    fn a_link_in_the_tree_is_not_written_through() {
        let root = tempfile::tempdir().unwrap();
        let victim = root.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let directory = state::make(root.path()).unwrap();
        for name in [".cluster.jsonl.new", ".cluster.jsonl.unfinished", NAME] {
            std::os::unix::fs::symlink(&victim, directory.path().join(name)).unwrap();
        }
        assert!(!Log::is_below(root.path()), "a link is not a log");
        Log::below(root.path()).begin(&[object("a")]).unwrap();
        assert!(Log::is_below(root.path()));
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }
    #[test]
    fn of_many_changes_of_an_object_the_last_is_read() {
        let root = tempfile::tempdir().unwrap();
        let log = Log::below(root.path());
        log.begin(&[object("a"), object("b")]).unwrap();
        (0..1000).for_each(|_| log.add(|| object("a")));
        log.add(|| Entry::Gone {
            version: 9,
            resource: "/configmaps".into(),
            namespace: String::new(),
            name: "b".into(),
        });
        let read = Log::read(&RootedFiles::open(root.path()).unwrap()).unwrap();
        assert_eq!(read[0], object("a"));
        assert!(matches!(&read[1], Entry::Gone { name, .. } if name == "b"));
        assert_eq!(read.len(), 2);
    }
}
