//! The page about a past run.
use super::{
    Section, block, effects, facts, findings,
    graph::{self, GraphNode},
    line, page, plugins, section, timeline,
};
use crate::{
    event::{PhaseResult, RunResult},
    report::{
        duration::format_duration,
        headline::number_of,
        hints::hints,
        recorded_run::RecordedRun,
        tally::{Span, Tally},
    },
};
use jiff::tz::TimeZone;
use kubephase_wit::Verdict;
use maud::{Markup, html};

impl RecordedRun {
    /// Returns the run as a page. Times are of this zone.
    pub fn html(&self, zone: &TimeZone) -> String {
        let tally = &self.tally;
        let workflow = shown_workflow(tally);
        let sections: Vec<Section> = [
            section("problems", "What went wrong", problems(tally)),
            section("next", "What to do next", next_steps(tally)),
            section("findings", "Findings", findings::render(tally)),
            section("times", "How long each phase took", timeline::render(tally)),
            section("graph", "What waited for what", graph_of(tally)),
            section("unreached", "Phases that did not run", unreached(tally)),
            section("effects", "Effects", effects::render(tally)),
            section("plugins", "Plugins", plugins::render(&tally.components)),
            section("used", "What plugins used", plugins::usage(&tally.plugins)),
            section("missing", "Not in the journal", list(&tally.not_kept)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let foot = format!(
            "Report on {} of kubephase {}, from {}. It has no content of files and objects, and \
             no secrets.",
            self.name(),
            self.header.version,
            self.journal.path.display()
        );
        let title = format!("{workflow}: {}", outcome(tally).1);
        page(&title, &self.head(&workflow, zone), &sections, &foot)
    }

    /// Returns the number of the run with its word; `the run` without a number.
    fn name(&self) -> String {
        self.journal
            .number
            .map_or_else(|| "the run".to_owned(), |number| format!("run {number}"))
    }

    fn head(&self, workflow: &str, zone: &TimeZone) -> Markup {
        let tally = &self.tally;
        let (class, word) = outcome(tally);
        let mut lines = vec![
            ("run", self.name()),
            ("begun", self.began_text(zone)),
            ("took", format_duration(tally.micros)),
            ("kubephase", self.header.version.clone()),
        ];
        if !tally.kubernetes.is_empty() {
            lines.push(("Kubernetes", tally.kubernetes.clone()));
        }
        lines.extend(self.remark().map(|remark| ("journal", remark)));
        html! {
            h1 { (workflow) " " span.badge.(class) { (word) } }
            (facts(&lines))
            (numbers(tally))
        }
    }
}

/// Returns the name of the workflow; a damaged journal may lack it.
fn shown_workflow(tally: &Tally) -> String {
    if tally.workflow.is_empty() {
        "run".to_owned()
    } else {
        line(&tally.workflow)
    }
}

/// Returns the class and the word for the end of the run.
fn outcome(tally: &Tally) -> (&'static str, &'static str) {
    match &tally.result {
        Some(RunResult::Done) => ("good", "done"),
        Some(RunResult::PreflightFailed) => ("bad", "stopped by preflight checks"),
        Some(RunResult::Failed { .. }) => ("bad", "failed"),
        Some(RunResult::Cancelled) => ("warn", "interrupted"),
        None if tally.at_work => ("warn", "still at work"),
        None => ("bad", "cut off"),
    }
}

/// Returns the numbers that summarise a run.
fn numbers(tally: &Tally) -> Markup {
    let fatal = tally.fatal_findings().count();
    let warnings =
        tally.count_findings(Verdict::Warn) + tally.count_findings(Verdict::Fail) - fatal;
    let effects = tally.count_effects();
    let (changed, all) = effects.values().fold((0, 0), |(changed, all), counts| {
        (changed + counts.changed, all + counts.total())
    });
    html! {
        ul.numbers {
            li { b { (tally.started_phases().count()) } " of " (tally.phases.len()) " phases ran" }
            li { b { (changed) } " of " (all) " effects changed" }
            li { b { (tally.count_findings(Verdict::Pass)) } " checks passed" }
            li.warn[warnings > 0] { b { (warnings) } " " (word(warnings, "warning")) }
            li.bad[fatal > 0] { b { (fatal) } " " (word(fatal, "error")) }
        }
    }
}

/// Returns the word of a number: `warning` for 1, `warnings` for others.
fn word(count: usize, word: &str) -> String {
    let counted = number_of(count, word);
    counted.split(' ').next_back().unwrap_or(word).to_owned()
}

/// Returns why phases failed; `None` if none failed. The findings that stopped the run have a
/// section of their own.
fn problems(tally: &Tally) -> Option<Markup> {
    let failed: Vec<(&Span, &String)> = tally
        .phases
        .iter()
        .filter_map(|span| match &span.result {
            Some(PhaseResult::Failed(message)) => Some((span, message)),
            _ => None,
        })
        .collect();
    let message = match &tally.result {
        Some(RunResult::Failed { phase, message }) if failed.is_empty() => {
            Some((phase.as_str(), message))
        }
        _ => None,
    };
    (!failed.is_empty() || message.is_some()).then(|| {
        html! {
            @for (span, message) in failed {
                article.card.bad {
                    h3 {
                        code { (line(&span.phase)) }
                        @if let Some(plugin) = &span.plugin {
                            " " span.side { "plugin " (line(plugin)) }
                        }
                    }
                    pre { (block(message)) }
                }
            }
            @if let Some((phase, message)) = message {
                article.card.bad {
                    h3 { code { (line(phase)) } }
                    pre { (block(message)) }
                }
            }
        }
    })
}

fn next_steps(tally: &Tally) -> Option<Markup> {
    list(&hints(tally, true))
}

/// Returns a list; `None` without items.
fn list(items: &[String]) -> Option<Markup> {
    (!items.is_empty()).then(|| {
        html! {
            ul.plain { @for item in items { li { (block(item)) } } }
        }
    })
}

fn graph_of(tally: &Tally) -> Option<Markup> {
    let path = tally.critical_path();
    let nodes: Vec<GraphNode<'_>> = tally
        .phases
        .iter()
        .map(|span| GraphNode {
            id: &span.phase,
            note: note(span),
            class: class_of(span),
            needs: span.needs.as_deref().unwrap_or_default(),
            is_critical: path.contains(&span),
        })
        .collect();
    let explanation = html! {
        p {
            "A phase begins when all phases left of it that lead to it have ended. The "
            span.critical { "critical path" }
            " decided when the run ended."
        }
    };
    graph::render(&nodes, &explanation)
}

fn note(span: &Span) -> String {
    let took = || format_duration(span.micros);
    let note = match &span.result {
        Some(PhaseResult::Settled) => took(),
        Some(PhaseResult::Skipped(_)) => "skipped".to_owned(),
        Some(PhaseResult::Failed(_)) => format!("failed after {}", took()),
        Some(PhaseResult::NotReached(_)) => "not reached".to_owned(),
        None if span.began.is_some() => "did not end".to_owned(),
        None => "not reached".to_owned(),
    };
    match &span.plugin {
        Some(plugin) => format!("{note}, {plugin}"),
        None => note,
    }
}

fn class_of(span: &Span) -> &'static str {
    match &span.result {
        Some(PhaseResult::Failed(_)) => "failed",
        Some(PhaseResult::Settled) if span.plugin.is_some() => "of-plugin",
        Some(PhaseResult::Settled) => "settled",
        None if span.began.is_some() => "failed",
        Some(PhaseResult::Skipped(_) | PhaseResult::NotReached(_)) | None => "left-out",
    }
}

/// Returns the phases that did not start; `None` if all did.
fn unreached(tally: &Tally) -> Option<Markup> {
    let spans: Vec<&Span> = tally
        .phases
        .iter()
        .filter(|span| span.began.is_none())
        .collect();
    (!spans.is_empty()).then(|| {
        html! {
            ul.rows {
                @for span in spans {
                    li {
                        span.what {
                            code { (line(&span.phase)) }
                            @if let Some(PhaseResult::NotReached(why)) = &span.result {
                                span.note { (line(why)) }
                            }
                        }
                    }
                }
            }
        }
    })
}
