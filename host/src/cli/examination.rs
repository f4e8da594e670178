//! `doctor`: a run that only observes, printed as a list of findings.
use super::{Exit, VerbosityFlags, print};
use crate::{
    config::DoctorFlags,
    event::{Event, EventKind, RunResult, Subscriber},
    operator_files,
    plan::Plan,
    report::{
        self, Output, examination, metrics,
        style::{Painted, Palette},
        tally::Tally,
    },
    run::{
        prepare::PreparedRun,
        site::{Site, SiteRun},
    },
    secret::Secret,
    world::World,
};
use anyhow::{Context, Result};
use clap::{ArgMatches, FromArgMatches};
use jiff::Timestamp;
use kubephase_wit::Severity;
use std::{collections::BTreeMap, path::Path};

/// Permissions of the file for node_exporter, which is another user.
const TEXTFILE_MODE: u32 = 0o644;

/// Runs the phases, and prints what they found.
///
/// # Errors
/// The run cannot begin, or the file of metrics cannot be written.
pub(super) fn examine<W: World + 'static>(
    site: &Site<W>,
    prepared: PreparedRun,
    arguments: &ArgMatches,
    (output, verbosity): (Output, VerbosityFlags),
) -> Result<(SiteRun, Exit)> {
    let flags = DoctorFlags::from_arg_matches(arguments)?;
    let debug = verbosity.is_debug();
    let mut collector = None;
    let ran = site.execute(
        prepared,
        // A timer may start this command every minute: recordings would fill the disk.
        &|_| (),
        |plan: &Plan| -> Vec<Box<dyn Subscriber>> {
            let (shown, own) = report::subscribers(plan, output, debug, BTreeMap::new);
            let counting: Box<dyn Subscriber> = Box::new(own.clone());
            collector = Some(own);
            let shown = shown.into_iter().map(|shown| match output {
                Output::Text => Box::new(WithoutFindings(shown)) as Box<dyn Subscriber>,
                Output::Json => shown,
            });
            std::iter::once(counting).chain(shown).collect()
        },
    )?;
    let tally = collector.map(|collector| collector.take());
    let tally = tally.unwrap_or_default();
    if output == Output::Text {
        let text = examination::render(&tally, Palette::stdout(), debug);
        print::painted_text(&Painted::new(&text));
    }
    if let Some(path) = &flags.textfile {
        write_metrics(path, &tally)?;
    }
    let exit = Exit::from(&ran.finished.result);
    Ok((ran, exit))
}

/// Writes the file for the textfile collector. The collector never sees a part of it.
fn write_metrics(path: &Path, tally: &Tally) -> Result<()> {
    let text = metrics::render(tally, Timestamp::now().as_second());
    operator_files::replace(path, text.as_bytes(), TEXTFILE_MODE)
        .with_context(|| format!("cannot write the metrics to {}", path.display()))
}

/// A subscriber that does not pass findings on, nor the failure of the run because of them: the
/// findings are printed together at the end.
struct WithoutFindings(Box<dyn Subscriber>);

impl Subscriber for WithoutFindings {
    fn on_event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Finding { .. } => {}
            // Messages of built-in phases are about the progress of a run; an examination changes
            // nothing, so they are left out.
            EventKind::Message {
                severity: Severity::Info,
                plugin: None,
                phase,
                ..
            } if !phase.is_empty() => {}
            EventKind::RunEnded { micros, .. } => self.0.on_event(&Event {
                at: event.at,
                kind: EventKind::RunEnded {
                    result: RunResult::Done,
                    micros: *micros,
                },
            }),
            _ => self.0.on_event(event),
        }
    }

    fn on_revealed_event(&mut self, event: &Event, revealed: &Secret<String>) {
        self.0.on_revealed_event(event, revealed);
    }
}
