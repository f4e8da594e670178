//! `plugin inspect`: what a component is, what it can observe and propose at all, and what it asks
//! for, in plain words.
use super::lines::{Allowed, Changes};
use crate::{
    plan::{provided::PluginPhase, spec::WorkflowId},
    text::sanitise,
    wasm::{gate, inspect::VERSION, plugin::Plugin, request::Request},
};
use std::fmt::Write;

/// Returns what a host function lets a plugin do, in plain words.
fn words(capability: &str) -> &'static str {
    gate::row(capability).map_or("call what this host does not have", |row| row.words)
}

/// Writes the report of `plugin inspect`. `size` is the size of the component in bytes; `signed` is
/// the line about its signature.
pub fn render(plugin: &Plugin, size: usize, signed: &str) -> String {
    let manifest = plugin.manifest();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} {}: {}",
        manifest.name,
        manifest.version,
        sanitise::line(&manifest.description)
    );
    let license = if manifest.license.is_empty() {
        "no license named"
    } else {
        &manifest.license
    };
    let _ = writeln!(
        text,
        "  {}, {size} bytes, interface {VERSION}",
        sanitise::line(license)
    );
    let _ = writeln!(text, "  sha256:{}", plugin.digest());
    let _ = writeln!(text, "  {signed}");
    for PluginPhase {
        spec: row,
        workflows,
    } in &manifest.provides
    {
        let workflows: Vec<&str> = workflows.iter().map(WorkflowId::as_str).collect();
        let _ = writeln!(
            text,
            "\n{} ({}): {}",
            row.id,
            workflows.join(", "),
            sanitise::line(&row.title)
        );
        for (what, phases) in [
            ("waits for", &row.needs),
            ("runs before", &row.before),
            ("stands in for", &row.replaces),
        ] {
            if !phases.is_empty() {
                let _ = writeln!(text, "  {what} {}", phases.join(", "));
            }
        }
        if let Some(slot) = &row.slot {
            let _ = writeln!(
                text,
                "  fills the place of the cluster's {}",
                sanitise::line(slot)
            );
        }
    }
    for (heading, effects) in [
        ("It can observe", "observe-"),
        ("It can propose", "effects-"),
    ] {
        let mut can: Vec<&str> = plugin
            .imports()
            .iter()
            .filter(|import| import.starts_with(effects))
            .map(|import| words(import))
            .collect();
        can.dedup();
        let _ = writeln!(text, "\n{heading}, as far as its imports go:");
        if can.is_empty() {
            let _ = writeln!(text, "  nothing");
        }
        for what in can {
            let _ = writeln!(text, "  {what}");
        }
    }
    let _ = writeln!(text, "\nIt asks for:");
    if manifest.grants.is_empty() {
        let _ = writeln!(text, "  nothing that has to be allowed");
    }
    for request in &manifest.grants {
        let _ = writeln!(
            text,
            "  {} ({})",
            words(&request.capability),
            sanitise::line(&request.reason)
        );
        for line in request.lines() {
            let _ = writeln!(text, "    {}", sanitise::line(&line));
        }
        for warning in warnings(plugin, request, |_| true) {
            let _ = writeln!(text, "    ! {}", sanitise::line(&warning));
        }
    }
    let asked: Vec<&str> = manifest
        .grants
        .iter()
        .map(|request| request.capability.as_str())
        .collect();
    let is_denied =
        |import: &&String| gate::needs_grant(import) && !asked.contains(&import.as_str());
    let without: Vec<&str> = plugin
        .imports()
        .iter()
        .filter(is_denied)
        .map(String::as_str)
        .collect();
    if !without.is_empty() {
        let _ = writeln!(
            text,
            "\nIt imports, but does not ask for, and so will be denied: {}",
            without.join(", ")
        );
    }
    text
}

/// Returns warnings about those lines of a request that count, of what the lines do not show.
fn warnings(plugin: &Plugin, request: &Request, counts: impl Fn(&String) -> bool) -> Vec<String> {
    let mut warnings = request.warnings(&plugin.manifest().name, &counts);
    if request.private && request.lines().iter().any(counts) {
        let private = "These files are private: other users of the machine cannot see them.";
        warnings.push(private.to_owned());
    }
    warnings
}

/// Writes the difference between what a plugin was allowed and what it asks for and provides now,
/// with warnings; empty if there is no difference.
pub fn change(plugin: &Plugin, allowed: &Allowed) -> String {
    let Changes { requests, provides } = allowed.change_to(plugin);
    let mut text = String::new();
    // Writing to a string cannot fail.
    for request in &plugin.manifest().grants {
        let is_new = |line: &String| requests.new.contains(line);
        for line in request.lines().iter().filter(|line| is_new(line)) {
            let _ = writeln!(text, "  + {}", sanitise::line(line));
        }
        for warning in warnings(plugin, request, is_new) {
            let _ = writeln!(text, "    ! {}", sanitise::line(&warning));
        }
    }
    for (sign, lines) in [
        ('-', &requests.gone),
        ('+', &provides.new),
        ('-', &provides.gone),
    ] {
        for line in lines {
            let _ = writeln!(text, "  {sign} {}", sanitise::line(line));
        }
    }
    if provides
        .gone
        .iter()
        .any(|line| line.ends_with(" is secret"))
    {
        let shown = "The cluster and capsules then hold the value of that setting as plain text.";
        let _ = writeln!(text, "    ! {shown}");
    }
    text
}
