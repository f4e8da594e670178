//! What a finding means for the run: `--ignore-preflight-errors` with kubeadm's meaning, waivers of the
//! configuration, and what an earlier run of ours left in the way of the next.
use super::event::Judgement;
use kubephase_wit::{Finding, Verdict};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub struct Judge {
    /// lower-cased names of checks, or `all`
    pub ignored: BTreeSet<String>,
    /// lower-cased name of a check and the reason it is waived
    pub waived: BTreeMap<String, String>,
    /// paths that an earlier run on this node made
    pub ours: BTreeSet<String>,
}

impl Judge {
    pub fn judge(&self, finding: &Finding) -> Judgement {
        if finding.verdict != Verdict::Fail {
            return Judgement::Stands;
        }
        let name = finding.code.to_lowercase();
        let made_by_us = || finding.evidence.iter().any(|(key, value)| key == "path" && self.ours.contains(value));
        if self.ignored.contains("all") || self.ignored.contains(&name) {
            Judgement::Downgraded("--ignore-preflight-errors".into())
        } else if let Some(reason) = self.waived.get(&name) {
            Judgement::Downgraded(format!("waived: {reason}"))
        } else if made_by_us() {
            Judgement::Downgraded("an earlier run on this node made it".into())
        } else {
            Judgement::Stands
        }
    }

    /// Whether the run cannot go on.
    pub fn blocks(&self, finding: &Finding, judged: &Judgement) -> bool {
        finding.verdict == Verdict::Fail && *judged == Judgement::Stands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &str, verdict: Verdict) -> Finding {
        let evidence = vec![("path".into(), "/etc/kubernetes/manifests/etcd.yaml".into())];
        Finding { code: code.into(), verdict, summary: String::new(), evidence, remedy: None, url: None }
    }

    #[test]
    fn errors_are_downgraded_by_name_whatever_the_case() {
        let judge = Judge { ignored: ["numcpu".to_owned()].into(), ..Judge::default() };
        let blocks = |code, verdict| judge.blocks(&finding(code, verdict), &judge.judge(&finding(code, verdict)));
        assert!(!blocks("NumCPU", Verdict::Fail));
        assert!(blocks("Mem", Verdict::Fail));
        assert!(!blocks("Mem", Verdict::Warn));
    }

    #[test]
    fn what_an_earlier_run_made_is_not_in_the_way() {
        let judge = Judge { ours: ["/etc/kubernetes/manifests/etcd.yaml".to_owned()].into(), ..Judge::default() };
        let judged = judge.judge(&finding("FileAvailable--etc-kubernetes-manifests-etcd.yaml", Verdict::Fail));
        assert!(matches!(judged, Judgement::Downgraded(why) if why.contains("earlier run")));
    }
}
