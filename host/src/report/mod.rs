//! Turns events into output for people and programs: kubeadm's lines, a progress display, JSON
//! lines, the summary at the end, and reports on past runs. Only this folder and `cli` print.

pub mod buffered_subscribers;
mod critical;
mod duration;
pub mod examination;
mod headline;
pub mod hints;
pub mod html;
pub mod json;
pub mod lines;
pub mod metrics;
pub mod order;
pub mod otlp;
pub mod progress;
pub mod recorded_run;
pub mod run_list;
pub mod style;
pub mod summary;
pub mod tally;
pub mod timeline;

use crate::{
    event::{EffectSummary, Subscriber},
    plan::Plan,
    text::sanitise,
    wasm::embedded,
};
use std::{collections::BTreeMap, io};

/// Returns ` (plugin NAME)` for the plugin of a third party, which lines have after the name of its
/// phase or its message; empty for the program itself.
fn by_plugin(plugin: Option<&str>) -> String {
    plugin
        .map(|plugin| format!(" (plugin {})", sanitise::line(plugin)))
        .unwrap_or_default()
}

/// Returns the error of a phase that failed, in kubeadm's words. `plugin` is the third party's
/// plugin that provides the phase.
pub fn phase_error(phase: &str, plugin: Option<&str>, message: &str) -> String {
    let phase = sanitise::line(phase);
    format!(
        "error execution phase {phase}{}: {message}",
        by_plugin(plugin)
    )
}

/// Returns a remedy for the operator. One of the program keeps its lines, which begin with `indent`
/// after the first; one of a plugin becomes one line.
fn remedy_text(remedy: &str, plugin: Option<&str>, indent: &str) -> String {
    match plugin {
        Some(_) => sanitise::line(remedy).into_owned(),
        None => sanitise::multiline(remedy).replace('\n', &format!("\n{indent}")),
    }
}

/// Returns the kind and the target of an effect. A path that could be misread is in
/// quotation marks; command lines quote their arguments themselves.
fn describe_effect(effect: &EffectSummary) -> String {
    let (kind, target) = (sanitise::line(&effect.kind), &effect.target);
    if target.starts_with('/') && kind != "command" {
        return format!("{kind} {}", sanitise::list_item(target));
    }
    format!("{kind} {}", sanitise::exact_line(target))
}

/// Returns the name of a third party's plugin from its name and version; `None` if the plugin is
/// part of the program.
fn third_party(plugin: &str) -> Option<&str> {
    let name = plugin.split(' ').next().unwrap_or_default();
    embedded::find(name).is_none().then_some(name)
}

/// The form in which a run is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// Lines for people.
    #[default]
    Text,
    /// JSON, one value a line.
    Json,
}

/// Returns the subscribers that print a run to standard output and standard error, and the
/// collector of its tally, which has to receive the events, too. `usual` returns the microseconds
/// that phases usually take; it is called if they are shown.
pub fn subscribers(
    plan: &Plan,
    output: Output,
    debug: bool,
    usual: impl FnOnce() -> BTreeMap<String, u64>,
) -> (Vec<Box<dyn Subscriber>>, tally::TallyCollector) {
    let collector = tally::TallyCollector::default();
    let mut all: Vec<Box<dyn Subscriber>> = Vec::new();
    let builtin = plan.builtin_ids();
    let (for_out, for_err) = (style::Palette::stdout(), style::Palette::stderr());
    match (output, progress::Progress::if_terminal()) {
        (Output::Json, _) => all.push(Box::new(json::JsonPrinter::new(io::stdout()))),
        (Output::Text, None) => all.push(Box::new(lines::LinePrinter::new(
            (io::stdout(), for_out),
            (io::stderr(), for_err),
            builtin,
            debug,
        ))),
        (Output::Text, Some(progress)) => {
            let progress = progress.with_usual(usual());
            let (out, err) = (
                progress.wrap_output(io::stdout()),
                progress.wrap_output(io::stderr()),
            );
            all.push(Box::new(progress));
            all.push(Box::new(lines::LinePrinter::new(
                (out, for_out),
                (err, for_err),
                builtin,
                debug,
            )));
        }
    }
    (all, collector)
}

#[cfg(test)]
mod tests;
