//! The checks of proposals before they are applied: a check of a plugin may not propose anything,
//! the grant has to allow each proposal, and there has to be time, and room in the journal.
use super::{Application, record::summary};
use crate::{
    effect::{proposal::Proposal, territory},
    event::{EffectResult, EventKind},
    plan::spec::PhaseKind,
    run::{executor::PhaseError, owners},
    world::WorldResult,
};
use kubephase_wit::Severity;
use std::{collections::BTreeSet, iter};

impl Application<'_> {
    /// Refuses the proposals of a check of a plugin, and proposals that were not granted.
    pub(super) fn check_proposals(&self, proposals: &[Proposal]) -> Result<(), PhaseError> {
        let only_observes = self.executor.shared.only_observes();
        if only_observes && let Some(proposal) = proposals.first() {
            let why = format!("the phases of {} only observe", self.executor.plan.workflow);
            return Err(self.refuse(proposal, "it proposed", why));
        }
        let is_check = self.node.spec.kind == PhaseKind::Check && self.session.is_plugin();
        if is_check && let Some(proposal) = proposals.first() {
            let why = "a check observes and changes nothing; declare a phase of its own for the \
                change (`kind: phase` in plugin.yaml)";
            return Err(self.refuse(proposal, "it proposed", why.into()));
        }
        for proposal in proposals {
            let checked = self.session.count_work(|| self.check_grant(proposal))?;
            if let Err(why) = checked {
                let why = self.session.bound_text(why);
                return Err(self.refuse(proposal, "it proposed what it was not granted:", why));
            }
        }
        self.claim_directory(proposals)
            .map_err(|failure| PhaseError::from(&failure))
    }

    /// Reports a refused proposal. Returns the error of its phase.
    fn refuse(&self, proposal: &Proposal, beginning: &str, why: String) -> PhaseError {
        self.emit_effect(proposal, EffectResult::Refused(why.clone()), 0, &[]);
        let (kind, target) = summary(&proposal.effect);
        PhaseError::from(format!("{beginning} {kind} {target}: {why}"))
    }

    /// Refuses an effect that was not granted, or that changes files of the host.
    fn check_grant(&self, proposal: &Proposal) -> Result<(), String> {
        self.session.access().check_effect(&proposal.effect)?;
        let refusal = self.territory.and_then(|territory| {
            territory::refusal_reason(&proposal.effect, territory, self.executor.config)
        });
        refusal.map_or(Ok(()), Err)
    }

    /// Makes the directory of a plugin belong to the plugin before the plugin uses it.
    fn claim_directory(&self, proposals: &[Proposal]) -> WorldResult<()> {
        let shared = &self.executor.shared;
        let Some(plugin) = self.session.third_party() else {
            return Ok(());
        };
        let mut effects = proposals.iter().map(|proposal| &proposal.effect);
        match shared.identities.get(plugin) {
            Some(identity) if effects.any(|effect| owners::uses_directory_of(effect, plugin)) => {
                owners::claim_directory(shared.world.files(), plugin, identity)
            }
            _ => Ok(()),
        }
    }

    /// Records the targets of all proposals in the journal, before the first of them is applied. A
    /// file that an effect removes was recorded by the run that made it.
    pub(super) fn announce_targets(&self, proposals: &[Proposal]) -> Result<(), PhaseError> {
        let targets: BTreeSet<String> = proposals
            .iter()
            .filter(|Proposal { effect, .. }| !effect.removes_file())
            .flat_map(|Proposal { effect, .. }| iter::once(summary(effect).1).chain(effect.paths()))
            .collect();
        let texts: Vec<&str> = targets.iter().map(String::as_str).collect();
        self.session
            .spend_journal(&texts)
            .map_err(|stop| PhaseError::from(stop.to_string()))?;
        self.executor.shared.bus.emit(EventKind::Intended {
            phase: self.node.spec.id.clone(),
            targets: targets.into_iter().collect(),
        });
        Ok(())
    }

    /// Checks that the phase has time for an effect, and that its plugin may still make a key and
    /// fill the journal. Prints the line that announces the effect. `missing` are paths of the
    /// effect that do not exist.
    pub(super) fn prepare_effect(
        &self,
        proposal: &Proposal,
        missing: &[String],
    ) -> Result<(), String> {
        self.time.check()?;
        self.reserve_record(proposal, missing)?;
        let spent = self
            .session
            .spend_crypto_work(proposal.effect.crypto_work());
        spent.map_err(|stop| stop.to_string())?;
        let is_dry_run = self.executor.shared.is_dry_run;
        let announcement = if self.session.is_plugin() {
            proposal.announce.clone()
        } else {
            proposal.announcement(is_dry_run)
        };
        self.say_lines(Severity::Info, announcement.as_slice())
    }
}
