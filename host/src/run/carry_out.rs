//! What a phase proposed, checked against what was granted, carried out effect by effect, and told
//! as events.
use super::{
    event::{EffectResult, EffectSummary, What, micros},
    executor::{Broken, Executor, Left},
    session::Session,
};
use crate::{
    effect::{
        Context, Done, Effect, Enacted, Sent,
        proposal::{self, Proposal},
        territory::{self, Territory},
    },
    plan::Node,
    world::Tried,
};
use kubephase_wit::{Failure, Severity};
use std::{collections::BTreeSet, path::Path, sync::PoisonError, thread, time::Instant};

impl Executor<'_> {
    /// Checks all proposals of a call, then carries them out one by one; whether anything changed.
    pub(super) fn carry_out(
        &self,
        node: &Node,
        session: &Session,
        sent: &mut Vec<Sent>,
        left: &Left,
    ) -> Result<bool, Broken> {
        let proposals = session.take_proposals();
        let territory = session.is_plugin().then(|| Territory::of(self.config));
        for proposal in &proposals {
            let of_host = territory
                .as_ref()
                .and_then(|territory| territory::refusal(&proposal.effect, territory, self.config));
            if let Err(why) = session
                .access()
                .check_effect(&proposal.effect)
                .and(of_host.map_or(Ok(()), Err))
            {
                self.tell(node, proposal, EffectResult::Refused(why.clone()), 0, &[]);
                let (kind, target) = proposal.effect.summary();
                return Err(Broken::Failed(format!(
                    "it proposed what it was not granted: {kind} {target}: {why}"
                )));
            }
        }
        if !proposals.is_empty() {
            let targets = |proposal: &Proposal| {
                std::iter::once(proposal.effect.summary().1).chain(proposal.effect.paths())
            };
            let targets: BTreeSet<String> = proposals.iter().flat_map(targets).collect();
            self.shared.bus.emit(What::Intended {
                phase: node.id.clone(),
                targets: targets.into_iter().collect(),
            });
        }
        if proposals
            .iter()
            .all(|proposal| matches!(proposal.effect, Effect::Image { .. }))
        {
            return self.pull(node, session, &proposals, left);
        }
        let (mut changed, mut failed) = (vec![false; proposals.len()], None);
        for at in proposal::order(&proposals).map_err(|failure| failure.told())? {
            let (proposal, began) = (&proposals[at], Instant::now());
            if failed.is_none() && self.cancel.is_requested() {
                failed = Some(Broken::Stopped);
            }
            if failed.is_some() && !proposal.regardless {
                continue;
            }
            let disturbed = proposal
                .requires
                .iter()
                .any(|earlier| changed[*earlier as usize]);
            if let Some(line) = &proposal.announce {
                session.say(Severity::Info, line);
            }
            let enact = || self.enact(proposal, disturbed, territory.as_ref(), session, left);
            let absent = self.absent(&proposal.effect);
            let outcome = if proposal.effect.waits() {
                left.crew.parked(enact)
            } else {
                enact()
            };
            match outcome {
                Ok(Done {
                    enacted,
                    said,
                    warnings,
                    sent: written,
                }) => {
                    said.iter()
                        .for_each(|line| session.say(Severity::Info, line));
                    warnings
                        .iter()
                        .for_each(|line| session.say(Severity::Warning, line));
                    changed[at] = enacted == Enacted::Changed;
                    let paths = if changed[at] {
                        &self.shared.made
                    } else {
                        &self.shared.found
                    };
                    paths
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend(proposal.effect.paths());
                    sent.extend(written);
                    self.tell(
                        node,
                        proposal,
                        EffectResult::Enacted(enacted),
                        micros(began),
                        &absent,
                    );
                }
                Err(Failure { message, code, .. })
                    if proposal.attempt.is_some() && code != "cancelled" =>
                {
                    proposal.attempt.iter().for_each(|warning| {
                        session.say(Severity::Warning, &warning.replacen("{}", &message, 1))
                    });
                    self.tell(
                        node,
                        proposal,
                        EffectResult::Enacted(Enacted::Left(message)),
                        micros(began),
                        &absent,
                    );
                }
                Err(failure) => {
                    self.tell(
                        node,
                        proposal,
                        EffectResult::Failed(failure.message.clone()),
                        micros(began),
                        &absent,
                    );
                    failed.get_or_insert(match failure.code.as_str() {
                        // The same command goes on from here.
                        "cancelled" => Broken::Stopped,
                        _ => Broken::Failed(failure.told()),
                    });
                }
            }
        }
        failed.map_or(Ok(changed.contains(&true)), Err)
    }

    fn enact(
        &self,
        proposal: &Proposal,
        disturbed: bool,
        territory: Option<&Territory>,
        session: &Session,
        left: &Left,
    ) -> Tried<Done> {
        proposal.effect.enact(&Context {
            world: self.shared.world.as_ref(),
            config: self.config,
            started: self.started,
            made: &|path| {
                self.shared
                    .made
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .contains(path)
            },
            disturbed,
            territory,
            cancel: &left.stop,
            command_time: session.limits().deadline,
        })
    }

    /// Pulls images, one after the other unless the configuration says otherwise. A pull that fails
    /// does not keep the other images from being pulled (kubeadm behaviour).
    fn pull(
        &self,
        node: &Node,
        session: &Session,
        images: &[Proposal],
        left: &Left,
    ) -> Result<bool, Broken> {
        let one = |proposal: &Proposal| {
            let began = Instant::now();
            (
                self.enact(proposal, false, None, session, left),
                micros(began),
            )
        };
        let serial = self
            .config
            .init
            .node_registration
            .image_pull_serial
            .unwrap_or(true);
        let outcomes: Vec<_> = left.crew.parked(|| {
            if serial {
                return images.iter().map(one).collect();
            }
            thread::scope(|scope| {
                let one = &one;
                let pulls: Vec<_> = images
                    .iter()
                    .map(|image| scope.spawn(move || one(image)))
                    .collect();
                pulls
                    .into_iter()
                    .map(|pull| {
                        pull.join()
                            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    })
                    .collect()
            })
        });
        let (mut failed, mut changed, mut stopped) = (Vec::new(), false, false);
        for (proposal, (outcome, micros)) in images.iter().zip(outcomes) {
            let result = match outcome {
                Ok(done) => {
                    done.warnings
                        .iter()
                        .for_each(|line| session.say(Severity::Warning, line));
                    changed |= done.enacted == Enacted::Changed;
                    EffectResult::Enacted(done.enacted)
                }
                Err(failure) => {
                    stopped |= failure.code == "cancelled";
                    failed.push(failure.told());
                    EffectResult::Failed(failure.message)
                }
            };
            self.tell(node, proposal, result, micros, &[]);
        }
        if stopped {
            return Err(Broken::Stopped);
        }
        if failed.is_empty() {
            Ok(changed)
        } else {
            Err(Broken::Each(failed))
        }
    }

    /// Of what is at a path, if anything is.
    fn kind(&self, path: &str) -> Option<String> {
        self.shared
            .world
            .files()
            .stat(path)
            .ok()
            .flatten()
            .map(|meta| meta.kind)
    }

    /// Of the files that come into being with an effect, and the directories they are in, those
    /// that are not there.
    fn absent(&self, effect: &Effect) -> Vec<String> {
        let mut absent = BTreeSet::new();
        for path in effect.paths() {
            let above = Path::new(&path)
                .ancestors()
                .filter_map(Path::to_str)
                .take_while(|path| self.kind(path).is_none());
            absent.extend(above.map(str::to_owned));
        }
        absent.into_iter().collect()
    }

    /// `absent` is what was not there before it was carried out.
    fn tell(
        &self,
        node: &Node,
        proposal: &Proposal,
        result: EffectResult,
        micros: u64,
        absent: &[String],
    ) {
        let made = |wanted: &str| {
            absent
                .iter()
                .filter(|path| self.kind(path).is_some_and(|kind| kind == wanted))
                .cloned()
                .collect()
        };
        let (made, directories) = (made("file"), made("directory"));
        let (kind, target) = proposal.effect.summary();
        let digest = proposal.effect.digest();
        let effect = EffectSummary {
            kind: kind.to_owned(),
            target,
            because: proposal.because.clone(),
            digest,
        };
        self.shared.bus.emit(What::Effect {
            phase: node.id.clone(),
            effect,
            result,
            micros,
            made,
            directories,
        });
    }
}

#[cfg(test)]
mod tests;
