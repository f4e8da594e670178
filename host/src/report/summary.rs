//! The end of a run: what was made, how long each phase took, what could not be known, what to do next.
use super::tally::{Counts, Span, Tally};
use super::{hints, sanitise, style::Palette};
use crate::plan::Plan;
use crate::run::event::{PhaseResult, RunResult};
use crate::wasm::limits;
use kubephase_wit::Verdict;
use std::fmt::Write;

/// Columns of a bar; the whole run is this wide.
const BAR: usize = 32;

/// The summary, ending with a newline. `not_checked` is what the world says it cannot know.
pub fn render(tally: &Tally, plan: &Plan, not_checked: &[String], palette: Palette) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = headline(&mut text, tally, palette);
    let _ = effects(&mut text, tally, palette);
    let _ = times(&mut text, tally, plan, palette);
    let _ = plugins(&mut text, tally, palette);
    let _ = unknown(&mut text, tally, not_checked, palette);
    let hints = hints::hints(tally);
    let _ = list(&mut text, "What to do next", &hints, palette);
    text
}

fn headline(text: &mut String, tally: &Tally, palette: Palette) -> std::fmt::Result {
    let outcome = match &tally.result {
        Some(RunResult::Done) => palette.good("done"),
        Some(RunResult::PreflightFailed) => palette.bad("stopped by preflight checks"),
        Some(RunResult::Failed { .. }) => palette.bad("failed"),
        Some(RunResult::Cancelled) => palette.warn("interrupted"),
        None => palette.bad("cut off"),
    };
    writeln!(text, "{}: {outcome} in {}", palette.bold(&sanitise::line(&tally.workflow)), duration(tally.micros))?;
    let count = |verdict| tally.findings_with(verdict).count();
    let (fatal, unknown) = (tally.fatal().count(), count(Verdict::CouldNotRun));
    let downgraded = count(Verdict::Fail) - fatal;
    if tally.findings.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "checks: {} passed, {} warnings, {fatal} errors, {unknown} could not run",
        count(Verdict::Pass),
        count(Verdict::Warn) + downgraded
    )
}

fn effects(text: &mut String, tally: &Tally, palette: Palette) -> std::fmt::Result {
    if tally.effects.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{}", palette.bold("What was made"))?;
    for (kind, counts) in &tally.effects {
        writeln!(text, "  {:5} {:<18} {}", counts.total(), sanitise::line(kind), shares(counts))?;
    }
    Ok(())
}

fn shares(counts: &Counts) -> String {
    let shares = [(counts.changed, "changed"), (counts.unchanged, "unchanged"), (counts.left, "left as found"), (counts.failed, "failed")];
    shares.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
}

fn times(text: &mut String, tally: &Tally, plan: &Plan, palette: Palette) -> std::fmt::Result {
    let ran = || tally.phases.iter().filter(|span| span.began.is_some());
    if ran().next().is_none() {
        return Ok(());
    }
    writeln!(text, "\n{}", palette.bold("How long each phase took"))?;
    let path = plan.critical_path(|phase| tally.micros_of(phase));
    let width = ran().map(|span| sanitise::line(&span.phase).chars().count()).max().unwrap_or(0);
    for span in ran() {
        let critical = path.phases.contains(&span.phase);
        let bar = bar(span, tally.micros);
        let bar = if critical { palette.warn(&bar) } else { palette.dim(&bar) };
        writeln!(text, "  {:width$}  {:>8}  {bar}{}", sanitise::line(&span.phase), duration(span.micros), remark(span))?;
    }
    let long: Vec<_> = path.phases.iter().map(|phase| sanitise::line(phase)).collect();
    writeln!(text, "critical path: {} of {}: {}", duration(path.weight), duration(tally.micros), long.join(" → "))
}

/// What plugins used of what each of their phases may.
fn plugins(text: &mut String, tally: &Tally, palette: Palette) -> std::fmt::Result {
    if tally.plugins.is_empty() {
        return Ok(());
    }
    let (memory, findings, proposals) = (limits::MAX_MEMORY >> 20, limits::MAX_FINDINGS, limits::MAX_PROPOSALS);
    let may = format!(
        "a phase may: {memory} MiB of memory, {findings} findings, {proposals} proposals a call, {:?} of processor time a call",
        limits::CPU
    );
    writeln!(text, "\n{} ({may})", palette.bold("What plugins used"))?;
    for (plugin, used) in &tally.plugins {
        let tenths = used.memory_bytes * 10 / (1 << 20);
        writeln!(
            text,
            "  {:<24} {:>3}.{} MiB  {:>4} findings  {:>4} proposals  {:>6} bytes of messages",
            sanitise::line(plugin),
            tenths / 10,
            tenths % 10,
            used.findings,
            used.proposals,
            used.message_bytes
        )?;
    }
    Ok(())
}

/// Where in the run the phase ran, and for how long.
fn bar(span: &Span, total: u64) -> String {
    let scale = |micros: u64| usize::try_from(u128::from(micros) * BAR as u128 / u128::from(total.max(1))).unwrap_or(BAR).min(BAR);
    let start = scale(span.began.unwrap_or(0)).min(BAR - 1);
    let length = scale(span.micros).clamp(1, BAR - start);
    format!("{}{}{}", "·".repeat(start), "█".repeat(length), "·".repeat(BAR - start - length))
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

fn unknown(text: &mut String, tally: &Tally, not_checked: &[String], palette: Palette) -> std::fmt::Result {
    let findings = tally.findings_with(Verdict::CouldNotRun).map(|finding| format!("{}: {}", finding.code, finding.summary));
    let all: Vec<String> = not_checked.iter().cloned().chain(findings).collect();
    list(text, "Not checked", &all, palette)
}

fn list(text: &mut String, title: &str, items: &[String], palette: Palette) -> std::fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{}", palette.bold(title))?;
    items.iter().try_for_each(|item| writeln!(text, "  - {}", sanitise::line(item)))
}

/// A span of time in three digits or so.
pub fn duration(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..60_000_000 => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
        _ => format!("{}m{:02}s", micros / 60_000_000, micros / 1_000_000 % 60),
    }
}

#[cfg(test)]
mod tests;
