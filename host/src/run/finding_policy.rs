//! Decides what a finding means for the run. `--ignore-preflight-errors` (with kubeadm's meaning),
//! waivers of the configuration, and files of earlier runs on this node downgrade an error.
use crate::{event::Judgement, plan::PlannedPhase};
use kubephase_sdk::codes::{self, Family};
use kubephase_wit::{Finding, Verdict};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The built-in checks that paths and ports are free.
const AVAILABILITY_CHECKS: [&str; 2] = ["preflight/files", "preflight/ports"];

/// The errors that do not stop the run.
#[derive(Clone, Debug, Default)]
pub struct FindingPolicy {
    /// lower-cased names of checks, or `all`
    pub ignored: BTreeSet<String>,
    /// lower-cased name of a check and the reason it is waived
    pub waived: BTreeMap<String, String>,
    /// paths that earlier runs on this node made, according to its journals
    pub ours: Arc<BTreeSet<String>>,
}

/// Returns the code under which a finding is judged and reported. If a third party's plugin uses
/// the code of a built-in check or the name of another phase, the code begins with the plugin's
/// name. So a user who ignores or waives a built-in check never ignores a plugin's finding, and
/// vice versa.
pub fn own_code(node: &PlannedPhase, code: String) -> String {
    match node.source.third_party() {
        Some(plugin) if code != node.id() && (codes::is_built_in(&code) || code.contains('/')) => {
            format!("{plugin}/{code}")
        }
        _ => code,
    }
}

/// Whether a finding reports that a path or a port that has to be free is in use. Only built-in
/// checks can report that.
fn is_about_availability(node: &PlannedPhase, finding: &Finding) -> bool {
    let families = [Family::FILE_AVAILABLE, Family::DIR_AVAILABLE, Family::PORT];
    node.source.third_party().is_none()
        && AVAILABILITY_CHECKS.contains(&node.id())
        && families.iter().any(|family| family.contains(&finding.code))
}

impl FindingPolicy {
    /// Decides what a finding of a phase means for the run. `finding` has the code of [`own_code`].
    pub fn evaluate(&self, node: &PlannedPhase, finding: &Finding) -> Judgement {
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
        } else if is_about_ours && is_about_availability(node, finding) {
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
