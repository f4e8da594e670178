//! A display of the phases at work, at the bottom of a terminal.
use crate::{
    event::{Event, EventKind, Subscriber},
    report::duration::format_duration,
    text::sanitise,
};
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, Write};
use std::time::Duration;

/// How often the display is drawn in a second: often enough to see that it lives, and seldom enough
/// for a slow link.
const DRAWINGS: u8 = 4;
/// Microseconds from which on a phase shows how long it usually takes.
const LONG: u64 = 1_000_000;

/// One bar for the run, and a line for each phase at work: since when, for what it waits or what it
/// makes, and how long it usually takes.
pub struct Progress {
    display: MultiProgress,
    total: Option<ProgressBar>,
    working: HashMap<String, Working>,
    /// microseconds that phases usually take
    usual: BTreeMap<String, u64>,
}

/// A phase at work.
struct Working {
    bar: ProgressBar,
    /// targets of the effects that are about to be applied
    targets: VecDeque<String>,
    /// how long the phase usually takes, for the end of its line
    usual: String,
}

impl Working {
    /// Shows what the phase does now.
    fn show(&self, text: &str) {
        self.bar
            .set_message(format!("{}{}", sanitise::line(text), self.usual));
    }

    /// Shows the effect that is applied now.
    fn show_target(&self) {
        self.show(self.targets.front().map_or("", String::as_str));
    }
}

impl Progress {
    /// Returns a display; `None` unless standard error is a terminal that can move its cursor.
    pub fn if_terminal() -> Option<Self> {
        let is_able =
            Term::stderr().is_term() && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        is_able.then(|| Self::with_target(ProgressDrawTarget::stderr_with_hz(DRAWINGS)))
    }

    fn with_target(target: ProgressDrawTarget) -> Self {
        Progress {
            display: MultiProgress::with_draw_target(target),
            total: None,
            working: HashMap::new(),
            usual: BTreeMap::new(),
        }
    }

    /// Sets the microseconds that phases usually take.
    #[must_use]
    pub fn with_usual(self, usual: BTreeMap<String, u64>) -> Self {
        Progress { usual, ..self }
    }

    /// Wraps an output to the same terminal, so that its lines appear above the display.
    pub fn wrap_output<W: Write>(&self, inner: W) -> AboveProgress<W> {
        AboveProgress {
            display: self.display.clone(),
            inner,
        }
    }

    fn begin(&mut self, phases: usize) {
        let bar = ProgressBar::new(phases as u64)
            .with_finish(ProgressFinish::AndClear)
            .with_style(style("{bar:32} {pos}/{len} phases  {elapsed}"));
        self.total = Some(self.display.add(bar));
    }

    fn begin_phase(&mut self, phase: &str) {
        let bar = ProgressBar::new_spinner()
            .with_style(style("  {spinner} {prefix} {elapsed} {wide_msg}"))
            .with_prefix(sanitise::line(phase).into_owned());
        let bar = match &self.total {
            Some(total) => self.display.insert_before(total, bar),
            None => self.display.add(bar),
        };
        bar.enable_steady_tick(Duration::from_millis(1000 / u64::from(DRAWINGS)));
        let usual = self.usual.get(phase).filter(|micros| **micros >= LONG);
        let working = Working {
            bar,
            targets: VecDeque::new(),
            usual: usual.map_or_else(String::new, |micros| {
                format!(" (usually {})", format_duration(*micros))
            }),
        };
        working.show("");
        self.working.insert(phase.into(), working);
    }

    fn update_phase(&self, phase: &str, done: u32, total: u32, text: &str) {
        if let Some(working) = self.working.get(phase) {
            let count = if total > 0 {
                format!("{done}/{total} ")
            } else {
                String::new()
            };
            working.show(&format!("{count}{text}"));
        }
    }

    fn begin_effects(&mut self, phase: &str, targets: &[String]) {
        if let Some(working) = self.working.get_mut(phase) {
            working.targets = targets.iter().cloned().collect();
            working.show_target();
        }
    }

    fn end_effect(&mut self, phase: &str, target: &str) {
        if let Some(working) = self.working.get_mut(phase)
            && let Some(at) = working.targets.iter().position(|other| other == target)
        {
            working.targets.drain(..=at);
            working.show_target();
        }
    }

    fn end_phase(&mut self, phase: &str) {
        if let Some(Working { bar, .. }) = self.working.remove(phase) {
            bar.finish_and_clear();
            self.display.remove(&bar);
        }
        if let Some(total) = &self.total {
            total.inc(1);
        }
    }

    fn end(&mut self) {
        self.working
            .drain()
            .for_each(|(_, working)| working.bar.finish_and_clear());
        if let Some(total) = self.total.take() {
            total.finish_and_clear();
        }
    }
}

/// Returns the style of a template, which is a constant. A wrong template gives the default style.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Subscriber for Progress {
    fn on_event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { phases, .. } => self.begin(phases.len()),
            EventKind::PhaseStarted { phase } => self.begin_phase(phase),
            EventKind::Progress {
                phase,
                done,
                total,
                text,
                plugin,
            } => {
                let text = match plugin {
                    Some(plugin) => format!("plugin {plugin}: {text}"),
                    None => text.clone(),
                };
                self.update_phase(phase, *done, *total, &text);
            }
            EventKind::Intended { phase, targets } => self.begin_effects(phase, targets),
            EventKind::Effect { phase, effect, .. } => self.end_effect(phase, &effect.target),
            EventKind::PhaseEnded { phase, .. } => self.end_phase(phase),
            EventKind::RunEnded { .. } => self.end(),
            EventKind::Message { .. }
            | EventKind::Finding { .. }
            | EventKind::PluginUsed { .. } => {}
        }
    }
}

/// Writes to a terminal without tearing the display below.
pub struct AboveProgress<W> {
    display: MultiProgress,
    inner: W,
}

impl<W: Write> Write for AboveProgress<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.display.suspend(|| self.inner.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
