//! The effects of a run: for each what was there before, and what is there now. Journals hold no
//! content of files and objects, so the page has none either: it cannot show a secret.
use super::line;
use crate::{
    effect::{Applied, Undo},
    event::EffectResult,
    report::{
        duration::format_duration,
        tally::{EffectRecord, Span, Tally},
    },
};
use maud::{Markup, html};

/// Returns the effects of a run, phase by phase; `None` if it had none.
pub(super) fn render(tally: &Tally) -> Option<Markup> {
    let mut spans = tally
        .phases
        .iter()
        .filter(|span| !span.effects.is_empty())
        .peekable();
    spans.peek()?;
    Some(html! {
        (counts(tally))
        @for span in spans { (of_phase(span)) }
    })
}

/// Returns the numbers of effects by kind.
fn counts(tally: &Tally) -> Markup {
    html! {
        ul.counts {
            @for (kind, counts) in tally.count_effects() {
                li {
                    b { (counts.total()) } " " (line(kind))
                    span.quiet {
                        @if counts.changed > 0 { " " (counts.changed) " changed" }
                        @if counts.failed > 0 { " " (counts.failed) " failed" }
                    }
                }
            }
        }
    }
}

fn of_phase(span: &Span) -> Markup {
    let changed = span
        .effects
        .iter()
        .filter(|record| is_changed(record))
        .count();
    let failed = span
        .effects
        .iter()
        .filter(|record| is_failed(record))
        .count();
    html! {
        details open[changed + failed > 0] {
            summary {
                code { (line(&span.phase)) }
                @if let Some(plugin) = &span.plugin { span.side { "plugin " (line(plugin)) } }
                span.side {
                    @if failed > 0 { (failed) " failed, " }
                    (changed) " of " (span.effects.len()) " changed"
                }
            }
            ul.rows {
                @for record in &span.effects { (row(record)) }
            }
        }
    }
}

fn is_changed(record: &EffectRecord) -> bool {
    record.result == EffectResult::Applied(Applied::Changed)
}

fn is_failed(record: &EffectRecord) -> bool {
    !matches!(record.result, EffectResult::Applied(_))
}

fn row(record: &EffectRecord) -> Markup {
    let EffectRecord { effect, result, .. } = record;
    let (class, word, detail) = match result {
        EffectResult::Applied(Applied::Changed) => ("good", "changed", None),
        EffectResult::Applied(Applied::Unchanged) => ("quiet", "unchanged", None),
        EffectResult::Applied(Applied::Skipped(why)) => ("quiet", "left", Some(why)),
        EffectResult::Failed(why) => ("bad", "failed", Some(why)),
        EffectResult::Refused(why) => ("bad", "refused", Some(why)),
    };
    html! {
        li {
            span.badge.(class) { (word) }
            span.what {
                span.kind { (line(&effect.kind)) } " "
                code { (line(&effect.target)) }
                span.states { (before(record)) " → " (after(record)) }
                @if let Some(because) = &effect.because { span.note { (line(because)) } }
                @if let Some(why) = detail { span.note { (line(why)) } }
                @if is_changed(record) {
                    @if let Some(undo) = undo(record) { span.note { "reset: " (undo) } }
                }
            }
            span.side { (format_duration(record.micros)) }
        }
    }
}

/// Describes the state before the effect.
fn before(record: &EffectRecord) -> &'static str {
    match &record.result {
        EffectResult::Applied(Applied::Changed) if record.made.contains(&record.effect.target) => {
            "did not exist"
        }
        EffectResult::Applied(Applied::Changed) => "was different",
        EffectResult::Applied(Applied::Unchanged) => "was as wanted",
        EffectResult::Applied(Applied::Skipped(_)) => "as found",
        EffectResult::Failed(_) | EffectResult::Refused(_) => "not as wanted",
    }
}

/// Describes the state after the effect, by the digest of what was wanted.
fn after(record: &EffectRecord) -> Markup {
    let digest = &record.effect.digest;
    let short = digest.get(..12).unwrap_or(digest);
    html! {
        @match &record.result {
            EffectResult::Applied(Applied::Changed | Applied::Unchanged) => {
                "as wanted " code.digest title={ "sha256:" (line(digest)) } { (line(short)) }
            }
            EffectResult::Applied(Applied::Skipped(_)) => "left as found",
            EffectResult::Refused(_) => "not touched",
            EffectResult::Failed(_) => "not as wanted",
        }
    }
}

/// Describes what `reset` does about the effect; `None` if nothing.
fn undo(record: &EffectRecord) -> Option<&'static str> {
    match record.undo.as_ref()? {
        Undo::Nothing => None,
        Undo::RemoveCreated => Some("removes what was made"),
        Undo::By(_) => Some("undoes it"),
    }
}
