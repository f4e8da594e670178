//! The record of an applied effect: its event, and the room that the event takes in the journal.
use super::Application;
use crate::{
    arguments::Text,
    effect::{Effect, files, proposal::Proposal},
    event::{EffectResult, EffectSummary, EventKind},
};
use std::{collections::BTreeSet, path::Path};

impl Application<'_> {
    /// Reports an effect. `missing` are its paths that did not exist before it was applied.
    pub(super) fn emit_effect(
        &self,
        proposal: &Proposal,
        result: EffectResult,
        micros: u64,
        missing: &[String],
    ) {
        let made = self.existing_of_kind("file", missing);
        let directories = self.existing_of_kind("directory", missing);
        let footprint = Some(proposal.effect.footprint(&made));
        let (kind, target) = summary(&proposal.effect);
        let effect = EffectSummary {
            kind: kind.to_owned(),
            target,
            because: proposal.because.clone(),
            digest: proposal.effect.digest(),
        };
        self.executor.shared.bus.emit(EventKind::Effect {
            phase: self.node.spec.id.clone(),
            effect,
            result,
            micros,
            made,
            directories,
            footprint,
        });
    }

    /// Reserves room in the journal for the event of an effect. The event has the whole path of
    /// everything that the effect makes, so that `reset` removes exactly that.
    ///
    /// # Errors
    /// The journal, or the phase's share of directories, has no room left.
    pub(super) fn reserve_record(
        &self,
        proposal: &Proposal,
        missing: &[String],
    ) -> Result<(), String> {
        let target = summary(&proposal.effect).1;
        // Each missing path is counted once: if the effect does not make it, the event has it in
        // the footprint instead of `made`.
        let footprint = proposal.effect.footprint(missing);
        let texts: Vec<&str> = [&target]
            .into_iter()
            .chain(&proposal.because)
            .chain(missing)
            .map(String::as_str)
            .chain(footprint.texts())
            .collect();
        let room = self.session.spend_journal(&texts);
        let is_directory = proposal.effect.as_kind::<files::Directory>().is_some();
        let directories = missing.len().saturating_sub(usize::from(!is_directory));
        room.and_then(|()| self.session.spend_directories(directories))
            .map_err(|stop| stop.to_string())
    }

    /// Returns the paths of an effect, and their parent directories, that do not exist.
    pub(super) fn missing_paths(&self, effect: &Effect) -> Vec<String> {
        let mut missing = BTreeSet::new();
        for path in effect.paths() {
            let above = Path::new(&path)
                .ancestors()
                .filter_map(Path::to_str)
                .take_while(|path| self.kind_at(path).is_none());
            missing.extend(above.map(str::to_owned));
        }
        missing.into_iter().collect()
    }

    /// Returns those paths at which there is now a file of this kind.
    fn existing_of_kind(&self, wanted: &str, paths: &[String]) -> Vec<String> {
        let existing = paths
            .iter()
            .filter(|path| self.kind_at(path).is_some_and(|kind| kind == wanted));
        existing.cloned().collect()
    }

    /// Returns the kind of the file at a path; `None` if there is no file.
    fn kind_at(&self, path: &str) -> Option<String> {
        let files = self.executor.shared.world.files();
        files.stat(path).ok().flatten().map(|meta| meta.kind)
    }
}

/// Returns the kind and the target of an effect. A target that is longer than any path is cut,
/// because it is a command or a value.
pub(super) fn summary(effect: &Effect) -> (&'static str, String) {
    let (kind, target) = effect.summary();
    match Text::parse(&target) {
        Ok(cut) if target.len() > 2 * Text::LONGEST => (kind, cut.into()),
        _ => (kind, target),
    }
}
