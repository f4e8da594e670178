//! Makes the messages, reports and results of plugins fit for people: limits their length, escapes
//! control characters, and counts them.
use super::Session;
use crate::{
    arguments::{FindingCode, Text},
    event::EventKind,
    run::{access::Access, secrets::OpenedText},
    wasm::{gate, limits::MAX_EVIDENCE},
};
use kubephase_wit::{Error, Failure, Finding, Outcome, Severity, Stop};

impl Session {
    /// Emits a message of the phase. A phase of the program has its own label, or the label at the
    /// beginning of the text: `[label] text`. A third-party plugin always has the label
    /// `plugin NAME`, even if its text begins with a label; no built-in label has a space. A line
    /// that the host prints for a plugin counts as a message of the plugin.
    ///
    /// # Errors
    /// The plugin reached its limit for messages.
    pub fn say(&self, severity: Severity, text: &str) -> Result<(), Stop> {
        let text = self.make_readable(text.to_owned())?;
        if self.is_plugin() {
            self.log(text.len())?;
        }
        let (label, text) = match &self.0.plugin {
            Some(plugin) => (format!("plugin {plugin}"), text),
            None => split_label(&self.0.phase, &text),
        };
        self.say_as(label, severity, text, self.0.plugin.clone());
        Ok(())
    }

    /// Emits a message of the host that precedes the phase's messages, under the label that the
    /// host gives.
    pub fn say_header(&self, label: &str, line: &str) {
        self.say_as(label.to_owned(), Severity::Info, line.to_owned(), None);
    }

    fn say_as(&self, label: String, severity: Severity, text: String, plugin: Option<String>) {
        let phase = self.0.phase.clone();
        let opened = if matches!(self.0.access, Access::BuiltIn) {
            self.0.shared.secrets.open(&text)
        } else {
            None
        };
        match opened {
            Some(OpenedText { shown, revealed }) => {
                self.0.shared.bus.emit_revealed(
                    EventKind::Message {
                        phase,
                        severity,
                        label,
                        text: shown,
                        plugin,
                    },
                    revealed,
                );
            }
            None => self.0.shared.bus.emit(EventKind::Message {
                phase,
                severity,
                label,
                text,
                plugin,
            }),
        }
    }

    /// Makes a text of a plugin fit for people: limits its length, escapes control characters, and
    /// blanks secrets, because a plugin knows its own settings. A text of the program's own phases
    /// stays unchanged.
    pub(super) fn make_readable(&self, text: String) -> Result<String, Stop> {
        let Some(plugin) = self.third_party() else {
            return Ok(text);
        };
        let text = self.report(&gate::MESSAGE, self.without_secrets(plugin, text));
        Ok(self.without_secrets(plugin, text?.into()))
    }

    /// Returns a text of a plugin without secrets. A text is blanked before it is cut and its
    /// control characters are escaped, because a secret may be cut and have such characters, and
    /// after it, because the plugin may have escaped them.
    pub(super) fn without_secrets(&self, plugin: &str, mut text: String) -> String {
        self.0.shared.secrets.blank_text_of(plugin, &mut text);
        text
    }

    /// Parses the arguments of a report. The interface has no failure for a report, so a report
    /// that is not valid stops the phase.
    pub(super) fn report<A: gate::Arguments>(
        &self,
        function: &'static gate::HostFunction<A>,
        raw: A::Raw,
    ) -> Result<A, Stop> {
        match self.parse(function, raw) {
            Ok(call) => Ok(call.arguments),
            Err(Error::Failure(failure)) => Err(Stop::msg(failure.to_text())),
            Err(Error::Stop(stop)) => Err(stop),
        }
    }

    /// Makes the texts of a plugin's finding fit for people, and checks its code.
    pub(super) fn make_finding_readable(&self, finding: Finding) -> Result<Finding, Stop> {
        if !self.is_plugin() {
            return Ok(finding);
        }
        self.call().count(&gate::SUBMIT.row)?;
        if finding.evidence.len() > MAX_EVIDENCE {
            return Err(Stop::msg(format!(
                "a finding has {} pieces of evidence, and may have {MAX_EVIDENCE}",
                finding.evidence.len()
            )));
        }
        let Finding {
            code,
            verdict,
            summary,
            evidence,
            remedy,
            url,
        } = finding;
        let code: String = FindingCode::parse(&code).map_err(Stop::msg)?.into();
        self.check_name("the code of a finding", &code)?;
        let evidence = evidence
            .into_iter()
            .map(|(name, value)| Ok((self.make_readable(name)?, self.make_readable(value)?)));
        Ok(Finding {
            code,
            verdict,
            summary: self.make_readable(summary)?,
            evidence: evidence.collect::<Result<_, Stop>>()?,
            remedy: remedy.map(|text| self.make_readable(text)).transpose()?,
            url: url.map(|text| self.make_readable(text)).transpose()?,
        })
    }

    /// Makes a text of a plugin fit for people, and counts it as a message.
    fn count_message(&self, text: String) -> Result<String, Stop> {
        let text = self.make_readable(text)?;
        self.log(text.len())?;
        Ok(text)
    }

    /// Returns the result of a call of `run`. The texts of a plugin are made fit for people, and
    /// count as messages.
    ///
    /// # Errors
    /// The error of the call, or the plugin reached its limit for messages.
    pub fn bound_result(&self, result: Result<Outcome, Error>) -> Result<Outcome, Error> {
        if !self.is_plugin() {
            return result;
        }
        match result {
            Ok(Outcome::Skipped(why)) => Ok(Outcome::Skipped(self.count_message(why)?)),
            Err(Error::Failure(failure)) => Err(Error::Failure(Failure {
                message: self.count_message(if failure.message.trim().is_empty() {
                    format!(
                        "it failed without a message, with the code {:?}",
                        failure.code
                    )
                } else {
                    failure.message
                })?,
                remedy: failure
                    .remedy
                    .map(|remedy| self.count_message(remedy))
                    .transpose()?,
                code: self.make_readable(failure.code)?,
                retryable: failure.retryable,
            })),
            other => other,
        }
    }

    /// Limits the length of a text about a plugin, which may repeat a text of the plugin. A text
    /// about a phase of the program is left unchanged.
    pub fn bound_text(&self, text: String) -> String {
        let Some(plugin) = self.third_party() else {
            return text;
        };
        let text = self.without_secrets(plugin, text);
        match Text::parse(&text) {
            Ok(bounded) => self.without_secrets(plugin, bounded.into()),
            Err(_) => text,
        }
    }
}

/// Splits a leading `[label] ` off the text of a built-in phase. If there is none, the label
/// follows from the phase's id; `[] ` stands for no label.
pub fn split_label(phase: &str, text: &str) -> (String, String) {
    let named = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match named {
        Some((label, rest))
            if label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'/')) =>
        {
            (
                label.to_owned(),
                rest.strip_prefix(' ').unwrap_or(rest).to_owned(),
            )
        }
        _ => (label_of(phase), text.to_owned()),
    }
}

/// Returns the label of a built-in phase or group. kubeadm's `join` groups phases by when they run,
/// but labels them by what they do.
pub fn label_of(id: &str) -> String {
    let label = match id.split_once('/') {
        Some(("control-plane-prepare" | "control-plane-join", what)) => {
            what.split('/').next().unwrap_or(what)
        }
        Some((group, _)) => group,
        None => id,
    };
    label.to_owned()
}
