//! The report of `plugin inspect`: what a component is, what its imports let it observe and
//! propose, and what it asks for.
use super::lines::{AllowedLines, Changes};
use crate::{
    plan::{provided::PluginPhase, spec::WorkflowId},
    secret::settings::list_secrets,
    text::sanitise,
    wasm::{gate, inspect::VERSION, plugin::Plugin, request::Request},
};
use std::fmt::Write;

/// Describes what a host function lets a plugin do.
fn describe_capability(capability: &str) -> &'static str {
    gate::row(capability).map_or("call a function that this host does not have", |row| {
        row.words
    })
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
    for phase in &manifest.provides {
        text += &render_phase(phase);
    }
    text += &render_imports(plugin, "It can observe", "observe-");
    text += &render_imports(plugin, "It can propose", "effects-");
    text += &render_requests(plugin);
    text += &render_secrets(plugin);
    text += &render_denied(plugin);
    text + &render_wasi(plugin)
}

/// Writes the part of a report about imports of WASI; empty if there are none.
fn render_wasi(plugin: &Plugin) -> String {
    let imports = plugin.wasi_imports();
    if imports.is_empty() {
        return String::new();
    }
    let heading = "\nIt imports WASI, which is never there; a call of it ends the phase:\n";
    let lines = imports
        .iter()
        .map(|import| format!("  {}\n", sanitise::line(import)));
    lines.fold(heading.to_owned(), |text, line| text + &line)
}

/// Returns the interfaces that a plugin imports, separated by commas.
pub fn list_imports(plugin: &Plugin) -> String {
    let functions = plugin.imports().iter();
    let mut interfaces: Vec<&str> = functions
        .filter_map(|function| Some(function.split_once('.')?.0))
        .collect();
    interfaces.dedup();
    if interfaces.is_empty() {
        return "nothing".to_owned();
    }
    interfaces.join(", ")
}

/// Writes the part of a report about one phase.
fn render_phase(phase: &PluginPhase) -> String {
    let PluginPhase {
        spec: row,
        workflows,
    } = phase;
    let workflows: Vec<&str> = workflows.iter().map(WorkflowId::as_str).collect();
    let mut text = format!(
        "\n{} ({}): {}\n",
        row.id,
        workflows.join(", "),
        sanitise::line(&row.title)
    );
    for (relation, phases) in [
        ("waits for", &row.needs),
        ("runs before", &row.before),
        ("stands in for", &row.replaces),
    ] {
        if !phases.is_empty() {
            let _ = writeln!(text, "  {relation} {}", phases.join(", "));
        }
    }
    if let Some(slot) = &row.slot {
        let _ = writeln!(
            text,
            "  fills the place of the cluster's {}",
            sanitise::line(slot)
        );
    }
    text
}

/// Writes the part of a report about the imports of interfaces that begin with `prefix`.
fn render_imports(plugin: &Plugin, heading: &str, prefix: &str) -> String {
    let imports = plugin.imports().iter();
    let mut abilities: Vec<&str> = imports
        .filter(|import| import.starts_with(prefix))
        .map(|import| describe_capability(import))
        .collect();
    abilities.dedup();
    if abilities.is_empty() {
        abilities.push("nothing");
    }
    abilities.iter().fold(
        format!("\n{heading}, as far as its imports go:\n"),
        |text, ability| format!("{text}  {ability}\n"),
    )
}

/// Writes the part of a report about the requests of a plugin.
fn render_requests(plugin: &Plugin) -> String {
    let mut text = String::from("\nIt asks for:\n");
    if plugin.manifest().grants.is_empty() {
        text += "  nothing that has to be allowed\n";
    }
    for request in &plugin.manifest().grants {
        let _ = writeln!(
            text,
            "  {} ({})",
            describe_capability(&request.capability),
            sanitise::line(&request.reason)
        );
        for line in request.lines() {
            let _ = writeln!(text, "    {}", sanitise::exact_line(&line));
        }
        for warning in warnings(plugin, request, |_| true) {
            let _ = writeln!(text, "    ! {}", sanitise::line(&warning));
        }
    }
    text
}

/// Writes the part of a report about secret settings; empty if there are none.
fn render_secrets(plugin: &Plugin) -> String {
    let lines = list_secrets(&plugin.manifest().settings);
    if lines.is_empty() {
        return String::new();
    }
    lines
        .iter()
        .fold("\nSecret settings:\n".to_owned(), |text, line| {
            format!("{text}  {line}\n")
        })
}

/// Writes the part of a report about imports that will be denied; empty if there are none.
fn render_denied(plugin: &Plugin) -> String {
    let requests = plugin.manifest().grants.iter();
    let asked: Vec<&str> = requests
        .map(|request| request.capability.as_str())
        .collect();
    let imports = plugin.imports().iter().map(String::as_str);
    let denied: Vec<&str> = imports
        .filter(|import| gate::needs_grant(import) && !asked.contains(import))
        .collect();
    if denied.is_empty() {
        return String::new();
    }
    format!(
        "\nIt imports, but does not ask for, and so will be denied: {}\n",
        denied.join(", ")
    )
}

/// Returns warnings about risks that the lines of a request do not show. `counts` returns whether a
/// line counts.
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
pub fn describe_change(plugin: &Plugin, allowed: &AllowedLines) -> String {
    let Changes { requests, provides } = allowed.change_to(plugin);
    let mut text = String::new();
    // Writing to a string cannot fail.
    for request in &plugin.manifest().grants {
        let is_new = |line: &String| requests.new.contains(line);
        for line in request.lines().iter().filter(|line| is_new(line)) {
            let _ = writeln!(text, "  + {}", sanitise::exact_line(line));
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
            let _ = writeln!(text, "  {sign} {}", sanitise::exact_line(line));
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
