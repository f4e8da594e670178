//! The list of recorded runs. A journal that cannot be read has its error in the list.
use super::{
    duration::format_duration, headline::describe_outcome, recorded_run::RecordedRun,
    style::Palette,
};
use crate::{
    journal::{JournalFile, ReadError},
    text::{json, sanitise},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::fmt::Write;

/// A journal of the list, with its run or the reason why it cannot be read.
pub type ListedRun = (JournalFile, Result<RecordedRun, ReadError>);

/// A run as one line of JSON.
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

/// A journal that cannot be read, as one line of JSON.
#[derive(Serialize)]
struct DamagedRow {
    run: Option<u64>,
    error: String,
}

/// Returns runs as a table, one line each.
pub fn render_table(runs: &[ListedRun], zone: &TimeZone, palette: Palette) -> String {
    let mut text = palette.bold(&format!(
        "{:>5}  {:23}  {:8}  {:8}  {:>8}  OUTCOME",
        "RUN", "BEGAN", "WORKFLOW", "VERSION", "TOOK"
    )) + "\n";
    for (journal, read) in runs {
        let number = journal
            .number
            .map_or_else(|| "-".to_owned(), |number| number.to_string());
        // Writing to a string cannot fail.
        let _ = match read {
            Ok(run) => {
                let (workflow, version) = (
                    sanitise::line(&run.tally.workflow),
                    sanitise::line(&run.header.version),
                );
                let (began, took) = (run.began_text(zone), format_duration(run.tally.micros));
                writeln!(
                    text,
                    "{number:>5}  {began:23}  {workflow:8}  {version:8}  {took:>8}  {}",
                    describe_outcome(&run.tally, palette)
                )
            }
            Err(error) => writeln!(
                text,
                "{number:>5}  {}",
                palette.error(&sanitise::line(&error.to_string()))
            ),
        };
    }
    text
}

/// Returns runs as JSON, one line each.
pub fn render_json(runs: &[ListedRun]) -> String {
    runs.iter().map(json_row).collect()
}

fn json_row((journal, read): &ListedRun) -> String {
    match read {
        Ok(run) => json::line(&RunRow {
            run: journal.number,
            began: run.began(),
            version: &run.header.version,
            workflow: &run.tally.workflow,
            outcome: describe_outcome(&run.tally, Palette::PLAIN),
            micros: run.tally.micros,
        }),
        Err(error) => json::line(&DamagedRow {
            run: journal.number,
            error: error.to_string(),
        }),
    }
}
