//! A report on a past run from its journal: what each phase did, and the summary that a live run
//! ends with.
use super::{
    style::Palette,
    summary::{self, write_item},
    tally::{EffectRecord, FindingRecord, Tally},
    timeline,
};
use crate::{
    effect::Applied,
    event::{EffectResult, Judgement, PhaseResult},
    journal::{Header, Holder, JournalFile, Record},
    text::{json, sanitise},
};
use jiff::{Timestamp, tz::TimeZone};
use kubephase_wit::Verdict;
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

/// A run that was read from its journal.
pub struct RecordedRun {
    pub journal: JournalFile,
    pub(super) header: Header,
    torn: bool,
    /// description of the first damaged line
    damage: Option<String>,
    pub(super) tally: Tally,
}

/// A run as one line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunDocument<'a> {
    run: Option<u64>,
    journal: &'a PathBuf,
    began: Option<Timestamp>,
    version: &'a str,
    torn: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<&'a str>,
    critical_path: Vec<&'a str>,
    #[serde(flatten)]
    tally: &'a Tally,
}

impl RecordedRun {
    /// Makes the report of a journal with the tally of its events. `at_work` is the holder of the
    /// run lock, if the lock may be of this run.
    pub fn new(
        journal: JournalFile,
        record: Record,
        mut tally: Tally,
        at_work: Option<&Holder>,
    ) -> RecordedRun {
        tally.at_work = tally.result.is_none() && at_work.is_some();
        let damage = record.damage.as_ref().map(ToString::to_string);
        RecordedRun {
            journal,
            header: record.header,
            torn: record.torn,
            damage,
            tally,
        }
    }

    pub(super) fn began(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.header.began).ok()
    }

    pub(super) fn began_text(&self, zone: &TimeZone) -> String {
        self.began().map_or_else(String::new, |began| {
            began
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S %Z")
                .to_string()
        })
    }

    /// Returns the effects of each phase, then the summary. Times are in this time zone.
    pub fn text(&self, zone: &TimeZone, palette: Palette) -> String {
        let mut text = self.title(zone);
        // Writing to a string cannot fail.
        let _ = self.write_effects(&mut text, palette);
        let _ = self.write_failures(&mut text, palette);
        let _ = summary::write_list(
            &mut text,
            "Warnings of the checks",
            &self.warnings(),
            palette,
        );
        let _ = summary::write_list(
            &mut text,
            "Not in the journal",
            &self.tally.not_kept,
            palette,
        );
        let _ = write!(text, "\n{}", summary::render(&self.tally, &[], palette));
        text
    }

    /// Returns the chart of the phases.
    pub fn timeline(&self, zone: &TimeZone, palette: Palette) -> String {
        format!(
            "{}\n{}",
            self.title(zone),
            timeline::render(&self.tally, palette)
        )
    }

    /// Returns everything as one line of JSON. The field `damage` exists only if the journal has a
    /// damaged line.
    pub fn json(&self) -> String {
        let critical_path = self
            .tally
            .critical_path()
            .into_iter()
            .map(|span| span.phase.as_str())
            .collect();
        json::line(&RunDocument {
            run: self.journal.number,
            journal: &self.journal.path,
            began: self.began(),
            version: &self.header.version,
            torn: self.torn,
            damage: self.damage.as_deref(),
            critical_path,
            tally: &self.tally,
        })
    }

    /// Describes what is missing in the journal; `None` if it is whole.
    pub(super) fn remark(&self) -> Option<String> {
        let torn = self.torn.then(|| "its last line was cut off".to_owned());
        self.damage.clone().or(torn)
    }

    fn title(&self, zone: &TimeZone) -> String {
        let run = self
            .journal
            .number
            .map_or_else(|| "Run".to_owned(), |number| format!("Run {number}"));
        let torn = if self.torn {
            "; its journal's last line was cut off"
        } else {
            ""
        };
        format!(
            "{run} of kubephase {}, begun {}, from {}{torn}\n",
            sanitise::line(&self.header.version),
            self.began_text(zone),
            self.journal.path.display()
        )
    }

    /// Writes the effects of each phase that has effects.
    fn write_effects(&self, text: &mut String, palette: Palette) -> std::fmt::Result {
        let mut spans = self
            .tally
            .phases
            .iter()
            .filter(|span| !span.effects.is_empty())
            .peekable();
        if spans.peek().is_some() {
            writeln!(text, "\n{}", palette.bold("What each phase did"))?;
        }
        for span in spans {
            writeln!(text, "  {}", span.name())?;
            for effect in &span.effects {
                writeln!(text, "    {}", describe_effect(effect, palette))?;
            }
        }
        Ok(())
    }

    /// Writes why phases failed, and the findings that stopped the run.
    fn write_failures(&self, text: &mut String, palette: Palette) -> std::fmt::Result {
        let failed = self
            .tally
            .phases
            .iter()
            .filter_map(|span| match &span.result {
                Some(PhaseResult::Failed(message)) => {
                    let is_plugin = span.is_plugin || span.plugin.is_some();
                    let message = one_line(message, is_plugin);
                    Some(format!("{}: {message}", span.name()))
                }
                _ => None,
            });
        let found = self
            .tally
            .fatal_findings()
            .map(|found| one_line(&found.line(), found.plugin.is_some()));
        let all: Vec<String> = failed.chain(found).collect();
        if all.is_empty() {
            return Ok(());
        }
        writeln!(text, "\n{}", palette.bold("What went wrong"))?;
        all.iter().try_for_each(|failure| write_item(text, failure))
    }

    fn warnings(&self) -> Vec<String> {
        self.tally.findings.iter().filter_map(warning_of).collect()
    }
}

/// Returns the warning of a finding; `None` if the finding is not a warning.
fn warning_of(record: &FindingRecord) -> Option<String> {
    match (record.finding.verdict, &record.judged) {
        (Verdict::Warn, _) => Some(record.line()),
        (Verdict::Fail, Judgement::Downgraded(by)) => {
            Some(format!("{} (not an error: {by})", record.line()))
        }
        _ => None,
    }
}

/// Returns a text for a list. The text of a plugin becomes one line.
fn one_line(text: &str, is_plugin: bool) -> String {
    if is_plugin {
        text.lines().collect::<Vec<_>>().join("; ")
    } else {
        text.to_owned()
    }
}

/// Describes the result of an effect, the effect, and the reason.
fn describe_effect(EffectRecord { effect, result, .. }: &EffectRecord, palette: Palette) -> String {
    let (word, detail) = match result {
        EffectResult::Applied(Applied::Changed) => ("changed", None),
        EffectResult::Applied(Applied::Unchanged) => ("unchanged", None),
        EffectResult::Applied(Applied::Skipped(why)) => ("left", Some(why)),
        EffectResult::Failed(why) => ("failed", Some(why)),
        EffectResult::Refused(why) => ("refused", Some(why)),
    };
    let padded = format!("{word:<9}");
    let word = match result {
        EffectResult::Applied(Applied::Changed) => padded,
        EffectResult::Applied(_) => palette.dim(&padded),
        EffectResult::Failed(_) | EffectResult::Refused(_) => palette.error(&padded),
    };
    let because = effect
        .because
        .iter()
        .map(|because| format!(" ({})", sanitise::line(because)));
    let more: String = because
        .chain(
            detail
                .iter()
                .map(|why| format!(": {}", sanitise::line(why))),
        )
        .collect();
    format!("{word} {}{more}", super::describe_effect(effect))
}

#[cfg(test)]
mod tests;
