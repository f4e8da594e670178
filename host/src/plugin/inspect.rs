//! `plugin inspect`: what a component is, what it can observe and propose at all, and what it asks
//! for, in plain words.
use super::lock;
use crate::{
    report::sanitise,
    wasm::{
        gate::{self, Risk},
        inspect::VERSION,
        manifest::Request,
        plugin::Plugin,
    },
};
use std::{collections::BTreeMap, fmt::Write};

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
    for row in &manifest.provides {
        let workflows: Vec<&str> = row
            .workflow
            .iter()
            .map(|workflow| workflow.name())
            .collect();
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
        for warning in warnings(request) {
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

/// Returns warnings about a request that its lines do not show.
fn warnings(request: &Request) -> Vec<String> {
    let private = request
        .private
        .then(|| "These files are private: other users of the machine cannot see them.".to_owned());
    request
        .dangers()
        .iter()
        .map(ToString::to_string)
        .chain(private)
        .collect()
}

/// Returns the risks of a plugin's new requests, each with its reasons. A request is new if a line
/// of it is not in `granted`.
pub fn new_risks(plugin: &Plugin, granted: &[String]) -> BTreeMap<Risk, Vec<String>> {
    let mut risks: BTreeMap<Risk, Vec<String>> = BTreeMap::new();
    let is_new = |request: &&Request| request.lines().iter().any(|line| !granted.contains(line));
    for request in plugin.manifest().grants.iter().filter(is_new) {
        for danger in request.dangers() {
            risks
                .entry(danger.risk)
                .or_default()
                .push(format!("{}: {}", request.capability, danger.why));
        }
    }
    risks
}

/// Writes the difference between what a plugin may do and what it asks for now, with warnings;
/// empty if there is no difference.
pub fn change(plugin: &Plugin, granted: &[String]) -> String {
    let (new, old) = lock::difference(plugin, granted);
    let mut text = String::new();
    // Writing to a string cannot fail.
    for request in &plugin.manifest().grants {
        let lines: Vec<String> = request
            .lines()
            .into_iter()
            .filter(|line| new.contains(line))
            .collect();
        for line in &lines {
            let _ = writeln!(text, "  + {}", sanitise::line(line));
        }
        for warning in warnings(request).iter().filter(|_| !lines.is_empty()) {
            let _ = writeln!(text, "    ! {}", sanitise::line(warning));
        }
    }
    for line in &old {
        let _ = writeln!(text, "  - {}", sanitise::line(line));
    }
    text
}
