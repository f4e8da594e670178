//! When each phase ran: a bar for each, and what it waited for.
use super::line;
use crate::{
    event::PhaseResult,
    report::{
        duration::format_duration,
        tally::{Span, Tally},
        timeline::SHOWN_WAIT,
    },
};
use maud::{Markup, html};

/// Units of a bar, which represents the whole run.
const BAR: u64 = 1000;
/// Units of the shortest bar.
const SHORTEST: u64 = 4;

/// Returns the phases that started, in the order of their start; `None` if none started.
pub(super) fn render(tally: &Tally) -> Option<Markup> {
    let path = tally.critical_path();
    let mut spans: Vec<&Span> = tally.started_phases().collect();
    spans.sort_by_key(|span| span.began);
    (!spans.is_empty()).then(|| {
        html! {
            @if !path.is_empty() { (critical_path(tally, &path)) }
            ol.timeline {
                @for span in spans { (row(span, tally, path.contains(&span))) }
            }
        }
    })
}

fn critical_path(tally: &Tally, path: &[&Span]) -> Markup {
    let took = path
        .iter()
        .fold(0u64, |sum, span| sum.saturating_add(span.micros));
    let queued = path.iter().fold(0u64, |sum, span| {
        sum.saturating_add(tally.queue_micros(span))
    });
    html! {
        p {
            "The " span.critical { "critical path" } " took " b { (format_duration(took)) }
            " of " (format_duration(tally.micros)) "."
            @if queued >= SHOWN_WAIT {
                " Phases on it waited " (format_duration(queued)) " for a free worker."
            }
        }
        p.path {
            @for (place, span) in path.iter().enumerate() {
                @if place > 0 { " → " }
                code { (line(&span.phase)) }
            }
        }
    }
}

fn row(span: &Span, tally: &Tally, is_critical: bool) -> Markup {
    let class = class_of(span, is_critical);
    let needed = tally.last_needed_phase(span).map(|need| line(&need.phase));
    html! {
        li.(class) {
            span.name { code { (line(&span.phase)) } }
            (bar(span, tally.micros))
            span.took { (format_duration(span.micros)) }
            span.why {
                "at " (format_duration(span.began.unwrap_or(0)))
                @if let Some(need) = needed { ", after " (need) }
                @if let Some(plugin) = &span.plugin { ", plugin " (line(plugin)) }
                @match &span.result {
                    Some(PhaseResult::Skipped(why)) => { ", skipped: " (line(why)) }
                    Some(PhaseResult::Failed(_)) => ", failed",
                    Some(PhaseResult::Settled) => {}
                    Some(PhaseResult::NotReached(_)) => ", not reached",
                    None => ", did not end",
                }
            }
        }
    }
}

fn class_of(span: &Span, is_critical: bool) -> &'static str {
    match &span.result {
        Some(PhaseResult::Failed(_)) | None => "failed",
        Some(PhaseResult::Skipped(_)) => "skipped",
        _ if is_critical => "on-path",
        _ => "off-path",
    }
}

/// Draws the time of a phase within the run. The drawing is as wide as the page allows.
fn bar(span: &Span, total: u64) -> Markup {
    let units = |micros: u64| -> u64 {
        let units = u128::from(micros) * u128::from(BAR) / u128::from(total.max(1));
        u64::try_from(units).unwrap_or(BAR).min(BAR)
    };
    let start = units(span.began.unwrap_or(0)).min(BAR - SHORTEST);
    let length = units(span.micros).clamp(SHORTEST, BAR - start);
    html! {
        svg.bar viewBox={ "0 0 " (BAR) " 10" } preserveAspectRatio="none" aria-hidden="true" {
            rect.track x="0" y="4" width=(BAR) height="2" {}
            rect.time x=(start) y="1" width=(length) height="8" {}
        }
    }
}
