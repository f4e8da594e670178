//! The result of a run, collected from its events. Summary, timeline and hints come from it.
mod effect_counts;
mod finding_record;

pub use effect_counts::EffectCounts;
pub use finding_record::FindingRecord;

use super::{by_plugin, third_party};
use crate::{
    effect::Undo,
    event::{
        EffectResult, EffectSummary, Event, EventKind, PhaseResult, PluginRecord, RunResult,
        Subscriber, Usage,
    },
    journal,
    text::sanitise,
};
use kubephase_wit::Verdict;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The result of a run, as far as the run has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub workflow: String,
    /// version of Kubernetes; empty if it is not known
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubernetes: String,
    /// the third parties' plugins of the run
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<PluginRecord>,
    /// microseconds from the start of the run until the first phase could start
    pub ready: u64,
    /// in the order of the plan
    pub phases: Vec<Span>,
    pub findings: Vec<FindingRecord>,
    /// by plugin: the memory of the call that used the most, and the sums of the other resources
    pub plugins: BTreeMap<String, Usage>,
    /// the journal's notes about information of the run that it does not have
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_kept: Vec<String>,
    /// `None` while the run goes on, and if it was cut off
    pub result: Option<RunResult>,
    /// whether the run still goes on; the events do not distinguish this from a run that was cut
    /// off
    pub at_work: bool,
    /// microseconds from the start to the last event
    pub micros: u64,
    /// the place of each phase in `phases`
    #[serde(skip)]
    places: HashMap<String, usize>,
}

/// The times of a phase, its effects and its result.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    pub phase: String,
    /// phases that it waited for; `None` if that was not recorded
    pub needs: Option<Vec<String>>,
    /// microseconds since the run began; `None` if it never started
    pub began: Option<u64>,
    pub micros: u64,
    pub result: Option<PhaseResult>,
    pub effects: Vec<EffectRecord>,
    /// whether a plugin's component runs the phase
    #[serde(skip)]
    pub is_plugin: bool,
    /// name of the third party's plugin that provides the phase
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
}

/// An effect with its result.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EffectRecord {
    #[serde(flatten)]
    pub effect: EffectSummary,
    pub result: EffectResult,
    pub micros: u64,
    /// microseconds since the run began, at its end
    #[serde(skip)]
    pub at: u64,
    /// files that it made and that did not exist before
    #[serde(skip)]
    pub made: Vec<String>,
    /// the way in which `reset` undoes it; `None` if the journal does not say
    #[serde(skip)]
    pub undo: Option<Undo>,
}

impl Span {
    /// Returns a phase that has not started.
    fn not_started(phase: &str, needs: Option<&Vec<String>>) -> Self {
        Span {
            phase: phase.to_owned(),
            needs: needs.cloned(),
            ..Span::default()
        }
    }

    /// Returns the id of the phase, with the plugin of a third party.
    pub(super) fn name(&self) -> String {
        format!(
            "{}{}",
            sanitise::line(&self.phase),
            by_plugin(self.plugin.as_deref())
        )
    }

    /// Whether the phase was at work when the events end.
    pub fn is_open(&self) -> bool {
        self.began.is_some() && self.result.is_none()
    }

    /// Returns the end of the phase, in microseconds since the run began; `None` if it never
    /// started.
    pub fn end(&self) -> Option<u64> {
        self.began.map(|began| began.saturating_add(self.micros))
    }
}

/// Returns the place of each phase in a list. A phase that stands twice in a damaged journal has
/// its first place.
fn places_of(phases: &[String]) -> HashMap<String, usize> {
    let places = phases.iter().cloned().zip(0..phases.len());
    places.rev().collect()
}

/// Returns the phases of a run before any has started.
fn spans_of(
    phases: &[String],
    needs: &BTreeMap<String, Vec<String>>,
    plugins: &BTreeMap<String, String>,
) -> Vec<Span> {
    phases
        .iter()
        .map(|phase| Span {
            plugin: plugins.get(phase).cloned(),
            ..Span::not_started(phase, needs.get(phase))
        })
        .collect()
}

impl Tally {
    /// Collects the events of a recorded run. A phase that did not end lasts until the last event.
    #[cfg(test)]
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut tally = Tally::default();
        events.into_iter().for_each(|event| tally.record(event));
        tally.end_open_phases();
        tally
    }

    /// Lets the phases that did not end last until the last event.
    pub fn end_open_phases(&mut self) {
        let end = self.micros;
        self.phases
            .iter_mut()
            .filter(|span| span.is_open())
            .for_each(|span| span.micros = end.saturating_sub(span.began.unwrap_or(end)));
    }

    /// Adds an event.
    pub fn record(&mut self, event: &Event) {
        self.micros = self.micros.max(event.at);
        match &event.kind {
            EventKind::RunStarted {
                workflow,
                phases,
                needs,
                plugins,
                kubernetes,
                components,
                ..
            } => {
                (self.kubernetes, self.components) = (kubernetes.clone(), components.clone());
                (self.workflow, self.ready) = (workflow.clone(), event.at);
                self.phases = spans_of(phases, needs, plugins);
                self.places = places_of(phases);
            }
            EventKind::PhaseStarted { phase } => self.span(phase).began = Some(event.at),
            EventKind::PhaseEnded {
                phase,
                result,
                micros,
            } => {
                self.span(phase).result = Some(result.clone());
                self.span(phase).micros = *micros;
            }
            EventKind::Finding {
                phase,
                finding,
                judged,
                plugin,
            } => {
                let record = FindingRecord {
                    finding: finding.clone(),
                    phase: phase.clone(),
                    judged: judged.clone(),
                    plugin: plugin.clone(),
                };
                self.findings.push(record);
            }
            EventKind::Effect { .. } => self.add_effect(event),
            EventKind::RunEnded { result, micros } => {
                (self.result, self.micros) = (Some(result.clone()), *micros);
            }
            EventKind::PluginUsed {
                phase,
                plugin,
                used,
            } => self.add_usage(phase, plugin, used),
            EventKind::Message { label, text, .. } if label == journal::MISSING_LABEL => {
                self.not_kept.push(text.clone());
            }
            _ => {}
        }
    }

    /// Adds an effect to its phase.
    fn add_effect(&mut self, event: &Event) {
        let EventKind::Effect {
            phase,
            effect,
            result,
            micros,
            made,
            footprint,
            ..
        } = &event.kind
        else {
            return;
        };
        self.span(phase).effects.push(EffectRecord {
            effect: effect.clone(),
            result: result.clone(),
            micros: *micros,
            at: event.at,
            made: made.clone(),
            undo: footprint.as_ref().map(|footprint| footprint.undo.clone()),
        });
    }

    /// Adds the resources that a call of a plugin used.
    fn add_usage(&mut self, phase: &str, plugin: &str, used: &Usage) {
        let span = self.span(phase);
        span.is_plugin = true;
        // Journals of earlier versions name plugins only here.
        span.plugin = third_party(plugin).map(str::to_owned);
        let sum = self.plugins.entry(plugin.to_owned()).or_default();
        sum.memory_bytes = sum.memory_bytes.max(used.memory_bytes);
        // The numbers in a damaged journal may be of any size.
        sum.findings = sum.findings.saturating_add(used.findings);
        sum.proposals = sum.proposals.saturating_add(used.proposals);
        sum.message_bytes = sum.message_bytes.saturating_add(used.message_bytes);
        sum.limits = used.limits;
    }

    fn span(&mut self, phase: &str) -> &mut Span {
        let at = match self.places.get(phase) {
            Some(at) => *at,
            None => {
                self.places.insert(phase.to_owned(), self.phases.len());
                self.phases.push(Span {
                    phase: phase.into(),
                    ..Span::default()
                });
                self.phases.len() - 1
            }
        };
        &mut self.phases[at]
    }

    /// Returns the phases of these names that started, in the order of the plan.
    pub fn started_among(&self, names: &[String]) -> impl Iterator<Item = &Span> {
        let places = names
            .iter()
            .filter_map(|name| self.places.get(name).copied());
        let places: BTreeSet<usize> = places.collect();
        let spans = places.into_iter().map(|place| &self.phases[place]);
        spans.filter(|span| span.began.is_some())
    }

    /// Returns the phases that started, in the order of the plan.
    pub fn started_phases(&self) -> impl Iterator<Item = &Span> {
        self.phases.iter().filter(|span| span.began.is_some())
    }

    /// Counts the effects of each kind by their results.
    pub fn count_effects(&self) -> BTreeMap<&str, EffectCounts> {
        let mut effects: BTreeMap<&str, EffectCounts> = BTreeMap::new();
        for record in self.phases.iter().flat_map(|span| &span.effects) {
            effects
                .entry(&record.effect.kind)
                .or_default()
                .add(&record.result);
        }
        effects
    }

    /// Returns the findings with a verdict.
    pub fn findings_with(&self, verdict: Verdict) -> impl Iterator<Item = &FindingRecord> {
        self.findings
            .iter()
            .filter(move |found| found.finding.verdict == verdict)
    }

    /// Counts the findings with a verdict.
    pub fn count_findings(&self, verdict: Verdict) -> usize {
        self.findings_with(verdict).count()
    }

    /// Returns the findings that stop the run.
    pub fn fatal_findings(&self) -> impl Iterator<Item = &FindingRecord> {
        self.findings.iter().filter(|found| found.is_fatal())
    }
}

/// Collects events into a tally while the run goes on. Clones share the tally.
#[derive(Clone, Debug, Default)]
pub struct TallyCollector(Arc<Mutex<Tally>>);

impl TallyCollector {
    /// Takes the tally. A later event begins another one.
    pub fn take(&self) -> Tally {
        std::mem::take(&mut self.0.lock())
    }
}

impl Subscriber for TallyCollector {
    fn on_event(&mut self, event: &Event) {
        self.0.lock().record(event);
    }
}
