//! Pulls images, several at a time if the configuration says so.
use super::Application;
use crate::{
    effect::{Applied, EffectOutcome, proposal::Proposal},
    event::{EffectResult, micros},
    run::executor::{FailureReason, PhaseError},
    world::WorldResult,
};
use kubephase_wit::{Failure, FailureCode, Severity};
use std::{panic, thread, time::Instant};

/// The outcome of a pull, and the microseconds that it took.
type Pull = (WorldResult<EffectOutcome>, u64);

impl Application<'_> {
    /// Pulls images. A pull that fails does not keep the other images from being pulled (kubeadm
    /// behaviour). Returns whether an image was pulled.
    pub(super) fn pull_images(&self, images: &[Proposal]) -> Result<bool, PhaseError> {
        let registration = &self.executor.config.init.node_registration;
        let is_serial = registration.image_pull_serial.unwrap_or(true);
        let pulls: Vec<Pull> = self.state.pool.run_blocking(|| {
            if is_serial {
                images.iter().map(|image| self.pull_image(image)).collect()
            } else {
                self.pull_together(images)
            }
        });
        let (mut failed, mut changed, mut stopped) = (Vec::new(), false, false);
        for (proposal, (outcome, micros)) in images.iter().zip(pulls) {
            let result = match outcome {
                Ok(outcome) => {
                    let unsaid = self.say_lines(Severity::Warning, &outcome.warnings);
                    failed.extend(unsaid.err().map(FailureReason::from));
                    changed |= outcome.applied == Applied::Changed;
                    EffectResult::Applied(outcome.applied)
                }
                Err(failure) => {
                    stopped |= failure.code == FailureCode::Cancelled;
                    failed.push(FailureReason::from(&failure));
                    EffectResult::Failed(self.session.bound_text(failure.message))
                }
            };
            self.emit_effect(proposal, result, micros, &[]);
        }
        match (stopped, failed.is_empty()) {
            (true, _) => Err(PhaseError::Stopped),
            (false, true) => Ok(changed),
            (false, false) => Err(PhaseError::Many(failed)),
        }
    }

    /// Pulls all images at the same time.
    fn pull_together(&self, images: &[Proposal]) -> Vec<Pull> {
        thread::scope(|scope| {
            let pulls: Vec<_> = images
                .iter()
                .map(|image| scope.spawn(|| self.pull_image(image)))
                .collect();
            pulls
                .into_iter()
                .map(|pull| {
                    pull.join()
                        .unwrap_or_else(|panic| panic::resume_unwind(panic))
                })
                .collect()
        })
    }

    fn pull_image(&self, image: &Proposal) -> Pull {
        let began = Instant::now();
        let time = self.time.check();
        let pulled = time
            .map_err(|why| Failure::new(FailureCode::Timeout, why))
            .and_then(|()| {
                let room = self.reserve_record(image, &[]);
                room.map_err(|why| Failure::new(FailureCode::Limit, why))
            })
            .and_then(|()| self.apply_effect(image, false));
        (pulled, micros(began))
    }
}
