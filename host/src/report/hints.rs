//! Hints for the operator after a run: the next steps, and the things that the run left unchanged.
use super::{
    by_plugin, describe_effect, remedy_text,
    tally::{FindingRecord, Tally},
};
use crate::{
    event::{EffectResult, PhaseResult, RunResult},
    program,
    report::duration::format_duration,
    text::sanitise,
};

/// The workflow whose phases have no command of their own: the operator typed a command below
/// `certs renew`.
const WITHOUT_PHASE_COMMANDS: &str = "certs-renew";

/// Returns lines for the operator, the most useful first. `stays` is false for a dry run, whose
/// work does not stay. A run that succeeded and whose work stays has no hints.
pub fn hints(tally: &Tally, stays: bool) -> Vec<String> {
    let mut hints = Vec::new();
    match &tally.result {
        Some(RunResult::Done) if stays => return hints,
        Some(RunResult::Done) => return vec!["This was a dry run: nothing was changed.".into()],
        Some(RunResult::PreflightFailed) => add_preflight_hints(tally, &mut hints),
        Some(RunResult::Failed { phase, .. }) => add_failure_hints(tally, phase, stays, &mut hints),
        Some(RunResult::Cancelled) if stays => hints.push(
            "The run was interrupted. Its effects stay; the same command goes on from there."
                .into(),
        ),
        Some(RunResult::Cancelled) => {
            hints.push("The dry run was interrupted; nothing was changed.".into())
        }
        None if tally.at_work => return hints,
        None => add_cut_off_hints(tally, &mut hints),
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

/// Returns one line with the phase that failed and the reason; `None` if no phase failed. What to
/// do next, which follows the reason on lines of its own, is printed earlier.
pub fn closing_line(tally: &Tally) -> Option<String> {
    let (phase, reason) = match tally.result.as_ref()? {
        RunResult::Done | RunResult::Cancelled => return None,
        RunResult::PreflightFailed => {
            let problems: Vec<String> = tally
                .fatal_findings()
                .map(|record| {
                    let finding = &record.finding;
                    let lines: Vec<&str> = finding.summary.lines().collect();
                    format!("[ERROR {}]: {}", finding.code, lines.join(" "))
                })
                .collect();
            ("preflight", problems.join("; "))
        }
        RunResult::Failed { phase, message } => {
            let reason = message.trim().lines().next().unwrap_or_default();
            (phase.as_str(), reason.to_owned())
        }
    };
    let reason = sanitise::line(reason.trim()).into_owned();
    Some(match phase {
        "" => format!("The run failed: {reason}"),
        phase => format!(
            "The run failed in phase {}: {reason}",
            sanitise::line(phase)
        ),
    })
}

fn add_preflight_hints(tally: &Tally, hints: &mut Vec<String>) {
    for FindingRecord {
        finding, plugin, ..
    } in tally.fatal_findings()
    {
        let code = sanitise::line(&finding.code);
        hints.push(match &finding.remedy {
            Some(remedy) => {
                let says = plugin.as_ref().map_or_else(String::new, |plugin| {
                    format!("plugin {} says: ", sanitise::line(plugin))
                });
                format!(
                    "{code}: {says}{}",
                    remedy_text(remedy, plugin.as_deref(), "")
                )
            }
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
    // Several findings of a check have an equal remedy.
    hints.dedup();
    let pulled = tally
        .count_effects()
        .get("image")
        .is_some_and(|images| images.changed > 0);
    hints.push(if pulled {
        "Nothing was changed, but images were pulled.".into()
    } else {
        "Nothing was changed.".into()
    });
}

fn add_failure_hints(tally: &Tally, phase: &str, stays: bool, hints: &mut Vec<String>) {
    let effects = tally
        .phases
        .iter()
        .filter(|span| span.phase == phase)
        .flat_map(|span| &span.effects);
    for failed in effects.filter(|record| {
        matches!(
            record.result,
            EffectResult::Failed(_) | EffectResult::Refused(_)
        )
    }) {
        hints.push(format!(
            "The effect that failed: {}",
            describe_effect(&failed.effect)
        ));
    }
    let changed: u64 = tally
        .count_effects()
        .values()
        .map(|counts| counts.changed)
        .sum();
    if !stays {
        hints.push("This was a dry run: nothing was changed.".into());
    } else if changed > 0 {
        hints.push(format!(
            "{changed} effects were carried out before; the same command keeps what holds and goes \
             on from there."
        ));
    }
    // Phases of third parties have no command of their own.
    let mut spans = tally.phases.iter().filter(|span| span.phase == phase);
    let has_command = !tally.workflow.is_empty() && tally.workflow != WITHOUT_PHASE_COMMANDS;
    if spans.any(|span| span.plugin.is_none()) && has_command {
        hints.push(format!(
            "To run this phase alone: {}",
            program::command(&format!(
                "{} phase {}",
                command_of(&tally.workflow),
                sanitise::line(phase).replace('/', " ")
            ))
        ));
    }
}

/// Returns the words of the command that runs a workflow.
fn command_of(workflow: &str) -> String {
    match workflow {
        "reconfigure" => "apply".to_owned(),
        workflow => workflow.replace('-', " "),
    }
}

/// Adds the phases that were at work when the run stopped, if its events show them.
fn add_cut_off_hints(tally: &Tally, hints: &mut Vec<String>) {
    hints.push("The run was cut off before its end. The same command goes on from there.".into());
    for span in tally.phases.iter().filter(|span| span.is_open()) {
        let last = span.effects.last();
        let last = last.map(|record| describe_effect(&record.effect));
        let last = last.map_or_else(
            || "nothing carried out yet".to_owned(),
            |last| format!("last carried out: {last}"),
        );
        hints.push(format!(
            "It was at work on {} for {}, {last}.",
            span.name(),
            format_duration(span.micros)
        ));
    }
}
