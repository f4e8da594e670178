//! The begin of an exchange on this node: it makes the new authority, or gets it from the control
//! plane that has made it.
use super::{
    refusals::refusal,
    stage::StageRequest,
    status::{NodeRecord, Status},
};
use crate::{cancel::Cancel, effect::pki::BACKDATE_SECONDS, pki::Certificate};
use kubephase_sdk::kubeadm::{Rotation, RotationStage};
use kubephase_wit::Failure;
use std::time::Duration;

/// Seconds that a command waits at most until a new authority is newer than the present one.
const LONGEST_WAIT: u64 = 2;

impl Status {
    /// Waits until an authority that is made now is newer than the present one, because the
    /// authority with the newer certificate counts as the new one. Certificates have whole seconds.
    ///
    /// # Errors
    /// The present authority is so new that the clock of this machine has to be wrong.
    fn wait_to_be_newer_than(&self, current: &Certificate) -> Result<(), Failure> {
        let ahead = current.not_before() - (self.now - BACKDATE_SECONDS);
        let Ok(seconds) = u64::try_from(ahead) else {
            return Ok(());
        };
        if seconds > LONGEST_WAIT {
            return Err(refusal(
                format!(
                    "the present authority is {seconds} seconds newer than this machine's clock"
                ),
                "set the clock of this machine right (NTP), then run this again".to_owned(),
            ));
        }
        Cancel::never().wait(Duration::from_secs(seconds + 1));
        Ok(())
    }

    pub(super) fn begin(&self, current: &Certificate) -> Result<Rotation, Failure> {
        if !self.key.as_ref().is_some_and(|key| current.belongs_to(key)) {
            return Err(self.external_authority());
        }
        self.wait_to_be_newer_than(current)?;
        let has_others = !self
            .other_nodes(|record| record.is_control_plane)
            .is_empty();
        Ok(Rotation {
            authority: self.authority,
            stage: RotationStage::Trust,
            control_plane: true,
            begins: true,
            shares: has_others,
            is_last_control_plane: !has_others,
            nodes_behind: self.nodes_behind(|_| true),
            old_authority: current.to_pem(),
            ..Rotation::default()
        })
    }

    /// Returns the fingerprint of a new authority that other control planes trust in addition to
    /// the present one. Only their records say that: workers learn the authority `ca` from the
    /// ConfigMap `cluster-info`, the other authorities are in no object.
    pub(super) fn exchange_of_others(&self, present: &str) -> Option<String> {
        self.records
            .values()
            .find_map(|record| match &record.trusted[..] {
                [old, new] if old == present => Some(new.clone()),
                _ => None,
            })
    }

    /// Decides what this run does if other control planes trust a new authority that this node does
    /// not have yet.
    pub(super) fn join_exchange(
        &self,
        new: &str,
        current: &Certificate,
        request: &StageRequest,
    ) -> Result<Rotation, Failure> {
        let stage = self.expect_stage(RotationStage::Trust, request)?;
        if !request.has_certificate_key {
            return Err(self.without_new_key());
        }
        if !self.key.as_ref().is_some_and(|key| current.belongs_to(key)) {
            return Err(self.external_authority());
        }
        let is_through = |record: &NodeRecord| record.trusted.iter().any(|one| one == new);
        Ok(Rotation {
            authority: self.authority,
            stage,
            control_plane: true,
            fetches: true,
            is_last_control_plane: self
                .other_nodes(|record| record.is_control_plane && !is_through(record))
                .is_empty(),
            nodes_behind: self.nodes_behind(|record| !is_through(record)),
            old_authority: current.to_pem(),
            ..Rotation::default()
        })
    }

    pub(super) fn external_authority(&self) -> Failure {
        refusal(
            format!(
                "{}/{}.key is not the key of the cluster's authority: the authority is kept \
                 elsewhere, and this node cannot sign with it",
                self.directory,
                self.authority.base()
            ),
            "exchange the authority where it is kept, by the task \"Manual Rotation of CA \
             Certificates\" of kubernetes.io; or put its key there for the time of the exchange"
                .to_owned(),
        )
    }
}
