//! A run of the past, told from its journal: what each phase did, and the summary that a live run
//! ends with.
use super::{
    style::Palette,
    summary,
    tally::{Carried, Found, Tally},
    timeline,
};
use crate::{
    effect::Applied,
    event::{EffectResult, Judgement, PhaseResult},
    journal::{Header, Holder, JournalFile, ReadError, Record},
    report::{duration::duration, headline::outcome},
    text::{json, sanitise},
};
use jiff::{Timestamp, tz::TimeZone};
use kubephase_wit::Verdict;
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

/// A run, as its journal has it.
pub struct Past {
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
struct Document<'a> {
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

/// The same in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    run: Option<u64>,
    began: Option<Timestamp>,
    version: &'a str,
    workflow: &'a str,
    outcome: String,
    micros: u64,
}

/// A journal in a list that cannot be read.
#[derive(Serialize)]
struct Damaged {
    run: Option<u64>,
    error: String,
}

impl Past {
    /// `at_work` is who holds the lock, if this may be that run.
    pub fn new(kept: JournalFile, record: Record, at_work: Option<&Holder>) -> Past {
        let mut tally = Tally::of(&record.events);
        tally.at_work = tally.result.is_none() && at_work.is_some();
        let damage = record.damage.as_ref().map(ToString::to_string);
        Past {
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

    fn when(&self, zone: &TimeZone) -> String {
        self.began().map_or_else(String::new, |began| {
            began
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S %Z")
                .to_string()
        })
    }

    /// For people: what each phase did, then the summary; times are of this zone.
    pub fn text(&self, zone: &TimeZone, palette: Palette) -> String {
        let mut text = self.title(zone);
        // Writing to a string cannot fail.
        let _ = self.effects(&mut text, palette);
        let _ = self.wrong(&mut text, palette);
        let _ = summary::list(
            &mut text,
            "Warnings of the checks",
            &self.warnings(),
            palette,
        );
        let _ = summary::list(
            &mut text,
            "Not in the journal",
            &self.tally.not_kept,
            palette,
        );
        let _ = write!(text, "\n{}", summary::render(&self.tally, &[], palette));
        text
    }

    /// The chart of its phases.
    pub fn timeline(&self, zone: &TimeZone, palette: Palette) -> String {
        format!(
            "{}\n{}",
            self.title(zone),
            timeline::render(&self.tally, palette)
        )
    }

    /// All of it as one line of JSON. `damage` is there only for a journal with a damaged line.
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
        json::line(&Document {
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
            self.when(zone),
            self.kept.path.display()
        )
    }

    fn effects(&self, text: &mut String, palette: Palette) -> std::fmt::Result {
        let did = || {
            self.tally
                .phases
                .iter()
                .filter(|span| !span.effects.is_empty())
        };
        if did().next().is_none() {
            return Ok(());
        }
        writeln!(text, "\n{}", palette.bold("What each phase did"))?;
        for span in did() {
            writeln!(text, "  {}", sanitise::line(&span.phase))?;
            span.effects
                .iter()
                .try_for_each(|carried| writeln!(text, "    {}", effect(carried, palette)))?;
        }
        Ok(())
    }

    /// Why phases failed, and the findings that stood in the way.
    fn wrong(&self, text: &mut String, palette: Palette) -> std::fmt::Result {
        let failed = self
            .tally
            .phases
            .iter()
            .filter_map(|span| match &span.result {
                Some(PhaseResult::Failed(message)) => {
                    let message = told(message, span.is_plugin);
                    Some(format!("{}: {message}", span.phase))
                }
                _ => None,
            });
        let found = self
            .tally
            .fatal()
            .map(|found| told(&found.line(), found.plugin.is_some()));
        let all: Vec<String> = failed.chain(found).collect();
        if all.is_empty() {
            return Ok(());
        }
        writeln!(text, "\n{}", palette.bold("What went wrong"))?;
        // What to do about it is in lines of its own.
        let lines = all.iter().flat_map(|told| {
            told.lines()
                .zip(std::iter::once("  - ").chain(std::iter::repeat("    ")))
        });
        lines
            .into_iter()
            .try_for_each(|(line, indent)| writeln!(text, "{indent}{}", sanitise::line(line)))
    }

    fn warnings(&self) -> Vec<String> {
        let warning = |found: &Found| match (found.finding.verdict, &found.judged) {
            (Verdict::Warn, _) => Some(found.line()),
            (Verdict::Fail, Judgement::Downgraded(by)) => {
                Some(format!("{} (an error, but for {by})", found.line()))
            }
            _ => None,
        };
        self.tally.findings.iter().filter_map(warning).collect()
    }
}

/// A text as it is told: what a plugin says makes no lines of its own.
fn told(text: &str, is_plugin: bool) -> String {
    if is_plugin {
        text.lines().collect::<Vec<_>>().join("; ")
    } else {
        text.to_owned()
    }
}

/// What became of it, what it is, and more where there is more to tell.
fn effect(Carried { effect, result, .. }: &Carried, palette: Palette) -> String {
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
    format!(
        "{word} {} {}{more}",
        sanitise::line(&effect.kind),
        sanitise::line(&effect.target)
    )
}

/// Runs as a table, a line each; what cannot be read is told in its place.
pub fn list(
    runs: &[(JournalFile, Result<Past, ReadError>)],
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
                let (when, took) = (past.when(zone), duration(past.tally.micros));
                writeln!(
                    text,
                    "{number:>5}  {when:23}  {workflow:8}  {version:8}  {took:>8}  {}",
                    outcome(&past.tally, palette)
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

/// The same, a line of JSON each.
pub fn list_json(runs: &[(JournalFile, Result<Past, ReadError>)]) -> String {
    let row = |(kept, past): &(JournalFile, Result<Past, ReadError>)| match past {
        Ok(past) => json::line(&Row {
            run: kept.number,
            began: past.began(),
            version: &past.header.version,
            workflow: &past.tally.workflow,
            outcome: outcome(&past.tally, Palette::PLAIN),
            micros: past.tally.micros,
        }),
        Err(why) => json::line(&Damaged {
            run: kept.number,
            error: why.to_string(),
        }),
    };
    runs.iter().map(row).collect()
}

#[cfg(test)]
mod tests;
