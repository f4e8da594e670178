//! The findings of `doctor` in Prometheus' text format, for the textfile collector of
//! node_exporter: no time stamps, one HELP and one TYPE line for each metric, and each series once.
use super::{examination::Grade, tally::Tally};
use jiff::Timestamp;
use kubephase_sdk::{codes::Family, finding::EXPIRES};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

/// The grades with their values of the label `verdict`.
const VERDICTS: [(Grade, &str); 5] = [
    (Grade::Passed, "pass"),
    (Grade::Warning, "warn"),
    (Grade::Error, "fail"),
    (Grade::Unknown, "could-not-run"),
    (Grade::NotApplicable, "skipped"),
];

/// Returns the metrics of a run that ended at `now`, in Unix seconds.
pub fn render(tally: &Tally, now: i64) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, tally, now);
    text
}

fn write(text: &mut String, tally: &Tally, now: i64) -> fmt::Result {
    begin(
        text,
        "kubephase_doctor_last_run_timestamp_seconds",
        "Time of the last examination of this node, in Unix seconds.",
    )?;
    writeln!(text, "kubephase_doctor_last_run_timestamp_seconds {now}")?;
    begin(
        text,
        "kubephase_doctor_duration_seconds",
        "Duration of the last examination.",
    )?;
    let (seconds, micros) = (tally.micros / 1_000_000, tally.micros % 1_000_000);
    writeln!(
        text,
        "kubephase_doctor_duration_seconds {seconds}.{micros:06}"
    )?;
    write_counts(text, tally)?;
    write_problems(text, tally)?;
    write_certificates(text, tally)
}

fn begin(text: &mut String, name: &str, help: &str) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}")?;
    writeln!(text, "# TYPE {name} gauge")
}

fn write_counts(text: &mut String, tally: &Tally) -> fmt::Result {
    let name = "kubephase_doctor_findings";
    begin(
        text,
        name,
        "Number of findings of the last examination by verdict.",
    )?;
    for (grade, verdict) in VERDICTS {
        let found = tally.findings.iter();
        let count = found.filter(|record| Grade::of(record) == grade).count();
        writeln!(text, "{name}{{verdict=\"{verdict}\"}} {count}")?;
    }
    Ok(())
}

fn write_problems(text: &mut String, tally: &Tally) -> fmt::Result {
    let name = "kubephase_doctor_problems";
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for record in &tally.findings {
        let grade = Grade::of(record);
        let verdict = VERDICTS.iter().find(|(of, _)| *of == grade);
        if let Some((_, verdict)) = verdict.filter(|_| grade >= Grade::Unknown) {
            *counts.entry((&record.finding.code, verdict)).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return Ok(());
    }
    begin(
        text,
        name,
        "Number of findings of the last examination that did not pass, by code and verdict.",
    )?;
    for ((code, verdict), count) in counts {
        let code = escape(code);
        writeln!(
            text,
            "{name}{{code=\"{code}\",verdict=\"{verdict}\"}} {count}"
        )?;
    }
    Ok(())
}

fn write_certificates(text: &mut String, tally: &Tally) -> fmt::Result {
    let name = "kubephase_certificate_expiration_timestamp_seconds";
    let mut ends: BTreeMap<&str, i64> = BTreeMap::new();
    for record in &tally.findings {
        let finding = &record.finding;
        // Plugins may choose such codes, too.
        let certificate = Family::CERTIFICATE.subject(&finding.code);
        let certificate = certificate.filter(|_| record.plugin.is_none());
        let mut evidence = finding.evidence.iter();
        let expires = evidence.find(|(name, _)| name == EXPIRES);
        let expires = expires.and_then(|(_, value)| value.parse::<Timestamp>().ok());
        if let (Some(certificate), Some(expires)) = (certificate, expires) {
            ends.insert(certificate, expires.as_second());
        }
    }
    if ends.is_empty() {
        return Ok(());
    }
    begin(
        text,
        name,
        "End of the validity of a certificate of this node, in Unix seconds.",
    )?;
    for (certificate, end) in ends {
        let certificate = escape(certificate);
        writeln!(text, "{name}{{certificate=\"{certificate}\"}} {end}")?;
    }
    Ok(())
}

/// Escapes the value of a label.
fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, EventKind, Judgement};
    use kubephase_wit::{Finding, Verdict};

    fn event(code: &str, verdict: Verdict, plugin: Option<&str>) -> Event {
        let kind = EventKind::Finding {
            phase: "certs".into(),
            finding: Finding {
                code: code.into(),
                verdict,
                summary: String::new(),
                evidence: vec![(EXPIRES.into(), "2027-01-01T00:00:00Z".into())],
                remedy: None,
                url: None,
            },
            judged: Judgement::Stands,
            plugin: plugin.map(str::to_owned),
        };
        Event { at: 0, kind }
    }

    #[test]
    fn each_series_is_there_once_and_labels_are_escaped() {
        let tally = Tally::from_events(&[
            event("Certificate-apiserver", Verdict::Warn, None),
            event("Certificate-forged", Verdict::Pass, Some("other")),
            event("Odd\"\\\n", Verdict::Fail, None),
            event("Odd\"\\\n", Verdict::Fail, None),
        ]);
        let text = render(&tally, 1_800_000_000);
        for line in [
            "kubephase_doctor_last_run_timestamp_seconds 1800000000",
            "kubephase_doctor_findings{verdict=\"fail\"} 2",
            "kubephase_doctor_problems{code=\"Odd\\\"\\\\\\n\",verdict=\"fail\"} 2",
            "kubephase_doctor_problems{code=\"Certificate-apiserver\",verdict=\"warn\"} 1",
            "kubephase_certificate_expiration_timestamp_seconds{certificate=\"apiserver\"} \
             1798761600",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("forged"), "{text}");
        let series: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, _)| name)
            .collect();
        let mut once = series.clone();
        once.retain(|name| *name != "#");
        let count = once.len();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), count);
    }
}
