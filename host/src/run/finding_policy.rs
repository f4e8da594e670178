//! The meaning of a finding for the run: `--ignore-preflight-errors` with kubeadm's meaning,
//! waivers of the configuration, and files that an earlier run on this node made.
use crate::{event::Judgement, plan::Node};
use kubephase_sdk::codes::{self, Family};
use kubephase_wit::{Finding, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// Built-in checks that look whether a path or a port is free.
const AVAILABILITY_CHECKS: [&str; 2] = ["preflight/files", "preflight/ports"];

#[derive(Clone, Debug, Default)]
pub struct FindingPolicy {
    /// lower-cased names of checks, or `all`
    pub ignored: BTreeSet<String>,
    /// lower-cased name of a check and the reason it is waived
    pub waived: BTreeMap<String, String>,
    /// paths that earlier runs on this node made, by its journals
    pub ours: BTreeSet<String>,
}

/// The code under which a finding is judged and told: the phase's own, unless a third party's
/// plugin uses a code or the name of a phase that is not its own. The name of the plugin then
/// stands before it, so that ignoring or waiving a built-in check never means a plugin's, and never
/// the other way round.
pub fn own_code(node: &Node, code: String) -> String {
    match node.source.third_party() {
        Some(plugin) if code != node.id() && (codes::is_built_in(&code) || code.contains('/')) => {
            format!("{plugin}/{code}")
        }
        _ => code,
    }
}

/// Whether a finding of a phase says that a path or a port is taken which has to be free. Only the
/// built-in checks may say so.
fn says_taken(node: &Node, finding: &Finding) -> bool {
    let families = [Family::FILE_AVAILABLE, Family::DIR_AVAILABLE, Family::PORT];
    node.source.third_party().is_none()
        && AVAILABILITY_CHECKS.contains(&node.id())
        && families.iter().any(|family| family.has(&finding.code))
}

impl FindingPolicy {
    /// Decides what a finding of a phase means for the run. `finding` has the code of [`own_code`].
    pub fn evaluate(&self, node: &Node, finding: &Finding) -> Judgement {
        if finding.verdict != Verdict::Fail {
            return Judgement::Stands;
        }
        let name = finding.code.to_lowercase();
        let is_about_ours = finding
            .evidence
            .iter()
            .any(|(key, value)| key == "path" && self.ours.contains(value));
        if self.ignored.contains("all") || self.ignored.contains(&name) {
            Judgement::Downgraded("--ignore-preflight-errors".into())
        } else if let Some(reason) = self.waived.get(&name) {
            Judgement::Downgraded(format!("waived: {reason}"))
        } else if is_about_ours && says_taken(node, finding) {
            Judgement::Downgraded("an earlier run on this node made it".into())
        } else {
            Judgement::Stands
        }
    }

    /// Whether a finding blocks the run.
    pub fn blocks(&self, finding: &Finding, judged: &Judgement) -> bool {
        finding.verdict == Verdict::Fail && *judged == Judgement::Stands
    }
}

#[cfg(test)]
mod tests;
