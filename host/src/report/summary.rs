//! The summary at the end of a run: its effects, the time of each phase, the checks that were not
//! possible, and what to do next.
use super::{
    headline::write_headline,
    hints,
    style::Palette,
    tally::{EffectCounts, FindingRecord, Tally},
    timeline,
};
use crate::{text::sanitise, wasm::limits};
use kubephase_wit::Verdict;
use std::fmt::Write;

/// Returns the summary, with a newline at its end. `not_checked` are the checks that the world
/// cannot do.
pub fn render(tally: &Tally, not_checked: &[String], palette: Palette) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_headline(&mut text, tally, palette);
    let _ = write_effects(&mut text, tally, palette);
    let _ = timeline::write_brief(&mut text, tally, palette);
    let _ = write_plugins(&mut text, tally, palette);
    let _ = write_not_checked(&mut text, tally, not_checked, palette);
    let hints = hints::hints(tally, true);
    if !hints.is_empty() {
        let _ = writeln!(text, "\n{}", palette.bold("What to do next"));
        let _ = hints
            .iter()
            .try_for_each(|hint| write_item(&mut text, hint));
    }
    text
}

fn write_effects(text: &mut String, tally: &Tally, palette: Palette) -> std::fmt::Result {
    let effects = tally.count_effects();
    if effects.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{}", palette.bold("What was made"))?;
    for (kind, counts) in &effects {
        writeln!(
            text,
            "  {:5} {:<18} {}",
            counts.total(),
            sanitise::line(kind),
            describe_counts(counts)
        )?;
    }
    Ok(())
}

fn describe_counts(counts: &EffectCounts) -> String {
    let shares = [
        (counts.changed, "changed"),
        (counts.unchanged, "unchanged"),
        (counts.left, "left as found"),
        (counts.failed, "failed"),
    ];
    shares
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, result)| format!("{n} {result}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes the resources that plugins used, and their limits.
fn write_plugins(text: &mut String, tally: &Tally, palette: Palette) -> std::fmt::Result {
    if tally.plugins.is_empty() {
        return Ok(());
    }
    let (findings, proposals) = (limits::MAX_FINDINGS, limits::MAX_PROPOSALS);
    let limits_of_phase = format!(
        "a phase may: {findings} findings, {proposals} proposals a call, {:?} of processor time a \
         call",
        limits::CALL_PROCESSOR_TIME
    );
    writeln!(
        text,
        "\n{} ({limits_of_phase})",
        palette.bold("What plugins used")
    )?;
    for (plugin, used) in &tally.plugins {
        let tenths = used.memory_bytes * 10 / (1 << 20);
        writeln!(
            text,
            "  {:<24} {:>3}.{} MiB of {:<5}  {:>4} findings  {:>4} proposals  {:>6} bytes of \
             messages, {:?} for a call",
            sanitise::line(plugin),
            tenths / 10,
            tenths % 10,
            used.limits.shown_memory(),
            used.findings,
            used.proposals,
            used.message_bytes,
            used.limits.deadline
        )?;
    }
    Ok(())
}

fn write_not_checked(
    text: &mut String,
    tally: &Tally,
    not_checked: &[String],
    palette: Palette,
) -> std::fmt::Result {
    let findings = tally
        .findings_with(Verdict::CouldNotRun)
        .map(FindingRecord::line);
    let all: Vec<String> = not_checked.iter().cloned().chain(findings).collect();
    write_list(text, "Not checked", &all, palette)
}

/// Writes a titled list; nothing if it has no items.
pub(super) fn write_list(
    text: &mut String,
    title: &str,
    items: &[String],
    palette: Palette,
) -> std::fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{}", palette.bold(title))?;
    items
        .iter()
        .try_for_each(|item| writeln!(text, "  - {}", sanitise::line(item)))
}

/// Writes an item of a list. A remedy in it may have lines of its own, unless it is a plugin's.
pub(super) fn write_item(text: &mut String, item: &str) -> std::fmt::Result {
    for (index, line) in item.lines().enumerate() {
        let (indent, line) = match line.strip_prefix('\t') {
            _ if index == 0 => ("  - ", line),
            Some(rest) => ("      ", rest),
            None => ("    ", line),
        };
        writeln!(text, "{indent}{}", sanitise::line(line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
