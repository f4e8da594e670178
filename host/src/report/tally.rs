//! What a run came to, gathered from its events: the one fold behind summary, timeline, hints and
//! exit code.
use super::by_plugin;
use crate::{
    effect::Applied,
    event::{
        EffectResult, EffectSummary, Event, EventKind, Judgement, PhaseResult, RunResult,
        Subscriber, Usage,
    },
    journal,
};
use kubephase_wit::{Finding, Verdict};
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub workflow: String,
    /// microseconds until the first phase could start
    pub ready: u64,
    /// in the order of the plan
    pub phases: Vec<Span>,
    pub findings: Vec<Found>,
    /// by plugin: the memory of its hungriest call, the rest in sum
    pub plugins: BTreeMap<String, Usage>,
    /// what the journal says that it does not have of the run
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_kept: Vec<String>,
    /// none while the run goes on, or if it was cut off
    pub result: Option<RunResult>,
    /// it goes on; its events alone cannot tell that from being cut off
    pub at_work: bool,
    /// how long it took, as far as its events go
    pub micros: u64,
}

/// When a phase ran, what it did, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    pub phase: String,
    /// phases it waited for; none where that was not recorded
    pub needs: Option<Vec<String>>,
    /// microseconds since the run began; none if it never started
    pub began: Option<u64>,
    pub micros: u64,
    pub result: Option<PhaseResult>,
    pub effects: Vec<Carried>,
    /// whether a component runs it
    #[serde(skip)]
    pub is_plugin: bool,
}

/// An effect, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Carried {
    #[serde(flatten)]
    pub effect: EffectSummary,
    pub result: EffectResult,
    pub micros: u64,
}

/// A finding, and what it meant for the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    #[serde(flatten)]
    pub finding: Finding,
    pub judged: Judgement,
    /// name of the third party's plugin that found it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
}

impl Found {
    /// Code and summary, with the plugin of a third party.
    pub fn line(&self) -> String {
        format!(
            "{}: {}{}",
            self.finding.code,
            self.finding.summary,
            by_plugin(self.plugin.as_deref())
        )
    }

    /// Whether it stands in the way of the run.
    fn is_fatal(&self) -> bool {
        self.finding.verdict == Verdict::Fail && self.judged == Judgement::Stands
    }
}

/// How effects of one kind turned out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub changed: u64,
    pub unchanged: u64,
    /// held by other means
    pub left: u64,
    pub failed: u64,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.changed + self.unchanged + self.left + self.failed
    }

    fn add(&mut self, result: &EffectResult) {
        match result {
            EffectResult::Applied(Applied::Changed) => self.changed += 1,
            EffectResult::Applied(Applied::Unchanged) => self.unchanged += 1,
            EffectResult::Applied(Applied::Skipped(_)) => self.left += 1,
            EffectResult::Failed(_) | EffectResult::Refused(_) => self.failed += 1,
        }
    }
}

impl Span {
    /// At work when the events end.
    pub fn open(&self) -> bool {
        self.began.is_some() && self.result.is_none()
    }

    /// Microseconds since the run began.
    pub fn end(&self) -> Option<u64> {
        self.began.map(|began| began.saturating_add(self.micros))
    }
}

impl Tally {
    /// The tally of a recorded run; phases that did not end took as long as there are events.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut tally = Tally::default();
        events.into_iter().for_each(|event| tally.add(event));
        let end = tally.micros;
        tally
            .phases
            .iter_mut()
            .filter(|span| span.open())
            .for_each(|span| span.micros = end.saturating_sub(span.began.unwrap_or(end)));
        tally
    }

    pub fn add(&mut self, event: &Event) {
        self.micros = self.micros.max(event.at);
        match &event.kind {
            EventKind::RunStarted {
                workflow,
                phases,
                needs,
                ..
            } => {
                self.workflow.clone_from(workflow);
                self.ready = event.at;
                let span = |phase: &String| Span {
                    phase: phase.clone(),
                    needs: needs.get(phase).cloned(),
                    ..Span::default()
                };
                self.phases = phases.iter().map(span).collect();
            }
            EventKind::PhaseStarted { phase } => self.span(phase).began = Some(event.at),
            EventKind::PhaseEnded {
                phase,
                result,
                micros,
            } => {
                let span = self.span(phase);
                (span.result, span.micros) = (Some(result.clone()), *micros);
            }
            EventKind::Finding {
                finding,
                judged,
                plugin,
                ..
            } => {
                self.findings.push(Found {
                    finding: finding.clone(),
                    judged: judged.clone(),
                    plugin: plugin.clone(),
                });
            }
            EventKind::Effect {
                phase,
                effect,
                result,
                micros,
                ..
            } => {
                self.span(phase).effects.push(Carried {
                    effect: effect.clone(),
                    result: result.clone(),
                    micros: *micros,
                });
            }
            EventKind::RunEnded { result, micros } => {
                (self.result, self.micros) = (Some(result.clone()), *micros)
            }
            EventKind::PluginUsed {
                phase,
                plugin,
                used,
            } => {
                self.span(phase).is_plugin = true;
                let sum = self.plugins.entry(plugin.clone()).or_default();
                sum.memory_bytes = sum.memory_bytes.max(used.memory_bytes);
                sum.findings += used.findings;
                sum.proposals += used.proposals;
                sum.message_bytes += used.message_bytes;
                sum.limits = used.limits;
            }
            EventKind::Message { label, text, .. } if label == journal::MARK => {
                self.not_kept.push(text.clone());
            }
            EventKind::Message { .. } | EventKind::Intended { .. } | EventKind::Progress { .. } => {
            }
        }
    }

    fn span(&mut self, phase: &str) -> &mut Span {
        let at = self
            .phases
            .iter()
            .position(|span| span.phase == phase)
            .unwrap_or_else(|| {
                self.phases.push(Span {
                    phase: phase.into(),
                    ..Span::default()
                });
                self.phases.len() - 1
            });
        &mut self.phases[at]
    }

    /// The phases that started, in the order of the plan.
    pub fn ran(&self) -> impl Iterator<Item = &Span> {
        self.phases.iter().filter(|span| span.began.is_some())
    }

    /// Effects by kind, and how they turned out.
    pub fn effects(&self) -> BTreeMap<&str, Counts> {
        let mut effects: BTreeMap<&str, Counts> = BTreeMap::new();
        for carried in self.phases.iter().flat_map(|span| &span.effects) {
            effects
                .entry(&carried.effect.kind)
                .or_default()
                .add(&carried.result);
        }
        effects
    }

    pub fn findings_with(&self, verdict: Verdict) -> impl Iterator<Item = &Found> {
        self.findings
            .iter()
            .filter(move |found| found.finding.verdict == verdict)
    }

    /// Findings that stand in the way of the run.
    pub fn fatal(&self) -> impl Iterator<Item = &Found> {
        self.findings.iter().filter(|found| found.is_fatal())
    }
}

/// Keeps a tally while events come in; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Keeper(Arc<Mutex<Tally>>);

impl Keeper {
    /// The tally so far.
    pub fn tally(&self) -> Tally {
        self.0.lock().clone()
    }
}

impl Subscriber for Keeper {
    fn on_event(&mut self, event: &Event) {
        self.0.lock().add(event);
    }
}
