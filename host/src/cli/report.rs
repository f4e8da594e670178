//! `report`: reports on past runs, from their journals.
use super::{CliError, Exit, otlp, print};
use crate::{
    journal::{self, JournalFile, ReadError},
    program,
    report::{
        Output,
        recorded_run::RecordedRun,
        run_list,
        style::{Painted, Palette},
        tally::Tally,
    },
    world::{files::PrivateDirectory, state_directory as state},
};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use jiff::tz::TimeZone;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The request of `report`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportRequest {
    /// Number of the run [default: the latest]
    #[arg(conflicts_with = "list")]
    pub run: Option<String>,
    /// List the runs: number, start, outcome, duration
    #[arg(long)]
    pub list: bool,
    /// Show when each phase ran, what it waited for, and the critical path
    #[arg(long, conflicts_with = "list")]
    pub timeline: bool,
    /// Scratch root of a rehearsal, to report on its runs instead of this machine's
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// A journal, or a directory of journals
    #[arg(long, value_name = "PATH", conflicts_with = "root")]
    pub journal: Option<PathBuf>,
    /// Write the report as one self-contained HTML file, and print nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "timeline", "output"])]
    pub html: Option<PathBuf>,
    /// Give the run to a collector of OpenTelemetry (OTLP over HTTP, with JSON), or write what it
    /// would get to a file, and print nothing
    #[arg(
        long,
        value_name = "URL|FILE",
        conflicts_with_all = ["list", "timeline", "html", "output"]
    )]
    pub otlp: Option<String>,
    /// Form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
}

impl ReportRequest {
    /// Returns the journal or the directory of journals.
    fn place(&self) -> PathBuf {
        match (&self.journal, &self.root) {
            (Some(journal), _) => journal.clone(),
            (None, Some(root)) => state::path_below(root),
            (None, None) => state::DIRECTORY.into(),
        }
    }
}

/// Prints a report, or the list of runs.
///
/// # Errors
/// The run does not exist, or its journal cannot be read.
pub fn run(request: &ReportRequest) -> Result<Exit> {
    let place = request.place();
    if request.journal.is_some() && !place.exists() {
        return Err(anyhow!(
            "cannot read the journal {}: no such file or directory",
            place.display()
        ));
    }
    let runs = journal::list_journals(&place).map_err(|why| {
        let next = if why.kind() == ErrorKind::PermissionDenied {
            "; only the user who made the runs may read them: run this command again as root"
        } else {
            ""
        };
        anyhow!(
            "cannot read the journals in {}: {why}{next}",
            place.display()
        )
    })?;
    let (zone, palette) = (TimeZone::system(), Palette::stdout());
    if request.list {
        let all: Vec<_> = runs
            .iter()
            .map(|journal| (journal.clone(), read_run(journal, &runs)))
            .collect();
        return Ok(match request.output {
            Output::Text => {
                print::painted_text(&Painted::new(&run_list::render_table(&all, &zone, palette)))
            }
            Output::Json => print::text(&run_list::render_json(&all)),
        });
    }
    let run = read_run(choose_run(request.run.as_deref(), &runs, &place)?, &runs)?;
    if let Some(file) = &request.html {
        return print::to_file(file, &run.html(&zone));
    }
    if let Some(target) = &request.otlp {
        return otlp::export(target, &run.otlp());
    }
    Ok(match (request.output, request.timeline) {
        (Output::Json, _) => print::text(&run.json()),
        (Output::Text, true) => print::painted_text(&Painted::new(&run.timeline(&zone, palette))),
        (Output::Text, false) => print::painted_text(&Painted::new(&run.text(&zone, palette))),
    })
}

/// The file with the report on the last run, for programs. It is in the directory of the journals.
const LAST_RUN: &str = "last-run.json";

/// Keeps the report on the latest run of a directory in a file, as `report -o json` prints it.
///
/// # Errors
/// The journal cannot be read, or the file cannot be written.
pub(super) fn keep_last_run(directory: &PrivateDirectory) -> Result<()> {
    let keep = || {
        let runs = journal::list_journals(directory.path())?;
        let latest = runs.last().context("no run is recorded")?;
        let mut text = read_run(latest, &runs)?.json();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        directory.replace(LAST_RUN, text.as_bytes())?;
        anyhow::Ok(())
    };
    keep().with_context(|| format!("cannot write {}", directory.path().join(LAST_RUN).display()))
}

fn choose_run<'a>(
    number_text: Option<&str>,
    runs: &'a [JournalFile],
    place: &Path,
) -> Result<&'a JournalFile> {
    let latest = runs.last().with_context(|| {
        format!(
            "no run is recorded in {}; name a rehearsal's scratch root with --root, or a journal \
             with --journal",
            place.display()
        )
    })?;
    let Some(number_text) = number_text else {
        return Ok(latest);
    };
    let number: u64 = number_text.parse().map_err(|_| {
        CliError::usage(format!(
            "{number_text:?} is not the number of a run; see `{}`",
            program::command("report --list")
        ))
    })?;
    let mut journals = runs.iter();
    let found = journals.find(|journal| journal.number == Some(number));
    found.with_context(|| {
        format!(
            "{} has no run {number}; see `{}`",
            place.display(),
            program::command("report --list")
        )
    })
}

/// Reads the journal of a run. Only the latest run can still be at work.
fn read_run(file: &JournalFile, runs: &[JournalFile]) -> Result<RecordedRun, ReadError> {
    let mut tally = Tally::default();
    let record = journal::read_each(&file.path, &mut |event| tally.record(&event))?;
    tally.end_open_phases();
    if let Some(damage) = &record.damage {
        print::warning(&format!(
            "{damage}; the report uses the rest of the journal"
        ));
    }
    let is_latest = runs.last() == Some(file);
    let at_work = is_latest
        .then(|| file.path.parent().and_then(journal::current_holder))
        .flatten();
    Ok(RecordedRun::new(
        file.clone(),
        record,
        tally,
        at_work.as_ref(),
    ))
}
