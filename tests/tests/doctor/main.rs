//! `doctor` in the trees of rehearsed clusters: what it finds after something was broken, and that
//! it changes nothing.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod certificates;
mod cluster;
mod drift;
mod output;

use harness::{ClusterFolder, RunOutput, THREE_MACHINES, workspace};
use serde_json::Value;
use std::{
    fs,
    ops::Deref,
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// The codes of the findings of every examination of a rehearsed cluster: its nodes have no
/// network, and so are not ready, and their names do not resolve on this machine.
const ALWAYS: [&str; 3] = ["ControlPlaneNodesReady", "Hostname", "NodeReady"];

/// A rehearsed cluster in a folder of its own.
pub struct Cluster(ClusterFolder);

impl Deref for Cluster {
    type Target = ClusterFolder;

    fn deref(&self) -> &ClusterFolder {
        &self.0
    }
}

impl Cluster {
    /// Returns a machine that is in no cluster.
    pub fn none() -> Cluster {
        let cluster = ClusterFolder::new(PROGRAM);
        fs::create_dir(cluster.root()).unwrap();
        Cluster(cluster)
    }

    /// Returns a cluster of two members of the control plane and a worker.
    pub fn of_three() -> Cluster {
        static MADE: OnceLock<Cluster> = OnceLock::new();
        let rehearse = || Cluster::rehearse("examples/ha/cluster.yaml", &THREE_MACHINES);
        Cluster(MADE.get_or_init(rehearse).copy())
    }

    /// Rehearses a cluster with a configuration file of the workspace.
    pub fn rehearse(config: &str, size: &[&str]) -> Cluster {
        let cluster = ClusterFolder::new(PROGRAM);
        cluster.rehearse(&workspace().join(config), size);
        Cluster(cluster)
    }

    /// Returns the path of a file of the first machine.
    pub fn file(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// Replaces a text in a file of the first machine.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.file(path)).unwrap();
        assert!(text.contains(old), "{path} lacks {old}:\n{text}");
        fs::write(self.file(path), text.replace(old, new)).unwrap();
    }

    /// Examines the first machine.
    pub fn examine(&self) -> Examination {
        self.examine_at(&self.root(), "")
    }

    /// Examines a machine with these flags.
    pub fn examine_at(&self, tree: &Path, flags: &str) -> Examination {
        Examination::new(&self.run(tree, &format!("doctor -o json {flags}")))
    }
}

/// The findings of an examination.
pub struct Examination {
    pub status: i32,
    findings: Vec<Value>,
}

impl Examination {
    fn new(output: &RunOutput) -> Examination {
        let events = output.stdout.lines().map(|line| {
            let event: Value = serde_json::from_str(line).expect("a line of JSON");
            event
        });
        let findings: Vec<Value> = events
            .filter(|event| event["event"] == "finding")
            .map(|event| event["finding"].clone())
            .collect();
        assert!(!findings.is_empty(), "{}", output.printed());
        Examination {
            status: output.status,
            findings,
        }
    }

    /// Returns the finding with a code.
    pub fn finding(&self, code: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["code"] == code);
        found.unwrap_or_else(|| panic!("no finding {code} among {:#?}", self.codes()))
    }

    fn codes(&self) -> Vec<(&str, &str)> {
        self.findings
            .iter()
            .map(|finding| {
                (
                    finding["code"].as_str().unwrap_or_default(),
                    verdict(finding),
                )
            })
            .collect()
    }

    /// Returns the codes of the findings that did not pass, without those of every rehearsal.
    pub fn problems(&self) -> Vec<&str> {
        let bad = self
            .codes()
            .into_iter()
            .filter(|(code, verdict)| ["fail", "warn"].contains(verdict) && !ALWAYS.contains(code));
        bad.map(|(code, _)| code).collect()
    }

    /// Returns verdict, summary and remedy of a finding.
    pub fn texts_of(&self, code: &str) -> (&str, &str, &str) {
        let finding = self.finding(code);
        let text = |name: &str| finding[name].as_str().unwrap_or_default();
        (verdict(finding), text("summary"), text("remedy"))
    }

    /// Returns a value of the evidence of a finding.
    pub fn evidence(&self, code: &str, name: &str) -> &str {
        let evidence = self.finding(code)["evidence"].as_array().unwrap();
        let found = evidence.iter().find(|pair| pair[0] == name);
        found.and_then(|pair| pair[1].as_str()).unwrap_or_default()
    }
}

/// Returns the verdict of a finding as cases of plugins write it.
fn verdict(finding: &Value) -> &'static str {
    match finding["verdict"].as_str() {
        Some("Pass") => "pass",
        Some("Warn") => "warn",
        Some("Fail") => "fail",
        Some("Skipped") => "skipped",
        Some("CouldNotRun") => "could-not-run",
        other => panic!("{other:?} is not a verdict"),
    }
}
