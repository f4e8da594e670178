//! `plugin add`: names a plugin in a configuration and locks it.
use super::{Expectation, candidate::Candidate, known::KnownPlugin};
use crate::{
    cli::{Exit, print},
    config::PhaseConfiguration,
    plan::{describe_unknown_names, provided::PluginPhase, spec::WorkflowId},
    plugin::{
        consent::{self, Consent},
        entry, folder, inspect,
        lines::AllowedLines,
        load::allow_command,
        lock,
        refused::PluginRefused,
        source,
        transaction::Transaction,
    },
    program,
    run::prepare::Distribution,
    secret::settings::list_secrets,
};
use anyhow::{Context, Result};
use std::{collections::BTreeSet, path::Path};

/// Adds a plugin. `allow` is the operator's consent to all that the plugin asks for; `None` if
/// nothing is to be allowed.
///
/// # Errors
/// The plugin cannot be fetched or is refused, or the configuration cannot be changed.
pub fn add(
    from: &str,
    config: &Path,
    allow: Option<Consent>,
    expectation: &Expectation,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let signer = expectation.signer()?;
    folder::check_is_current(Path::new(from))?;
    // The configuration names a file relative to its own folder, not to the folder in which the
    // command was typed.
    let beside = config.parent().unwrap_or(Path::new(""));
    let source = match source::layout_path(from) {
        _ if from.contains("://") => from.to_owned(),
        Some(path) => source::layout_source(&path_in_configuration(path, beside)?),
        None => path_in_configuration(from, beside)?,
    };
    let add_command = add_command(from, config);
    let add_and_allow = format!("{add_command} --allow");
    let is_allowed = allow.is_some();
    let command = if is_allowed {
        &add_and_allow
    } else {
        &add_command
    };
    let digest = expectation.digest.as_ref();
    let mut candidate = Candidate::fetch(
        &source,
        config,
        signer.clone(),
        digest,
        command,
        distribution.engine,
    )?;
    distribution.check_phases(&candidate.plugin)?;
    let known = KnownPlugin::read(config, candidate.name())?;
    known.check_source(&source, config)?;
    if signer.is_none()
        && let Some(signer) = known.signer(None, || candidate.full_command(command, expectation))?
    {
        candidate.require_signer(signer, config, command)?;
    }
    let replaces = replaced_phases(&candidate.plugin.manifest().provides);
    if allow.is_none() && known.entry.is_none() {
        let command = candidate.full_command(&add_and_allow, expectation);
        check_replaced(&candidate, &replaces, &command)?;
    }
    let allowed = candidate.check_consent(&known, allow, expectation, &add_and_allow)?;
    candidate.plugin.prepare()?;
    // The steps up to here are slow: another command may have changed the configuration meanwhile.
    let mut change = Transaction::begin(config)?;
    let name = candidate.name().to_owned();
    known.check_unchanged(&change, &name, || {
        let flags = is_allowed.then(|| consent::flags(&candidate.plugin, &AllowedLines::default()));
        candidate.full_command(command, expectation) + &flags.unwrap_or_default()
    })?;
    let edit = entry::add(config, &name, &source, signer.as_ref(), &replaces)?;
    change.lock.set(
        &candidate.plugin,
        &source,
        candidate.source_digest.clone(),
        candidate.signer.clone(),
        allowed.clone(),
    );
    let mut text = summary(&candidate, &known, config, &allowed, edit.phases());
    let manifest = candidate.plugin.manifest();
    text += &describe_unknown_names(&distribution.catalog, &manifest.provides);
    change.commit(Some(edit))?;
    Ok(print::text(&text))
}

/// Returns the command that adds a plugin, without flags of consent.
fn add_command(from: &str, config: &Path) -> String {
    program::command(&format!(
        "plugin add {} --config {}",
        program::word(from),
        program::path_word(config)
    ))
}

/// Returns the phases that a plugin's phases can stand in for. Several of its phases, of different
/// workflows, may stand in for one phase, which is listed once.
fn replaced_phases(provides: &[PluginPhase]) -> Vec<String> {
    let replaced = provides.iter().flat_map(|phase| &phase.spec.replaces);
    let replaced: BTreeSet<&String> = replaced.collect();
    replaced.into_iter().cloned().collect()
}

/// Returns the workflows in which the plugin can stand in for a phase, separated by commas.
fn workflows_of_stand_in(provides: &[PluginPhase], phase: &String) -> String {
    let workflows: BTreeSet<&str> = provides
        .iter()
        .filter(|provided| provided.spec.replaces.contains(phase))
        .flat_map(|provided| provided.workflows.iter().map(WorkflowId::as_str))
        .collect();
    workflows.into_iter().collect::<Vec<_>>().join(", ")
}

/// Refuses a plugin that would stand in for phases other than addons, because the program no longer
/// does the work of a replaced phase, for example a check or a certificate. `command` is the
/// command that allows the plugin to do so.
fn check_replaced(candidate: &Candidate, replaces: &[String], command: &str) -> Result<()> {
    let provides = &candidate.plugin.manifest().provides;
    let others = replaces.iter().filter(|phase| !phase.starts_with("addon/"));
    let others: Vec<String> = others
        .map(|phase| format!("{phase} in {}", workflows_of_stand_in(provides, phase)))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let flags = consent::flags(&candidate.plugin, &AllowedLines::default());
    let message = format!(
        "plugin {} would replace {}, so kubephase would no longer do that itself.\nTo allow that: \
         {command}{flags}",
        candidate.name(),
        others.join(", ")
    );
    Err(PluginRefused::new(message).into())
}

/// Describes the added plugin, what it may do, and how to allow the rest. `phases` is the
/// configuration after the change, `allowed` has the lines that the lock allows.
fn summary(
    candidate: &Candidate,
    known: &KnownPlugin,
    config: &Path,
    allowed: &AllowedLines,
    phases: &PhaseConfiguration,
) -> String {
    let (plugin, name) = (&candidate.plugin, candidate.name());
    let mut text = format!(
        "{name} {} is part of {}, locked in {}{}\n",
        plugin.manifest().version,
        config.display(),
        lock::FILE,
        known.describe_signer(candidate.signer.as_ref())
    );
    text += &known.describe_relock(plugin, &candidate.identity());
    let provides = &plugin.manifest().provides;
    for phase in replaced_phases(provides) {
        let workflows = workflows_of_stand_in(provides, &phase);
        text += &match phases.replaces.get(&phase) {
            Some(by) if by == name => format!("It stands in for {phase} in {workflows}.\n"),
            Some(by) => format!("It can stand in for {phase} in {workflows}, as {by} does.\n"),
            None => format!(
                "It can stand in for {phase} in {workflows}. To have it do that, write in {}: \
                 replaces: {{{phase}: {name}}}\n",
                config.display()
            ),
        };
    }
    // To add a plugin is to allow what it provides, so the list leaves that out.
    let only_provides = AllowedLines {
        granted: Vec::new(),
        provides: allowed.provides.clone(),
    };
    let change = inspect::describe_change(plugin, allowed);
    if !change.is_empty() {
        let command = allow_command(name, config, Some(&candidate.digest()));
        let flags = consent::flags(plugin, allowed);
        text += &format!(
            "It asks for or provides what is not allowed yet:\n{change}Allow it with:\n\n  \
             {command}{flags}\n"
        );
    } else if allowed.granted.is_empty() {
        text += "It asks for nothing that has to be allowed.\n";
    } else {
        text += &format!(
            "It may:\n{}",
            inspect::describe_change(plugin, &only_provides)
        );
    }
    let secrets = list_secrets(&plugin.manifest().settings);
    text.extend(secrets.iter().map(|line| format!("Its {line}.\n")));
    text
}

/// Returns a path in the form in which a configuration in the folder `beside` names it: relative to
/// that folder if the path is below it, otherwise absolute.
fn path_in_configuration(path: &str, beside: &Path) -> Result<String> {
    let absolute = Path::new(path)
        .canonicalize()
        .with_context(|| format!("cannot find {path}"))?;
    let beside = if beside.as_os_str().is_empty() {
        Path::new(".")
    } else {
        beside
    };
    let beside = beside.canonicalize().with_context(|| {
        let folder = beside.display();
        format!("cannot find the folder of the configuration, {folder}")
    })?;
    let shown = absolute.strip_prefix(&beside).map_or_else(
        |_| absolute.display().to_string(),
        |below| format!("./{}", below.display()),
    );
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::manifest::Manifest;

    #[test]
    fn a_phase_that_two_phases_of_a_plugin_replace_is_listed_once() {
        let phase = |id: &str, workflow: &str| {
            format!(
                "- {{id: {id}, title: t, kind: addon, workflow: [{workflow}], replaces: \
                 [addon/coredns]}}\n"
            )
        };
        let provides = phase("addon/a", "init") + &phase("addon/b", "upgrade-apply");
        let text = format!("name: a\nversion: 1.0.0\nprovides:\n{provides}");
        let manifest = Manifest::parse(&text).unwrap();
        let replaced = replaced_phases(&manifest.provides);
        assert_eq!(replaced, ["addon/coredns"]);
        let workflows = workflows_of_stand_in(&manifest.provides, &replaced[0]);
        assert_eq!(workflows, "init, upgrade-apply");
    }
}
