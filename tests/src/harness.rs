//! Running the program in a folder of its own, and looking at what it left.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// The workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a member of the workspace")
        .to_owned()
}

/// kubeadm's recorded runs, where they are at hand: `KUBEPHASE_GOLDEN`, else beside the workspace.
pub fn golden() -> Option<PathBuf> {
    let given = std::env::var_os("KUBEPHASE_GOLDEN").map(PathBuf::from);
    given
        .or_else(|| Some(workspace().parent()?.join("shared/golden")))
        .filter(|path| path.join("compare.py").is_file())
}

/// A command that runs the program, with an environment of its own. Components are compiled once
/// for all tests.
pub fn kubephase(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("NO_COLOR", "1")
        .env("KUBEPHASE_CACHE_DIR", cache());
    for name in ["PATH", "HOME", "TMPDIR"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(|root| root.join("target/test-cache"))
        .unwrap_or_else(std::env::temp_dir)
}

/// What a finished program said.
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Runs to the end.
pub fn run(command: &mut Command) -> Said {
    command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"))
        .into()
}

/// A rehearsal that serves its cluster, for as long as this lives.
pub struct Served(Child);

impl Served {
    /// Runs `rehearse --serve`, until clients are told where the server is.
    pub fn start(rehearse: &mut Command) -> Served {
        let mut child = rehearse
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = lines
            .map_while(Result::ok)
            .any(|line| line.contains("kubectl --kubeconfig"));
        let served = Served(child);
        assert!(ready, "the rehearsal ended before it served");
        served
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a rehearsal keeps of its cluster, as it was last.
#[derive(Default)]
pub struct Kept {
    objects: BTreeMap<(String, String, String), Value>,
    /// of etcd
    pub members: Vec<Value>,
}

impl Kept {
    /// # Panics
    /// Where the tree holds no cluster.
    pub fn below(root: &Path) -> Kept {
        let text = fs::read_to_string(root.join("var/lib/kubephase/cluster.jsonl"))
            .expect("a cluster is kept");
        let mut kept = Kept::default();
        for line in text.lines() {
            let entry: Value = serde_json::from_str(line).expect("a line of JSON");
            let field =
                |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            if let Some(members) = entry["members"].as_array() {
                kept.members.clone_from(members);
            } else if let Some(gone) = entry.get("gone") {
                kept.objects.remove(&(
                    field(gone, "resource"),
                    field(gone, "namespace"),
                    field(gone, "name"),
                ));
            } else {
                let (of, object) = (
                    field(&entry["object"], "resource"),
                    &entry["object"]["object"],
                );
                let key = (
                    of,
                    field(&object["metadata"], "namespace"),
                    field(&object["metadata"], "name"),
                );
                kept.objects.insert(key, object.clone());
            }
        }
        kept
    }

    /// Objects of a resource, `/nodes` or `group/plural`, by name.
    pub fn objects(&self, resource: &str) -> BTreeMap<&str, &Value> {
        self.objects
            .iter()
            .filter(|((of, ..), _)| of == resource)
            .map(|((.., name), object)| (name.as_str(), object))
            .collect()
    }
}

/// Copies a tree, modes included.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(from, to).map(|_| ())
}

/// Lines of a file of a recorded run; none where there is no such file.
pub fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Folders below a folder, by name.
pub fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}
