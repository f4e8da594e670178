//! The findings of the checks: those that need attention first, then the others.
use super::{block, line};
use crate::{
    event::Judgement,
    report::tally::{FindingRecord, Tally},
};
use kubephase_wit::Verdict;
use maud::{Markup, html};

/// How a finding is shown: its class, and the word for it.
fn kind_of(record: &FindingRecord) -> (&'static str, &'static str) {
    match (record.finding.verdict, &record.judged) {
        (Verdict::Fail, Judgement::Stands) => ("bad", "error"),
        (Verdict::Fail, Judgement::Downgraded(_)) | (Verdict::Warn, _) => ("warn", "warning"),
        (Verdict::CouldNotRun, _) => ("unknown", "could not run"),
        (Verdict::Skipped, _) => ("quiet", "skipped"),
        (Verdict::Pass, _) => ("good", "passed"),
    }
}

/// Returns the findings of a run; `None` if no check reported one.
pub(super) fn render(tally: &Tally) -> Option<Markup> {
    let of = |classes: &[&str]| -> Vec<&FindingRecord> {
        let all = classes.iter().flat_map(|class| {
            tally
                .findings
                .iter()
                .filter(move |record| kind_of(record).0 == *class)
        });
        all.collect()
    };
    let (serious, others) = (of(&["bad", "warn", "unknown"]), of(&["quiet", "good"]));
    (!tally.findings.is_empty()).then(|| {
        html! {
            @if serious.is_empty() {
                p.calm { "Every check passed, or does not apply here." }
            }
            @for record in &serious { (card(record)) }
            @if !others.is_empty() {
                details {
                    summary { (others.len()) " checks passed or were skipped" }
                    ul.rows {
                        @for record in &others { (row(record)) }
                    }
                }
            }
        }
    })
}

/// Returns a finding with its evidence and its remedy.
fn card(record: &FindingRecord) -> Markup {
    let FindingRecord {
        finding, judged, ..
    } = record;
    let (class, word) = kind_of(record);
    html! {
        article.card.(class) {
            h3 {
                span.badge.(class) { (word) }
                " " code { (line(&finding.code)) }
            }
            @if !finding.summary.is_empty() { p.summary { (block(&finding.summary)) } }
            @if let Judgement::Downgraded(why) = judged {
                p.note { "Not an error: " (line(why)) }
            }
            (evidence(record))
            @if let Some(remedy) = &finding.remedy {
                div.remedy { h4 { "What to do" } p { (block(remedy)) } }
            }
            @if let Some(url) = &finding.url { p.more { (link(url)) } }
            p.origin { "by " (origin(record)) }
        }
    }
}

fn row(record: &FindingRecord) -> Markup {
    let finding = &record.finding;
    let (class, word) = kind_of(record);
    html! {
        li {
            span.badge.(class) { (word) }
            span.what {
                code { (line(&finding.code)) }
                @if !finding.summary.is_empty() { " " (line(&finding.summary)) }
                (evidence(record))
            }
            span.side { (origin(record)) }
        }
    }
}

fn evidence(record: &FindingRecord) -> Markup {
    let evidence = &record.finding.evidence;
    html! {
        @if !evidence.is_empty() {
            dl.evidence {
                @for (name, value) in evidence {
                    div { dt { (line(name)) } dd { (block(value)) } }
                }
            }
        }
    }
}

/// Returns the phase that reports the finding, with the plugin of a third party.
fn origin(record: &FindingRecord) -> String {
    match &record.plugin {
        Some(plugin) => format!("{} (plugin {})", line(&record.phase), line(plugin)),
        None => line(&record.phase),
    }
}

/// Returns an address as a link if it is one of the web. Other schemes can act on the reader's
/// machine, so they stay text.
fn link(url: &str) -> Markup {
    let shown = line(url);
    let is_web = url::Url::parse(url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
    html! {
        @if is_web && shown == url {
            a href=(url) rel="noopener noreferrer nofollow" { (shown) }
        } @else {
            (shown)
        }
    }
}
