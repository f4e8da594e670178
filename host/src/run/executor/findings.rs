//! The findings of a phase: their meaning for the run, and the finding about a check that failed.
use super::{
    Executor,
    state::{FailureReason, PhaseEnd},
};
use crate::{
    event::{EventKind, PhaseResult},
    phase::preflight,
    plan::{PlannedPhase, spec::FailurePolicy},
    run::{finding_policy, session::Session},
};
use kubephase_wit::{Finding, Verdict};

impl Executor<'_> {
    /// Reports the findings of a phase. Returns whether a finding blocks the run.
    pub(super) fn report_findings(&self, node: &PlannedPhase, session: &Session) -> bool {
        let mut blocked = false;
        for finding in session.take_findings() {
            blocked |= self.report_finding(node, finding);
        }
        blocked
    }

    /// Reports a finding with its origin and its meaning for the run. Returns whether it blocks the
    /// run.
    fn report_finding(&self, node: &PlannedPhase, finding: Finding) -> bool {
        let finding = Finding {
            code: finding_policy::own_code(node, finding.code),
            ..finding
        };
        let judged = self.finding_policy.evaluate(node, &finding);
        let blocks = self.finding_policy.blocks(&finding, &judged);
        let plugin = node.source.third_party().map(str::to_owned);
        self.shared.bus.emit(EventKind::Finding {
            phase: node.spec.id.clone(),
            finding,
            judged,
            plugin,
        });
        blocks
    }

    /// Reports that a check could not be done because the world cannot know what it asks for. That
    /// is not a failure of the check, so its failure policy does not count.
    pub(super) fn report_unchecked(&self, node: &PlannedPhase, message: String) -> PhaseEnd {
        let finding = finding_about_check(node, Verdict::CouldNotRun, message.clone());
        self.report_finding(node, finding);
        PhaseEnd {
            result: PhaseResult::Skipped(message),
            passable: true,
            begun: true,
        }
    }

    /// Reports findings about a check that could not do its job. The failure policy of its plugin
    /// decides their verdict.
    pub(super) fn report_failed_check(
        &self,
        node: &PlannedPhase,
        reasons: &[FailureReason],
    ) -> PhaseEnd {
        let verdict = match node.spec.failure_policy {
            FailurePolicy::Fail => Verdict::Fail,
            FailurePolicy::Warn => Verdict::Warn,
            FailurePolicy::Ignore => Verdict::CouldNotRun,
        };
        let mut blocked = false;
        for FailureReason { message, remedy } in reasons {
            let finding = Finding {
                remedy: remedy.clone(),
                ..finding_about_check(node, verdict, message.clone())
            };
            blocked |= self.report_finding(node, finding);
        }
        let message = join_reasons(reasons);
        let result = if blocked {
            PhaseResult::Failed(message)
        } else {
            PhaseResult::Skipped(message)
        };
        PhaseEnd {
            result,
            passable: !blocked,
            begun: true,
        }
    }
}

/// Returns the texts of several reasons, one after the other.
pub(super) fn join_reasons(reasons: &[FailureReason]) -> String {
    let texts: Vec<String> = reasons.iter().map(FailureReason::to_text).collect();
    texts.join("\n")
}

/// Returns a finding about a check itself, under the code of the check.
fn finding_about_check(node: &PlannedPhase, verdict: Verdict, summary: String) -> Finding {
    Finding {
        code: preflight::code(node.id()).to_owned(),
        verdict,
        summary,
        evidence: Vec::new(),
        remedy: None,
        url: None,
    }
}
