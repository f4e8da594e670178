//! The last effects of earlier runs on the files and kernel parameters of the node, with which its
//! present state is compared.
use super::recorded_effect::RecordedEffect;
use kubephase_sdk::undo::Inverse;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kinds of effects whose data can be made again from the present state of their target.
const COMPARABLE: [&str; 3] = ["file", "static-pod", SYSCTL];
const SYSCTL: &str = "sysctl";
/// The workflow after which nothing of earlier runs is expected to exist.
const RESET: &str = "reset";
/// A directory with files that exist only for a while, for example backups of upgrades.
const PASSING: &str = "/etc/kubernetes/tmp/";

/// The last effect of earlier runs on a file or a kernel parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastEffect {
    /// `file`, `static-pod` or `sysctl`
    pub kind: String,
    /// a path, or a kernel parameter with its value: `net.ipv4.ip_forward=1`
    pub target: String,
    /// the digest of the effect in the journal
    pub digest: String,
    /// number of the run that last applied it
    pub run: u64,
    /// workflow of that run
    pub workflow: String,
}

/// The last effects, by what they are about.
#[derive(Default)]
pub(super) struct LastEffects(BTreeMap<String, LastEffect>);

impl LastEffects {
    /// Notes an effect of a run. Runs have to be noted in their order.
    pub fn note(&mut self, effect: &RecordedEffect, run: u64, workflow: &str) {
        if !effect.holds() {
            return;
        }
        if let Some(Inverse::RemoveFile(path)) = &effect.footprint.undoes {
            self.0.remove(path);
            return;
        }
        let subject = subject(&effect.kind, &effect.target);
        if COMPARABLE.contains(&effect.kind.as_str()) && !subject.starts_with(PASSING) {
            let last = LastEffect {
                kind: effect.kind.clone(),
                target: effect.target.clone(),
                digest: effect.digest.clone(),
                run,
                workflow: workflow.to_owned(),
            };
            self.0.insert(subject.to_owned(), last);
        } else if effect.has_changed() {
            // An effect of another kind changed what an earlier effect wrote.
            self.0.remove(subject);
        }
    }

    /// Notes that a run of a workflow has succeeded.
    pub fn end_run(&mut self, workflow: &str) {
        if workflow == RESET {
            self.0.clear();
        }
    }

    /// Returns all of them, in the order of their subjects.
    pub fn into_vec(self) -> Vec<LastEffect> {
        self.0.into_values().collect()
    }
}

/// Returns what an effect is about: a path, or the name of a kernel parameter.
fn subject<'a>(kind: &str, target: &'a str) -> &'a str {
    match target.split_once('=') {
        Some((key, _)) if kind == SYSCTL => key,
        _ => target,
    }
}
