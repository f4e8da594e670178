//! The times of phases: a part of the summary, and a chart that also shows what each phase waited
//! for.
use super::{
    by_plugin,
    style::Palette,
    tally::{Span, Tally},
};
use crate::{
    event::PhaseResult,
    report::{duration::format_duration, headline::write_headline},
    text::sanitise,
};
use std::fmt::{Result, Write};

/// The number of columns of a bar. The full width represents the whole run.
const BAR: usize = 32;
/// The shortest wait for a free worker that is shown, in microseconds.
pub(super) const SHOWN_WAIT: u64 = 1_000;

/// Writes the part of the summary about times: a bar for each phase, in the order of the plan, and
/// the critical path.
pub(super) fn write_brief(text: &mut String, tally: &Tally, palette: Palette) -> Result {
    if tally.started_phases().next().is_none() {
        return Ok(());
    }
    writeln!(text, "\n{}", palette.bold("How long each phase took"))?;
    let (path, width) = (tally.critical_path(), name_width(tally));
    for span in tally.started_phases() {
        let bar = coloured_bar(span, tally, path.contains(&span), palette);
        writeln!(
            text,
            "  {:width$}  {:>8}  {bar}{}",
            sanitise::line(&span.phase),
            format_duration(span.micros),
            describe_result(span)
        )?;
    }
    write_critical_path(text, tally, &path)
}

/// Returns the chart, with the phases in the order of their start.
pub fn render(tally: &Tally, palette: Palette) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_headline(&mut text, tally, palette);
    let _ = write_chart(&mut text, tally, palette);
    text
}

fn write_chart(text: &mut String, tally: &Tally, palette: Palette) -> Result {
    let (path, width) = (tally.critical_path(), name_width(tally).max("phase".len()));
    let mut spans: Vec<&Span> = tally.started_phases().collect();
    spans.sort_by_key(|span| span.began);
    let heading = format!(
        "  {:width$}  {:>8}  {:>8}  {:BAR$}  waited for",
        "phase", "start", "took", ""
    );
    writeln!(text, "\n{}", palette.bold(&heading))?;
    for span in spans {
        let critical = path.contains(&span);
        let start = format_duration(span.began.unwrap_or(0));
        let bar = coloured_bar(span, tally, critical, palette);
        let row = format!(
            "{:width$}  {start:>8}  {:>8}  {bar}{}{}",
            sanitise::line(&span.phase),
            format_duration(span.micros),
            describe_wait(span, tally),
            describe_result(span)
        );
        writeln!(
            text,
            "{} {}",
            if critical { "*" } else { " " },
            row.trim_end()
        )?;
    }
    write_unreached(text, tally, width)?;
    write_critical_path(text, tally, &path)?;
    if path.is_empty() {
        return writeln!(
            text,
            "the version that made this run did not record what phases waited for"
        );
    }
    let queued = path.iter().fold(0u64, |sum, span| {
        sum.saturating_add(tally.queue_micros(span))
    });
    if queued >= SHOWN_WAIT {
        writeln!(
            text,
            "phases on it (*) waited {} for a free worker",
            format_duration(queued)
        )?;
    }
    Ok(())
}

/// Writes the phases that did not start.
fn write_unreached(text: &mut String, tally: &Tally, width: usize) -> Result {
    for span in tally.phases.iter().filter(|span| span.began.is_none()) {
        let why = match &span.result {
            Some(PhaseResult::NotReached(why)) => format!("not reached: {}", sanitise::line(why)),
            _ => "not reached".to_owned(),
        };
        writeln!(
            text,
            "  {:width$}  {:>8}  {:>8}  {why}",
            sanitise::line(&span.phase),
            "-",
            "-"
        )?;
    }
    Ok(())
}

fn write_critical_path(text: &mut String, tally: &Tally, path: &[&Span]) -> Result {
    if path.is_empty() {
        return Ok(());
    }
    let took = path
        .iter()
        .fold(0u64, |sum, span| sum.saturating_add(span.micros));
    let names: Vec<_> = path
        .iter()
        .map(|span| sanitise::line(&span.phase))
        .collect();
    writeln!(
        text,
        "critical path: {} of {}: {}",
        format_duration(took),
        format_duration(tally.micros),
        names.join(" → ")
    )
}

/// Returns the columns of the longest name.
fn name_width(tally: &Tally) -> usize {
    tally
        .phases
        .iter()
        .map(|span| sanitise::line(&span.phase).chars().count())
        .max()
        .unwrap_or(0)
}

fn coloured_bar(span: &Span, tally: &Tally, critical: bool, palette: Palette) -> String {
    let bar = bar(span, tally.micros);
    if critical {
        palette.warn(&bar)
    } else {
        palette.dim(&bar)
    }
}

/// Draws the time of a phase within the run.
fn bar(span: &Span, total: u64) -> String {
    let start = columns(span.began.unwrap_or(0), total).min(BAR - 1);
    let length = columns(span.micros, total).clamp(1, BAR - start);
    format!(
        "{}{}{}",
        "·".repeat(start),
        "█".repeat(length),
        "·".repeat(BAR - start - length)
    )
}

/// Returns the columns of a bar that represent a part of the run.
fn columns(micros: u64, total: u64) -> usize {
    usize::try_from(u128::from(micros) * BAR as u128 / u128::from(total.max(1)))
        .unwrap_or(BAR)
        .min(BAR)
}

fn describe_wait(span: &Span, tally: &Tally) -> String {
    let need = tally
        .last_needed_phase(span)
        .map(|need| sanitise::line(&need.phase).into_owned());
    let queued = tally.queue_micros(span);
    let worker =
        (queued >= SHOWN_WAIT).then(|| format!("{} for a free worker", format_duration(queued)));
    let parts: Vec<String> = need.into_iter().chain(worker).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("  {}", parts.join(", then "))
    }
}

fn describe_result(span: &Span) -> String {
    match &span.result {
        Some(PhaseResult::Settled) => String::new(),
        Some(PhaseResult::Skipped(why)) => {
            let origin = by_plugin(span.plugin.as_deref());
            format!("  skipped: {}{origin}", sanitise::line(why))
        }
        Some(PhaseResult::Failed(_)) => {
            format!("  failed{}", by_plugin(span.plugin.as_deref()))
        }
        Some(PhaseResult::NotReached(_)) => "  not reached".into(),
        None => "  did not end".into(),
    }
}
