//! What a run came to, gathered from its events: the one fold behind summary, hints and exit code.
use crate::effect::Enacted;
use crate::run::event::{EffectResult, EffectSummary, Event, Judgement, PhaseResult, RunResult, Subscriber, Usage, What};
use kubephase_wit::{Finding, Verdict};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub workflow: String,
    /// in the order of the plan
    pub phases: Vec<Span>,
    /// by kind of effect
    pub effects: BTreeMap<String, Counts>,
    pub failed_effects: Vec<FailedEffect>,
    pub findings: Vec<(Finding, Judgement)>,
    /// by plugin: the memory of its hungriest call, the rest in sum
    pub plugins: BTreeMap<String, Usage>,
    /// none while the run goes on, or if it was cut off
    pub result: Option<RunResult>,
    pub micros: u64,
}

/// When a phase ran, and how it ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    pub phase: String,
    /// microseconds since the run began; none if it never started
    pub began: Option<u64>,
    pub micros: u64,
    pub result: Option<PhaseResult>,
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

#[derive(Clone, Debug, PartialEq)]
pub struct FailedEffect {
    pub phase: String,
    pub effect: EffectSummary,
    pub message: String,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.changed + self.unchanged + self.left + self.failed
    }
}

impl Tally {
    /// The tally of a recorded run.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut tally = Tally::default();
        events.into_iter().for_each(|event| tally.add(event));
        tally
    }

    pub fn add(&mut self, event: &Event) {
        match &event.what {
            What::RunStarted { workflow, phases, .. } => {
                self.workflow.clone_from(workflow);
                self.phases = phases.iter().map(|phase| Span { phase: phase.clone(), ..Span::default() }).collect();
            }
            What::PhaseStarted { phase } => self.span(phase).began = Some(event.at),
            What::PhaseEnded { phase, result, micros } => {
                let span = self.span(phase);
                (span.result, span.micros) = (Some(result.clone()), *micros);
            }
            What::Finding { finding, judged, .. } => self.findings.push((finding.clone(), judged.clone())),
            What::Effect { phase, effect, result, .. } => self.effect(phase, effect, result),
            What::RunEnded { result, micros } => (self.result, self.micros) = (Some(result.clone()), *micros),
            What::PluginUsed { plugin, used, .. } => {
                let sum = self.plugins.entry(plugin.clone()).or_default();
                sum.memory_bytes = sum.memory_bytes.max(used.memory_bytes);
                sum.findings += used.findings;
                sum.proposals += used.proposals;
                sum.message_bytes += used.message_bytes;
            }
            What::Message { .. } | What::Progress { .. } => {}
        }
    }

    fn span(&mut self, phase: &str) -> &mut Span {
        let at = self.phases.iter().position(|span| span.phase == phase).unwrap_or_else(|| {
            self.phases.push(Span { phase: phase.into(), ..Span::default() });
            self.phases.len() - 1
        });
        &mut self.phases[at]
    }

    fn effect(&mut self, phase: &str, effect: &EffectSummary, result: &EffectResult) {
        let counts = self.effects.entry(effect.kind.clone()).or_default();
        match result {
            EffectResult::Enacted(Enacted::Changed) => counts.changed += 1,
            EffectResult::Enacted(Enacted::Unchanged) => counts.unchanged += 1,
            EffectResult::Enacted(Enacted::Left(_)) => counts.left += 1,
            EffectResult::Failed(message) | EffectResult::Refused(message) => {
                counts.failed += 1;
                self.failed_effects.push(FailedEffect { phase: phase.into(), effect: effect.clone(), message: message.clone() });
            }
        }
    }

    pub fn micros_of(&self, phase: &str) -> u64 {
        self.phases.iter().find(|span| span.phase == phase).map_or(0, |span| span.micros)
    }

    pub fn findings_with(&self, verdict: Verdict) -> impl Iterator<Item = &Finding> {
        self.findings.iter().map(|(finding, _)| finding).filter(move |finding| finding.verdict == verdict)
    }

    /// Findings that stand in the way of the run.
    pub fn fatal(&self) -> impl Iterator<Item = &Finding> {
        let stands = |(finding, judged): &&(Finding, Judgement)| finding.verdict == Verdict::Fail && *judged == Judgement::Stands;
        self.findings.iter().filter(stands).map(|(finding, _)| finding)
    }
}

/// Keeps a tally while events come in; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Keeper(Arc<Mutex<Tally>>);

impl Keeper {
    /// The tally so far.
    pub fn tally(&self) -> Tally {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Subscriber for Keeper {
    fn notice(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(event);
    }
}
