//! The first lines of a report: the outcome of a run.
use super::{duration::format_duration, style::Palette, tally::Tally};
use crate::{event::RunResult, text::sanitise};
use kubephase_wit::Verdict;
use std::fmt::Write;

/// Describes how a run ended, or that it did not end.
pub(super) fn describe_outcome(tally: &Tally, palette: Palette) -> String {
    match &tally.result {
        Some(RunResult::Done) => palette.success("done"),
        Some(RunResult::PreflightFailed) => palette.error("stopped by preflight checks"),
        Some(RunResult::Failed { .. }) => palette.error("failed"),
        Some(RunResult::Cancelled) => palette.warn("interrupted"),
        None if tally.at_work => palette.warn("still at work"),
        None => palette.error("cut off"),
    }
}

/// Writes the workflow, the result and the time, and counts the findings of the checks.
pub(super) fn write_headline(
    text: &mut String,
    tally: &Tally,
    palette: Palette,
) -> std::fmt::Result {
    let preposition = if tally.result.is_some() {
        "in"
    } else {
        "after"
    };
    let outcome = describe_outcome(tally, palette);
    writeln!(
        text,
        "{}: {outcome} {preposition} {}",
        palette.bold(&sanitise::line(&tally.workflow)),
        format_duration(tally.micros)
    )?;
    let (fatal, unknown) = (
        tally.fatal_findings().count(),
        tally.count_findings(Verdict::CouldNotRun),
    );
    let downgraded = tally.count_findings(Verdict::Fail) - fatal;
    if tally.findings.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "checks: {} passed, {}, {}, {unknown} could not run",
        tally.count_findings(Verdict::Pass),
        number_of(tally.count_findings(Verdict::Warn) + downgraded, "warning"),
        number_of(fatal, "error")
    )
}

/// Returns a number with its word: `1 warning`, `2 warnings`.
pub(super) fn number_of(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn words_are_plural_except_for_one() {
        assert_eq!(number_of(0, "warning"), "0 warnings");
        assert_eq!(number_of(1, "warning"), "1 warning");
        assert_eq!(number_of(2, "error"), "2 errors");
    }
}
