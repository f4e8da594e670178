//! What to do next: after a failure, which the lines have told, and what is left as it was.
use super::{
    by_plugin,
    tally::{Found, Tally},
};
use crate::{
    event::{EffectResult, PhaseResult, RunResult},
    report::duration::duration,
    text::sanitise,
};

/// Lines for the person, most useful first; none if a run succeeded whose work `stays`: that of a
/// dry run does not.
pub fn hints(tally: &Tally, stays: bool) -> Vec<String> {
    let mut hints = Vec::new();
    match &tally.result {
        Some(RunResult::Done) if stays => return hints,
        Some(RunResult::Done) => return vec!["This was a dry run: nothing was changed.".into()],
        Some(RunResult::PreflightFailed) => preflight(tally, &mut hints),
        Some(RunResult::Failed { phase, .. }) => failed(tally, phase, stays, &mut hints),
        Some(RunResult::Cancelled) if stays => hints.push(
            "The run was interrupted. What was carried out stays; the same command goes \
                on from there."
                .into(),
        ),
        Some(RunResult::Cancelled) => {
            hints.push("The dry run was interrupted; nothing was changed.".into())
        }
        None if tally.at_work => return hints,
        None => cut_off(tally, &mut hints),
    }
    let waiting = tally.phases.iter().filter(|span| match span.result {
        Some(PhaseResult::NotReached(_)) => true,
        Some(_) => false,
        None => span.began.is_none(),
    });
    let waiting = waiting.count();
    if waiting > 0 {
        hints.push(format!(
            "{waiting} of {} phases were not reached.",
            tally.phases.len()
        ));
    }
    hints
}

fn preflight(tally: &Tally, hints: &mut Vec<String>) {
    for Found {
        finding, plugin, ..
    } in tally.fatal()
    {
        let code = sanitise::line(&finding.code);
        hints.push(match &finding.remedy {
            Some(remedy) => format!(
                "{code}: {}{}",
                sanitise::line(remedy),
                by_plugin(plugin.as_deref())
            ),
            None => {
                format!("{code}: if this is meant to be so, add --ignore-preflight-errors={code}")
            }
        });
        let origin = by_plugin(plugin.as_deref());
        hints.extend(
            finding
                .url
                .as_ref()
                .map(|url| format!("{code}: see {}{origin}", sanitise::line(url))),
        );
    }
    // Several findings of one check have one way out.
    hints.dedup();
    let pulled = tally
        .effects()
        .get("image")
        .is_some_and(|images| images.changed > 0);
    hints.push(if pulled {
        "Nothing was changed, but images were pulled.".into()
    } else {
        "Nothing was changed.".into()
    });
}

fn failed(tally: &Tally, phase: &str, stays: bool, hints: &mut Vec<String>) {
    let effects = tally
        .phases
        .iter()
        .filter(|span| span.phase == phase)
        .flat_map(|span| &span.effects);
    for failed in effects.filter(|carried| {
        matches!(
            carried.result,
            EffectResult::Failed(_) | EffectResult::Refused(_)
        )
    }) {
        let (kind, target) = (
            sanitise::line(&failed.effect.kind),
            sanitise::line(&failed.effect.target),
        );
        hints.push(format!("The effect that failed: {kind} {target}"));
    }
    let changed: u64 = tally.effects().values().map(|counts| counts.changed).sum();
    if !stays {
        hints.push("This was a dry run: nothing was changed.".into());
    } else if changed > 0 {
        hints.push(format!(
            "{changed} effects were carried out before; the same command keeps what \
            holds and goes on from there."
        ));
    }
    if !phase.is_empty() && !tally.workflow.is_empty() {
        hints.push(format!(
            "To look at this phase alone: kubephase {} phase {}",
            tally.workflow,
            sanitise::line(phase).replace('/', " ")
        ));
    }
}

/// Where it stopped, as far as its events tell.
fn cut_off(tally: &Tally, hints: &mut Vec<String>) {
    hints.push("The run was cut off before its end. The same command goes on from there.".into());
    for span in tally.phases.iter().filter(|span| span.open()) {
        let last = span.effects.last().map(|carried| {
            format!(
                "{} {}",
                sanitise::line(&carried.effect.kind),
                sanitise::line(&carried.effect.target)
            )
        });
        let last = last.map_or_else(
            || "nothing carried out yet".to_owned(),
            |last| format!("last carried out: {last}"),
        );
        hints.push(format!(
            "It was at work on {} for {}, {last}.",
            sanitise::line(&span.phase),
            duration(span.micros)
        ));
    }
}
