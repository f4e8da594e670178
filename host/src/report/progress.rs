//! A display of the phases at work, at the bottom of a terminal.
use crate::{
    event::{Event, EventKind, Subscriber},
    text::sanitise,
};
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

/// One bar for the run, and a line for each phase at work.
pub struct Progress {
    display: MultiProgress,
    total: Option<ProgressBar>,
    working: HashMap<String, ProgressBar>,
}

impl Progress {
    /// Returns a display; `None` unless standard error is a terminal that can move its cursor.
    pub fn if_terminal() -> Option<Self> {
        let is_able =
            Term::stderr().is_term() && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        is_able.then(|| Self::with_target(ProgressDrawTarget::stderr()))
    }

    fn with_target(target: ProgressDrawTarget) -> Self {
        Progress {
            display: MultiProgress::with_draw_target(target),
            total: None,
            working: HashMap::new(),
        }
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
            .with_style(style("  {spinner} {prefix} {wide_msg}"))
            .with_prefix(sanitise::line(phase).into_owned());
        let bar = match &self.total {
            Some(total) => self.display.insert_before(total, bar),
            None => self.display.add(bar),
        };
        bar.enable_steady_tick(Duration::from_millis(100));
        self.working.insert(phase.into(), bar);
    }

    fn update_phase(&self, phase: &str, done: u32, total: u32, text: &str) {
        if let Some(bar) = self.working.get(phase) {
            let count = if total > 0 {
                format!("{done}/{total} ")
            } else {
                String::new()
            };
            bar.set_message(format!("{count}{}", sanitise::line(text)));
        }
    }

    fn end_phase(&mut self, phase: &str) {
        if let Some(bar) = self.working.remove(phase) {
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
            .for_each(|(_, bar)| bar.finish_and_clear());
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
            EventKind::PhaseEnded { phase, .. } => self.end_phase(phase),
            EventKind::RunEnded { .. } => self.end(),
            EventKind::Message { .. }
            | EventKind::Finding { .. }
            | EventKind::Intended { .. }
            | EventKind::Effect { .. }
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
