//! kubeadm's familiar lines: `[certs] Generating "ca" certificate and key`, in the order of the
//! plan although phases run at the same time. Results go to one stream, warnings and the findings
//! of preflight to the other.
use super::{by_plugin, order::OrderedOutput, phase_error, remedy_text, style::Palette};
use crate::{
    event::{Event, EventKind, Judgement, RunResult, Subscriber},
    program,
    secret::Secret,
    text::sanitise,
};
use kubephase_sdk::codes;
use kubephase_wit::{Finding, Severity, Verdict};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// Prints lines. If an output is closed, the run goes on.
pub struct LinePrinter<O, E> {
    out: O,
    err: E,
    out_palette: Palette,
    err_palette: Palette,
    debug: bool,
    /// phases and groups whose text may have several lines
    builtin: BTreeSet<String>,
    /// the third parties' plugins of phases
    plugins: BTreeMap<String, String>,
    order: OrderedOutput<Line>,
    /// findings that stop the run, printed together at the end
    fatal: Vec<String>,
}

enum Line {
    Out(String),
    Err(String),
    Fatal(String),
}

impl<O: Write + Send, E: Write + Send> LinePrinter<O, E> {
    /// Returns a printer. `builtin` are the built-in phases (`Plan::builtin_ids`), whose messages
    /// may have several lines; `debug` shows debug messages.
    pub fn new(
        (out, out_palette): (O, Palette),
        (err, err_palette): (E, Palette),
        builtin: BTreeSet<String>,
        debug: bool,
    ) -> Self {
        LinePrinter {
            out,
            err,
            out_palette,
            err_palette,
            debug,
            builtin,
            plugins: BTreeMap::new(),
            order: OrderedOutput::default(),
            fatal: Vec::new(),
        }
    }

    /// Returns the text of a phase. The text of a third party becomes one line, so that none of its
    /// lines looks like a line of another phase.
    fn text<'t>(&self, phase: &str, plugin: Option<&str>, text: &'t str) -> Cow<'t, str> {
        if plugin.is_none() && (phase.is_empty() || self.builtin.contains(phase)) {
            sanitise::multiline(text)
        } else {
            sanitise::line(text)
        }
    }

    fn message(
        &self,
        phase: &str,
        plugin: Option<&str>,
        severity: Severity,
        label: &str,
        text: &str,
    ) -> Option<Line> {
        let text = self.text(phase, plugin, text);
        let label = if label.is_empty() {
            String::new()
        } else {
            format!("[{}] ", sanitise::line(label))
        };
        Some(match severity {
            Severity::Info => Line::Out(format!(
                "{}{text}",
                if label.is_empty() {
                    label
                } else {
                    self.out_palette.dim(&label)
                }
            )),
            Severity::Warning => Line::Err(format!(
                "{}: {label}{text}",
                self.err_palette.warn("warning")
            )),
            Severity::Error => Line::Err(format!(
                "{}: {label}{text}",
                self.err_palette.error("error")
            )),
            Severity::Debug if self.debug => Line::Err(format!("debug: {label}{text}")),
            Severity::Debug => return None,
        })
    }

    fn finding(&self, finding: &Finding, judged: &Judgement, plugin: Option<&str>) -> Option<Line> {
        let (code, summary) = (
            sanitise::line(&finding.code),
            sanitise::line(&finding.summary),
        );
        let summary = format!("{summary}{}", by_plugin(plugin));
        // The findings of kubeadm's checks have kubeadm's lines. The hints after the run have the
        // remedies of errors.
        let is_own = codes::is_built_in(&finding.code);
        let details = |with_remedy| match is_own && !self.debug {
            true => String::new(),
            false => describe_details(finding, plugin, with_remedy),
        };
        match (finding.verdict, judged) {
            (Verdict::Fail, Judgement::Stands) => Some(Line::Fatal(format!(
                "\t{}: {summary}{}",
                self.err_palette.error(&format!("[ERROR {code}]")),
                details(false)
            ))),
            (Verdict::Fail, Judgement::Downgraded(_)) | (Verdict::Warn, _) => {
                Some(self.finding_warning(&code, &(summary + &details(true))))
            }
            (Verdict::CouldNotRun, _) => {
                let summary = format!("could not be checked: {summary}{}", details(true));
                Some(self.finding_warning(&code, &summary))
            }
            (Verdict::Pass, _) if self.debug => Some(Line::Err(format!(
                "\t[OK {code}]: {summary}{}",
                details(false)
            ))),
            (Verdict::Skipped, _) if self.debug => {
                Some(Line::Err(format!("\t[SKIPPED {code}]: {summary}")))
            }
            (Verdict::Pass | Verdict::Skipped, _) => None,
        }
    }

    fn finding_warning(&self, code: &str, summary: &str) -> Line {
        let code = self.err_palette.warn(&format!("[WARNING {code}]"));
        Line::Err(format!("\t{code}: {summary}"))
    }

    /// Prints a line of a phase when its turn comes.
    fn submit(&mut self, phase: &str, line: Option<Line>) {
        if let Some(line) = line.and_then(|line| self.order.submit(phase, line)) {
            self.print(line);
        }
    }

    fn print(&mut self, line: Line) {
        // If the reader closes the pipe, the exit code and the journal still have the outcome.
        let _ = match line {
            Line::Out(text) => self
                .out
                .write_all(format!("{text}\n").as_bytes())
                .and_then(|()| self.out.flush()),
            Line::Err(text) => self
                .err
                .write_all(format!("{text}\n").as_bytes())
                .and_then(|()| self.err.flush()),
            Line::Fatal(text) => {
                self.fatal.push(text);
                Ok(())
            }
        };
    }

    /// Prints the lines that wait for their turn, then the fatal findings and the error.
    fn end(&mut self, result: &RunResult) {
        for line in self.order.finish() {
            self.print(line);
        }
        let error = match result {
            RunResult::Done => None,
            RunResult::PreflightFailed => {
                Some(phase_error("preflight", None, "preflight checks failed"))
            }
            RunResult::Failed { phase, message } if phase.is_empty() => {
                Some(self.text(phase, None, message).into_owned())
            }
            RunResult::Failed { phase, message } => Some(phase_error(
                phase,
                self.plugins.get(phase).map(String::as_str),
                &self.text(phase, None, message),
            )),
            RunResult::Cancelled => {
                Some("interrupted; run the same command again to go on".to_owned())
            }
        };
        if !self.fatal.is_empty() {
            let fatal = std::mem::take(&mut self.fatal).join("\n");
            self.print(Line::Err(format!(
                "[preflight] Some fatal errors occurred:\n{fatal}"
            )));
            let hint = "[preflight] If you know what you are doing, you can make a check non-fatal \
                with `--ignore-preflight-errors=...`";
            self.print(Line::Err(hint.into()));
        }
        if let Some(error) = error {
            self.print(Line::Err(format!(
                "{}: {error}",
                self.err_palette.error("error")
            )));
            if let Some(line) = program::stack_trace_line() {
                self.print(Line::Err(line.into()));
            }
        }
    }
}

/// Returns further lines of a finding: its evidence, and its remedy.
fn describe_details(finding: &Finding, plugin: Option<&str>, with_remedy: bool) -> String {
    let evidence = finding.evidence.iter();
    let evidence = evidence.map(|(name, value)| (name.as_str(), value.as_str()));
    let remedy = finding.remedy.as_deref().filter(|_| with_remedy);
    let lines = evidence.map(|(name, text)| (name, sanitise::line(text).into_owned()));
    let remedy = remedy.map(|remedy| ("remedy", remedy_text(remedy, plugin, "\t\t")));
    lines
        .chain(remedy)
        .map(|(name, text)| format!("\n\t\t{}: {text}", sanitise::line(name)))
        .collect()
}

impl<O: Write + Send, E: Write + Send> Subscriber for LinePrinter<O, E> {
    fn on_revealed_event(&mut self, event: &Event, revealed: &Secret<String>) {
        let mut event = event.clone();
        if let EventKind::Message { text, .. } = &mut event.kind {
            text.clone_from(revealed.reveal());
        }
        self.on_event(&event);
    }

    fn on_event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted {
                phases, plugins, ..
            } => {
                self.order = OrderedOutput::new(phases);
                self.plugins.clone_from(plugins);
            }
            EventKind::Message {
                phase,
                severity,
                label,
                text,
                plugin,
            } => {
                self.submit(
                    phase,
                    self.message(phase, plugin.as_deref(), *severity, label, text),
                );
            }
            EventKind::Finding {
                phase,
                finding,
                judged,
                plugin,
            } => self.submit(phase, self.finding(finding, judged, plugin.as_deref())),
            EventKind::PhaseEnded { phase, .. } => {
                for line in self.order.end(phase) {
                    self.print(line);
                }
            }
            EventKind::RunEnded { result, .. } => self.end(result),
            EventKind::PhaseStarted { .. }
            | EventKind::Progress { .. }
            | EventKind::Intended { .. }
            | EventKind::Effect { .. }
            | EventKind::PluginUsed { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
