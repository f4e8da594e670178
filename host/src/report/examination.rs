//! The findings of `doctor`, as a list for people: a line for each phase, and below it each finding
//! that did not pass, with its evidence and what to do.
use super::{
    by_plugin,
    duration::format_duration,
    headline::number_of,
    remedy_text,
    style::Palette,
    tally::{FindingRecord, Span, Tally},
};
use crate::{
    event::{Judgement, PhaseResult, RunResult},
    text::sanitise,
};
use kubephase_wit::Verdict;
use std::fmt::{self, Write};

/// The meaning of a finding for the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    Passed,
    NotApplicable,
    Unknown,
    Warning,
    Error,
}

impl Grade {
    /// Returns the grade of a finding.
    pub fn of(record: &FindingRecord) -> Grade {
        match (record.finding.verdict, &record.judged) {
            (Verdict::Fail, Judgement::Stands) => Grade::Error,
            (Verdict::Fail, Judgement::Downgraded(_)) | (Verdict::Warn, _) => Grade::Warning,
            (Verdict::CouldNotRun, _) => Grade::Unknown,
            (Verdict::Skipped, _) => Grade::NotApplicable,
            (Verdict::Pass, _) => Grade::Passed,
        }
    }

    /// Returns the word of a line, in its colour.
    fn word(self, palette: Palette) -> String {
        match self {
            Grade::Passed => palette.success("ok"),
            Grade::NotApplicable => palette.dim("--"),
            Grade::Unknown => palette.warn("not checked"),
            Grade::Warning => palette.warn("warning"),
            Grade::Error => palette.error("error"),
        }
    }
}

/// Returns the list, with a newline at its end. `shows_all` also lists the findings that passed.
pub fn render(tally: &Tally, palette: Palette, shows_all: bool) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_phases(&mut text, tally, palette, shows_all);
    let _ = write_conclusion(&mut text, tally, palette);
    text
}

fn write_phases(
    text: &mut String,
    tally: &Tally,
    palette: Palette,
    shows_all: bool,
) -> fmt::Result {
    for span in &tally.phases {
        let found: Vec<&FindingRecord> = tally
            .findings
            .iter()
            .filter(|record| record.phase == span.phase)
            .collect();
        write_phase(text, span, &found, palette)?;
        for record in found {
            let grade = Grade::of(record);
            if shows_all || grade >= Grade::Unknown {
                write_finding(text, record, grade, palette)?;
            }
        }
    }
    Ok(())
}

fn write_phase(
    text: &mut String,
    span: &Span,
    found: &[&FindingRecord],
    palette: Palette,
) -> fmt::Result {
    let worst = found.iter().map(|record| Grade::of(record)).max();
    let passed = found
        .iter()
        .filter(|record| Grade::of(record) == Grade::Passed)
        .count();
    let name = palette.bold(&span.name());
    match (&span.result, worst) {
        (Some(PhaseResult::Skipped(why)), None) => {
            let why = sanitise::line(why);
            writeln!(text, "{name}: {} {why}", Grade::NotApplicable.word(palette))
        }
        // A plugin's phase that is not a check has no findings.
        (Some(PhaseResult::Failed(why)), None) => {
            let why = sanitise::line(why);
            writeln!(text, "{name}: {} {why}", Grade::Error.word(palette))
        }
        (Some(PhaseResult::NotReached(why)), None) => {
            let why = sanitise::line(why);
            writeln!(text, "{name}: {} {why}", Grade::Unknown.word(palette))
        }
        (_, None) => writeln!(text, "{name}: {}", Grade::Passed.word(palette)),
        (_, Some(worst)) => {
            let word = match worst {
                Grade::NotApplicable if passed > 0 => Grade::Passed,
                worst => worst,
            }
            .word(palette);
            writeln!(text, "{name}: {word}, {passed} of {} passed", found.len())
        }
    }
}

fn write_finding(
    text: &mut String,
    record: &FindingRecord,
    grade: Grade,
    palette: Palette,
) -> fmt::Result {
    let finding = &record.finding;
    let (code, summary) = (
        sanitise::line(&finding.code),
        sanitise::line(&finding.summary),
    );
    let word = grade.word(palette);
    let origin = by_plugin(record.plugin.as_deref());
    write!(text, "  {word} {}", palette.bold(&code))?;
    match summary.as_ref() {
        "" => writeln!(text, "{origin}")?,
        summary => writeln!(text, ": {summary}{origin}")?,
    }
    if let Judgement::Downgraded(why) = &record.judged {
        writeln!(text, "    no error: {}", sanitise::line(why))?;
    }
    for (name, value) in &finding.evidence {
        let (name, value) = (sanitise::line(name), sanitise::line(value));
        if !value.is_empty() {
            writeln!(text, "    {} {value}", palette.dim(&format!("{name}:")))?;
        }
    }
    if grade < Grade::Unknown {
        return Ok(());
    }
    if let Some(remedy) = &finding.remedy {
        let remedy = remedy_text(remedy, record.plugin.as_deref(), "    ");
        writeln!(text, "    what to do: {remedy}")?;
    }
    if let Some(url) = &finding.url {
        writeln!(text, "    see {}", sanitise::line(url))?;
    }
    Ok(())
}

fn write_conclusion(text: &mut String, tally: &Tally, palette: Palette) -> fmt::Result {
    let count = |grade| {
        let found = tally.findings.iter();
        found.filter(|record| Grade::of(record) == grade).count()
    };
    let (errors, warnings, unknown) = (
        count(Grade::Error) + failures_without_findings(tally),
        count(Grade::Warning),
        count(Grade::Unknown),
    );
    let outcome = match (&tally.result, errors, warnings) {
        (Some(RunResult::Cancelled), ..) => palette.warn("interrupted"),
        (_, 0, 0) => palette.success("no problem found"),
        (_, 0, _) => palette.warn("only warnings"),
        (_, _, _) => palette.error("problems found"),
    };
    writeln!(
        text,
        "\n{outcome} in {}: {} passed, {}, {}, {unknown} not checked",
        format_duration(tally.micros),
        count(Grade::Passed),
        number_of(warnings, "warning"),
        number_of(errors, "error"),
    )
}

/// Counts the phases that failed and have no finding that says why.
fn failures_without_findings(tally: &Tally) -> usize {
    let failed = tally.phases.iter().filter(|span| {
        let mut found = tally.findings.iter();
        matches!(span.result, Some(PhaseResult::Failed(_)))
            && !found.any(|record| record.phase == span.phase)
    });
    failed.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, EventKind};
    use kubephase_wit::Finding;

    fn finding(code: &str, verdict: Verdict, remedy: Option<&str>) -> EventKind {
        EventKind::Finding {
            phase: "certificates".into(),
            finding: Finding {
                code: code.into(),
                verdict,
                summary: "it expires in 3 days".into(),
                evidence: vec![("path".into(), "/pki/a.crt".into())],
                remedy: remedy.map(str::to_owned),
                url: None,
            },
            judged: Judgement::Stands,
            plugin: None,
        }
    }

    #[test]
    fn problems_are_listed_with_their_remedies_and_passes_only_on_demand() {
        let events = [
            EventKind::RunStarted {
                workflow: "doctor".into(),
                version: String::new(),
                phases: vec!["certificates".into(), "change".into(), "plugins".into()],
                needs: Default::default(),
                plugins: Default::default(),
                kubernetes: String::new(),
                components: Vec::new(),
            },
            finding("Certificate-a", Verdict::Warn, Some("renew it")),
            finding("Certificate-b", Verdict::Pass, None),
            EventKind::PhaseEnded {
                phase: "change".into(),
                result: PhaseResult::Failed("it proposed file /x".into()),
                micros: 0,
            },
            EventKind::PhaseEnded {
                phase: "plugins".into(),
                result: PhaseResult::Skipped("there are none".into()),
                micros: 0,
            },
            EventKind::RunEnded {
                result: RunResult::Done,
                micros: 2_000_000,
            },
        ];
        let events = events.map(|kind| Event { at: 0, kind });
        let tally = Tally::from_events(&events);
        let text = render(&tally, Palette::PLAIN, false);
        assert_eq!(
            text,
            "certificates: warning, 1 of 2 passed\n  warning Certificate-a: it expires in 3 days\n\
             \x20   path: /pki/a.crt\n    what to do: renew it\nchange: error it proposed file \
             /x\nplugins: -- there are none\n\nproblems found in 2.00 s: 1 passed, 1 warning, 1 \
             error, 0 not checked\n"
        );
        assert!(render(&tally, Palette::PLAIN, true).contains("  ok Certificate-b"));
    }
}
