//! When each phase ran: as a part of the summary, and as a chart of its own with what waited for
//! what.
use super::{
    style::Palette,
    tally::{Span, Tally},
};
use crate::{
    event::PhaseResult,
    report::{duration::duration, headline::headline},
    text::sanitise,
};
use std::fmt::{Result, Write};

/// Columns of a bar; the whole run is this wide.
const BAR: usize = 32;
/// Microseconds that a phase may take to start before it is worth telling.
const PROMPT: u64 = 1_000;

/// The summary's part: bars in the order of the plan, and the critical path.
pub(super) fn brief(text: &mut String, tally: &Tally, palette: Palette) -> Result {
    if tally.ran().next().is_none() {
        return Ok(());
    }
    writeln!(text, "\n{}", palette.bold("How long each phase took"))?;
    let (path, width) = (tally.critical_path(), width(tally));
    for span in tally.ran() {
        let bar = coloured(span, tally, path.contains(&span), palette);
        writeln!(
            text,
            "  {:width$}  {:>8}  {bar}{}",
            sanitise::line(&span.phase),
            duration(span.micros),
            remark(span)
        )?;
    }
    critical(text, tally, &path)
}

/// The chart, phases in the order in which they started.
pub fn render(tally: &Tally, palette: Palette) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = headline(&mut text, tally, palette);
    let _ = chart(&mut text, tally, palette);
    text
}

fn chart(text: &mut String, tally: &Tally, palette: Palette) -> Result {
    let (path, width) = (tally.critical_path(), width(tally).max("phase".len()));
    let mut spans: Vec<&Span> = tally.ran().collect();
    spans.sort_by_key(|span| span.began);
    let heading = format!(
        "  {:width$}  {:>8}  {:>8}  {:BAR$}  waited for",
        "phase", "start", "took", ""
    );
    writeln!(text, "\n{}", palette.bold(&heading))?;
    for span in spans {
        let critical = path.contains(&span);
        let start = duration(span.began.unwrap_or(0));
        let bar = coloured(span, tally, critical, palette);
        let row = format!(
            "{:width$}  {start:>8}  {:>8}  {bar}{}{}",
            sanitise::line(&span.phase),
            duration(span.micros),
            waited(span, tally),
            remark(span)
        );
        writeln!(
            text,
            "{} {}",
            if critical { "*" } else { " " },
            row.trim_end()
        )?;
    }
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
    critical(text, tally, &path)?;
    if path.is_empty() {
        return writeln!(
            text,
            "what phases waited for was not recorded by the version that ran this"
        );
    }
    let queued = path
        .iter()
        .fold(0u64, |sum, span| sum.saturating_add(tally.queued(span)));
    if queued >= PROMPT {
        writeln!(
            text,
            "phases on it (*) waited {} for a free worker",
            duration(queued)
        )?;
    }
    Ok(())
}

fn critical(text: &mut String, tally: &Tally, path: &[&Span]) -> Result {
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
        duration(took),
        duration(tally.micros),
        names.join(" → ")
    )
}

/// Columns of the longest name.
fn width(tally: &Tally) -> usize {
    tally
        .phases
        .iter()
        .map(|span| sanitise::line(&span.phase).chars().count())
        .max()
        .unwrap_or(0)
}

fn coloured(span: &Span, tally: &Tally, critical: bool, palette: Palette) -> String {
    let bar = bar(span, tally.micros);
    if critical {
        palette.warn(&bar)
    } else {
        palette.dim(&bar)
    }
}

/// Where in the run the phase ran, and for how long.
fn bar(span: &Span, total: u64) -> String {
    let scale = |micros: u64| {
        usize::try_from(u128::from(micros) * BAR as u128 / u128::from(total.max(1)))
            .unwrap_or(BAR)
            .min(BAR)
    };
    let start = scale(span.began.unwrap_or(0)).min(BAR - 1);
    let length = scale(span.micros).clamp(1, BAR - start);
    format!(
        "{}{}{}",
        "·".repeat(start),
        "█".repeat(length),
        "·".repeat(BAR - start - length)
    )
}

fn waited(span: &Span, tally: &Tally) -> String {
    let need = tally
        .waited_for(span)
        .map(|need| sanitise::line(&need.phase).into_owned());
    let queued = tally.queued(span);
    let worker = (queued >= PROMPT).then(|| format!("{} for a free worker", duration(queued)));
    let parts: Vec<String> = need.into_iter().chain(worker).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("  {}", parts.join(", then "))
    }
}

fn remark(span: &Span) -> String {
    match &span.result {
        Some(PhaseResult::Settled) => String::new(),
        Some(PhaseResult::Skipped(why)) => format!("  skipped: {}", sanitise::line(why)),
        Some(PhaseResult::Failed(_)) => "  failed".into(),
        Some(PhaseResult::NotReached(_)) => "  not reached".into(),
        None => "  did not end".into(),
    }
}
