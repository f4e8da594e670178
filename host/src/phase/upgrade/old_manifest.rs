//! Manifests that are put back if what replaced them does not come up.
use super::{
    announce,
    backups::BackupKind,
    conditions::{ready, serves},
    step::{ComponentStep, Words, limit, words},
};
use crate::phase::wait_control_plane::propose_wait;
use kubephase_sdk::{Failure, effects_core, observe_files, spec::Condition};
use std::borrow::Cow;

/// The manifest of a component before it was replaced.
pub(super) struct OldManifest<'a> {
    pub step: &'a ComponentStep<'a>,
    pub content: Cow<'a, [u8]>,
    /// `kubernetes.io/config.hash` of the Pod of this manifest. The kubelet gives the Pod of an
    /// equal manifest the same hash. `None` if it is not known.
    pub hash: Option<&'a str>,
}

impl<'a> OldManifest<'a> {
    /// Reads the backup that an earlier round of this run made; `None` if there is none.
    ///
    /// # Errors
    /// The backup cannot be read.
    pub fn of_backup(
        step: &'a ComponentStep<'a>,
        hash: Option<&'a str>,
    ) -> Result<Option<OldManifest<'a>>, Failure> {
        let directory = BackupKind::Manifests.directory(step.upgrade);
        let backup = format!("{directory}/{}.yaml", step.component);
        if observe_files::stat(&backup)?.is_none() {
            return Ok(None);
        }
        let content = Cow::Owned(observe_files::read_file(&backup)?);
        Ok(Some(OldManifest {
            step,
            content,
            hash,
        }))
    }

    /// Proposes to put manifests back if an effect of this round fails, and then to wait for each
    /// Pod. All manifests are put back before the first wait, because an API server is ready only
    /// if its etcd is.
    ///
    /// # Errors
    /// The host refuses a proposal.
    pub fn propose_on_failure(all: &[OldManifest<'_>]) -> Result<(), Failure> {
        for OldManifest { step, content, .. } in all {
            let pod = effects_core::static_pod(step.component, content)?;
            effects_core::on_failure(pod)?;
            let Words { label, earlier, .. } = words(step.config);
            let line = format!("Putting the {earlier} of {} back", step.component);
            announce(pod, label, &[line])?;
        }
        OldManifest::propose_waits_on_failure(all)
    }

    /// Proposes to wait for the Pods of manifests that were put back if an effect of this round
    /// failed. While a broken component ran, nothing published the Pods: their mirrors may still
    /// show the Pods as they were before. So the processes are waited for first.
    ///
    /// # Errors
    /// A manifest names no URL, or the host refuses a proposal.
    pub fn propose_waits_on_failure(all: &[OldManifest<'_>]) -> Result<(), Failure> {
        for OldManifest {
            step,
            content,
            hash,
        } in all
        {
            let conditions = vec![serves(step, content, *hash)?, ready(step, content, None)];
            let seconds = limit(step.config).as_secs();
            let waiting = propose_wait(Condition::All { conditions }, seconds)?;
            effects_core::on_failure(waiting)?;
            let Words { label, earlier, .. } = words(step.config);
            let warning = format!(
                "[{label}] the {earlier} of {} is back, and its Pod is not ready: {{}}",
                step.component
            );
            effects_core::attempt(waiting, &warning)?;
        }
        Ok(())
    }
}
