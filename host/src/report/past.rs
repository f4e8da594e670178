//! A report on a past run from its journal: what each phase did, and the summary that a live run
//! ends with.
use super::{
    style::Palette,
    summary,
    tally::{EffectRecord, FindingRecord, Tally},
    timeline,
};
use crate::{
    effect::Applied,
    event::{EffectResult, Judgement, PhaseResult},
    journal::{Header, Holder, JournalFile, ReadError, Record},
    report::{duration::format_duration, headline::describe_outcome},
    text::{json, sanitise},
};
use jiff::{Timestamp, tz::TimeZone};
use kubephase_wit::Verdict;
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

/// A run that was read from its journal.
pub struct RecordedRun {
    pub kept: JournalFile,
    header: Header,
    torn: bool,
    /// the first damaged line, in words
    damage: Option<String>,
    tally: Tally,
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

/// A run in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunRow<'a> {
    run: Option<u64>,
    began: Option<Timestamp>,
    version: &'a str,
    workflow: &'a str,
    outcome: String,
    micros: u64,
}

/// A journal in a list that cannot be read.
#[derive(Serialize)]
struct DamagedRow {
    run: Option<u64>,
    error: String,
}

impl RecordedRun {
    /// Makes the report of a journal. `at_work` is the holder of the lock, if it may be this run.
    pub fn new(kept: JournalFile, record: Record, at_work: Option<&Holder>) -> RecordedRun {
        let mut tally = Tally::from_events(&record.events);
        tally.at_work = tally.result.is_none() && at_work.is_some();
        let damage = record.damage.as_ref().map(ToString::to_string);
        RecordedRun {
            kept,
            header: record.header,
            torn: record.torn,
            damage,
            tally,
        }
    }

    fn began(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.header.began).ok()
    }

    fn began_text(&self, zone: &TimeZone) -> String {
        self.began().map_or_else(String::new, |began| {
            began
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S %Z")
                .to_string()
        })
    }

    /// Returns what each phase did, then the summary. Times are of this zone.
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

    /// Returns everything as one line of JSON. `damage` is there only for a journal with a damaged
    /// line.
    pub fn json(&self) -> String {
        let critical_path = self
            .tally
            .critical_path()
            .into_iter()
            .map(|span| span.phase.as_str())
            .collect();
        let (run, journal, began) = (self.kept.number, &self.kept.path, self.began());
        let (version, torn, damage) = (
            self.header.version.as_str(),
            self.torn,
            self.damage.as_deref(),
        );
        json::line(&RunDocument {
            run,
            journal,
            began,
            version,
            torn,
            damage,
            critical_path,
            tally: &self.tally,
        })
    }

    fn title(&self, zone: &TimeZone) -> String {
        let run = self
            .kept
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
            self.kept.path.display()
        )
    }

    fn write_effects(&self, text: &mut String, palette: Palette) -> std::fmt::Result {
        let acting = || {
            self.tally
                .phases
                .iter()
                .filter(|span| !span.effects.is_empty())
        };
        if acting().next().is_none() {
            return Ok(());
        }
        writeln!(text, "\n{}", palette.bold("What each phase did"))?;
        for span in acting() {
            writeln!(text, "  {}", span.name())?;
            span.effects.iter().try_for_each(|carried| {
                writeln!(text, "    {}", describe_effect(carried, palette))
            })?;
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
        // A remedy is in lines of its own.
        let lines = all.iter().flat_map(|line| {
            line.lines()
                .zip(std::iter::once("  - ").chain(std::iter::repeat("    ")))
        });
        lines
            .into_iter()
            .try_for_each(|(line, indent)| writeln!(text, "{indent}{}", sanitise::line(line)))
    }

    fn warnings(&self) -> Vec<String> {
        let warning = |found: &FindingRecord| match (found.finding.verdict, &found.judged) {
            (Verdict::Warn, _) => Some(found.line()),
            (Verdict::Fail, Judgement::Downgraded(by)) => {
                Some(format!("{} (an error, but for {by})", found.line()))
            }
            _ => None,
        };
        self.tally.findings.iter().filter_map(warning).collect()
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
        EffectResult::Failed(_) | EffectResult::Refused(_) => palette.bad(&padded),
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

/// Returns runs as a table, one line each. A journal that cannot be read has its error there.
pub fn render_table(
    runs: &[(JournalFile, Result<RecordedRun, ReadError>)],
    zone: &TimeZone,
    palette: Palette,
) -> String {
    let mut text = palette.bold(&format!(
        "{:>5}  {:23}  {:8}  {:8}  {:>8}  OUTCOME",
        "RUN", "BEGAN", "WORKFLOW", "VERSION", "TOOK"
    )) + "\n";
    for (kept, past) in runs {
        let number = kept
            .number
            .map_or_else(|| "-".to_owned(), |number| number.to_string());
        // Writing to a string cannot fail.
        let _ = match past {
            Ok(past) => {
                let (workflow, version) = (
                    sanitise::line(&past.tally.workflow),
                    sanitise::line(&past.header.version),
                );
                let (when, took) = (past.began_text(zone), format_duration(past.tally.micros));
                writeln!(
                    text,
                    "{number:>5}  {when:23}  {workflow:8}  {version:8}  {took:>8}  {}",
                    describe_outcome(&past.tally, palette)
                )
            }
            Err(why) => writeln!(
                text,
                "{number:>5}  {}",
                palette.bad(&sanitise::line(&why.to_string()))
            ),
        };
    }
    text
}

/// Returns runs as JSON, one line each.
pub fn render_json(runs: &[(JournalFile, Result<RecordedRun, ReadError>)]) -> String {
    let row = |(kept, past): &(JournalFile, Result<RecordedRun, ReadError>)| match past {
        Ok(past) => json::line(&RunRow {
            run: kept.number,
            began: past.began(),
            version: &past.header.version,
            workflow: &past.tally.workflow,
            outcome: describe_outcome(&past.tally, Palette::PLAIN),
            micros: past.tally.micros,
        }),
        Err(why) => json::line(&DamagedRow {
            run: kept.number,
            error: why.to_string(),
        }),
    };
    runs.iter().map(row).collect()
}

#[cfg(test)]
mod tests;
