//! A folder with a configuration and a described node, in which the program runs.
use crate::filters::without_changing_parts;
use harness::{RunOutput, kubephase, quick_config, run, workspace};
use std::{collections::BTreeMap, fmt::Write, fs, path::Path, process::Command};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A folder with `cluster.yaml` and `node.yaml`, the example of a single node with ECDSA keys.
pub struct Workbench {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    /// texts that differ from run to run, each with its replacement in a snapshot
    hidden: Vec<(String, String)>,
}

impl Workbench {
    pub fn new() -> Workbench {
        let folder = tempfile::tempdir().expect("a folder can be made");
        quick_config(&folder.path().join("cluster.yaml"), "");
        let node = workspace().join("examples/single-node/node.yaml");
        fs::copy(node, folder.path().join("node.yaml")).expect("the example is there");
        Workbench {
            folder,
            environment: BTreeMap::new(),
            hidden: Vec::new(),
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets an environment variable for all further runs.
    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Makes snapshots show `name` in place of a text that differs from run to run.
    pub fn hide(&mut self, text: &str, name: &str) {
        self.hidden.push((text.to_owned(), name.to_owned()));
    }

    /// Writes a file and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        fs::write(path, content).expect("the folder can be written");
    }

    /// Appends lines to a file.
    pub fn append(&self, name: &str, lines: &str) {
        let path = self.folder().join(name);
        let text = fs::read_to_string(path).expect("the file is there");
        self.write(name, text + lines);
    }

    /// Returns the program with these arguments.
    pub fn command(&self, arguments: &[String]) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .current_dir(self.folder())
            .env("HOME", self.folder())
            .env("TZ", "UTC")
            .envs(&self.environment)
            .args(arguments);
        command
    }

    /// Runs the program with these arguments.
    pub fn run(&self, arguments: &[String]) -> RunOutput {
        run(&mut self.command(arguments))
    }

    /// Runs a command line that has to succeed. Words are separated by spaces.
    #[track_caller]
    pub fn succeed(&self, line: &str) -> String {
        self.run(&words(line)).expect_success()
    }

    /// Returns a text without the parts that differ from run to run.
    pub fn filter(&self, text: &str) -> String {
        let hidden = self.hidden.iter();
        let text = hidden.fold(text.to_owned(), |text, (part, name)| {
            text.replace(part, name)
        });
        without_changing_parts(&text, self.folder())
    }

    /// Returns the exit code, standard output and standard error, as a snapshot shows them.
    pub fn describe(&self, output: &RunOutput) -> String {
        let mut text = format!("exit code: {}\n", output.status);
        for (name, content) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let content = self.filter(content);
            let end = if content.is_empty() || content.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            let _ = write!(text, "--- {name}\n{content}{end}");
        }
        text
    }
}

/// Returns the words of a command line; `''` is an empty word.
pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .map(|word| {
            if word == "''" {
                String::new()
            } else {
                word.to_owned()
            }
        })
        .collect()
}
