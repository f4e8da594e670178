//! Runs at a site, printed for the operator.
use super::{VerbosityFlags, print, recordings::Recordings, report as report_command};
use crate::{
    event::{RunResult, Subscriber},
    journal::usual_durations,
    plan::Plan,
    report::{self, Output, buffered_subscribers::BufferedSubscribers, hints},
    run::{
        prepare::PreparedRun,
        site::{Site, SiteRun},
    },
    world::{World, files::PrivateDirectory},
};
use anyhow::Result;
use std::collections::BTreeMap;

/// The time at which a run is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PrintMode {
    /// while it runs
    Always,
    /// after it has failed
    IfFailed,
}

/// Executes a run at a site and prints it when `shown` says. Returns the run and its summary.
pub(super) fn execute<W: World + 'static>(
    shown: PrintMode,
    site: &Site<W>,
    prepared: PreparedRun,
    output: Output,
    verbosity: VerbosityFlags,
) -> Result<(SiteRun, report::tally::Tally)> {
    let mut collector = None;
    let recordings = Recordings::default();
    let ran = site.execute(
        prepared,
        &|capsule| recordings.keep(capsule),
        |plan: &Plan| -> Vec<Box<dyn Subscriber>> {
            let usual = || {
                let directory = site.directory().map(PrivateDirectory::path);
                let workflow = plan.workflow.as_str();
                directory.map_or_else(BTreeMap::new, |path| usual_durations(path, workflow))
            };
            let debug = verbosity.is_debug();
            let (subscribers, own) = report::subscribers(plan, output, debug, usual);
            let counting: Box<dyn Subscriber> = Box::new(own.clone());
            collector = Some(own);
            let printing = match shown {
                PrintMode::Always => subscribers,
                PrintMode::IfFailed => {
                    vec![Box::new(BufferedSubscribers::new(subscribers)) as Box<dyn Subscriber>]
                }
            };
            std::iter::once(counting).chain(printing).collect()
        },
    )?;
    let tally = collector
        .map(|collector| collector.take())
        .unwrap_or_default();
    if shown == PrintMode::IfFailed && ran.finished.result == RunResult::Done {
        return Ok((ran, tally));
    }
    recordings.print()?;
    if let Some(directory) = site.directory().filter(|_| site.stays) {
        // The run itself is over, and its result does not depend on this file.
        if let Err(why) = report_command::keep_last_run(directory) {
            print::warning(&format!("{why:#}"));
        }
    }
    if output == Output::Text {
        for hint in hints::hints(&tally, site.stays) {
            print::hint(&hint);
        }
        if ran.finished.result == RunResult::Done && !site.stays {
            for check in site.world.unchecked_parts() {
                print::hint(&format!("Not checked: {check}"));
            }
        }
    }
    // Programs such as cloud-init keep the last lines of standard error.
    if let Some(reason) = hints::closing_line(&tally) {
        print::hint(&reason);
    }
    Ok((ran, tally))
}
