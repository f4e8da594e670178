//! Starts the node again in the state that an earlier rehearsal in the same tree left.
use super::{CONFIG, KUBECONFIG, KubeletStandIn, bootstrap};
use crate::world::{WorldResult, rehearsal::persistence::ClusterLog};

/// The result of starting a node again.
#[derive(Debug, Default)]
pub struct ResumeOutcome {
    /// Whether the kubelet runs.
    pub runs: bool,
    /// Why its static Pods do not run.
    pub failure: Option<String>,
}

impl KubeletStandIn {
    /// Starts a node again that was shut down while its cluster ran, or whose cluster went on
    /// without it. The kubelet runs even if its API server does not start, for example because a
    /// certificate was removed. A real kubelet runs then, too: the phases that repair or reset the
    /// node come next.
    ///
    /// # Errors
    /// The files of the node cannot be used.
    pub fn resume(&self) -> WorldResult<ResumeOutcome> {
        self.remove_stale_log()?;
        if self.cluster().is_joined() {
            return Ok(ResumeOutcome::default());
        }
        let has_cluster = self.cluster().answers_requests() || self.has_file(&ClusterLog::path())?;
        let has_config = self.has_file(CONFIG)?
            && (self.has_file(KUBECONFIG)? || self.has_file(bootstrap::KUBECONFIG)?);
        if !(has_cluster && has_config) {
            return Ok(ResumeOutcome::default());
        }
        self.state().resumed = true;
        let failure = self.start().err().map(|failure| {
            let note = format!(
                "what ran on this node before did not come up again: {}",
                failure.to_text()
            );
            self.state().notes.push(note.clone());
            note
        });
        Ok(ResumeOutcome {
            runs: true,
            failure,
        })
    }

    fn has_file(&self, path: &str) -> WorldResult<bool> {
        Ok(self.files().stat(path)?.is_some())
    }

    /// Removes the log of the cluster if the node has no kubelet configuration: it was reset, even
    /// if the run that reset it was killed.
    ///
    /// # Errors
    /// The log cannot be removed.
    pub fn remove_stale_log(&self) -> WorldResult<()> {
        if self.has_file(CONFIG)? {
            Ok(())
        } else {
            self.files().remove(&ClusterLog::path())
        }
    }
}
