//! `plugin inspect`: what a component is, what it can observe and propose at all, and what it asks for, in plain words.
use super::lock;
use crate::{
    report::sanitise,
    wasm::{
        gate::{self, Gate},
        inspect::VERSION,
        plugin::Plugin,
    },
};
use std::fmt::Write;

/// What each host function lets a plugin do.
const WORDS: &[(&str, &str)] = &[
    ("observe-node", "look at the node: processors, memory, kernel, services"),
    ("observe-files.stat", "see which files are there"),
    ("observe-files.read-file", "read files"),
    ("observe-files.list-dir", "list directories"),
    ("observe-net.port-free", "see which ports are free"),
    ("observe-net.proxy-for", "see which proxies are set"),
    ("observe-net.resolve", "look host names up"),
    ("observe-net.http-get", "ask HTTP servers"),
    ("observe-net.http-get-as", "ask HTTP servers with the node's certificates"),
    ("observe-runtime", "ask the container runtime"),
    ("observe-pki", "see facts of certificates, never a key"),
    ("observe-cluster", "read objects of the cluster"),
    ("observe-command", "run programs that only read"),
    ("effects-files", "have files written, made or removed"),
    ("effects-pki", "have keys, certificates and kubeconfigs made"),
    ("effects-cluster.apply-object", "have objects written to the cluster"),
    ("effects-cluster.patch-object", "have objects of the cluster changed"),
    ("effects-cluster.delete-object", "have objects of the cluster deleted"),
    ("effects-node.ensure-service", "have services started and stopped"),
    ("effects-node.set-sysctl", "have kernel parameters set"),
    ("effects-node.load-module", "have kernel modules loaded"),
    ("effects-images", "have images pulled"),
    ("effects-command", "have programs run"),
];

fn words(capability: &str) -> Option<&'static str> {
    let interface = capability.split('.').next().unwrap_or_default();
    WORDS.iter().find(|(name, _)| *name == capability || *name == interface).map(|(_, words)| *words)
}

/// The report. `size` is the component's, in bytes; `signed` says by whom it is.
pub fn render(plugin: &Plugin, size: usize, signed: &str) -> String {
    let manifest = plugin.manifest();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} {}: {}", manifest.name, manifest.version, sanitise::line(&manifest.description));
    let license = if manifest.license.is_empty() { "no license named" } else { &manifest.license };
    let _ = writeln!(text, "  {}, {size} bytes, interface {VERSION}", sanitise::line(license));
    let _ = writeln!(text, "  sha256:{}", plugin.digest());
    let _ = writeln!(text, "  {signed}");
    for row in &manifest.provides {
        let workflows: Vec<&str> = row.workflow.iter().map(|workflow| workflow.name()).collect();
        let _ = writeln!(text, "\n{} ({}): {}", row.id, workflows.join(", "), sanitise::line(&row.title));
        for (what, phases) in [("waits for", &row.needs), ("runs before", &row.before), ("stands in for", &row.replaces)] {
            if !phases.is_empty() {
                let _ = writeln!(text, "  {what} {}", phases.join(", "));
            }
        }
        if let Some(slot) = &row.slot {
            let _ = writeln!(text, "  fills the place of the cluster's {}", sanitise::line(slot));
        }
    }
    for (heading, effects) in [("It can observe", "observe-"), ("It can propose", "effects-")] {
        let mut can: Vec<&str> =
            plugin.imports().iter().filter(|import| import.starts_with(effects)).filter_map(|import| words(import)).collect();
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
        let _ = writeln!(text, "  {} ({})", words(&request.capability).unwrap_or("something"), sanitise::line(&request.reason));
        for line in request.lines() {
            let _ = writeln!(text, "    {}", sanitise::line(&line));
        }
    }
    let asked: Vec<&str> = manifest.grants.iter().map(|request| request.capability.as_str()).collect();
    let gated = |import: &&String| gate::of(import).is_some_and(|gate| gate != Gate::Free) && !asked.contains(&import.as_str());
    let without: Vec<&str> = plugin.imports().iter().filter(gated).map(String::as_str).collect();
    if !without.is_empty() {
        let _ = writeln!(text, "\nIt imports, but does not ask for, and so will be denied: {}", without.join(", "));
    }
    text
}

/// What changed between what a plugin may do and what it asks for now; empty where nothing did.
pub fn change(plugin: &Plugin, granted: &[String]) -> String {
    let (new, old) = lock::difference(plugin, granted);
    let line = |sign: &str, lines: &[String]| lines.iter().map(|line| format!("  {sign} {}\n", sanitise::line(line))).collect::<String>();
    line("+", &new) + &line("-", &old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_words_for_whatever_is_gated() {
        for capability in gate::all() {
            let gated = !matches!(gate::of(&capability), Some(Gate::Free | Gate::Core));
            assert!(!gated || words(&capability).is_some(), "{capability}");
        }
    }
}
