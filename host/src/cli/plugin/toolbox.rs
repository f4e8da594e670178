//! Commands for authors who use their own tools: `plugin annotate`, `plugin wit` and
//! `plugin doctor`.
#![allow(clippy::disallowed_methods, reason = "the files are the author's")]
use super::describe_size;
use crate::{
    cli::{Exit, print},
    operator_files,
    plugin_tools::{
        annotate, doctor,
        scaffold::{self, Language},
    },
    wasm::{engine::Engine, plugin::read_component_file},
};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::{fmt::Write, fs, path::Path};

/// Puts a manifest into a component. Writes to `out`, or else to the component's own file.
///
/// # Errors
/// A file cannot be read or written, or the host would refuse the component with this manifest.
pub fn annotate(
    component: &Path,
    manifest: &Path,
    out: Option<&Path>,
    engine: &Engine,
) -> Result<Exit> {
    let at = || component.display().to_string();
    let bytes = read_component_file(component)?;
    let annotated = annotate::annotate(&bytes, manifest).with_context(at)?;
    let plugin = engine.load_uncompiled(annotated.clone()).with_context(at)?;
    let out = out.unwrap_or(component);
    operator_files::replace(out, &annotated, 0o644)
        .with_context(|| format!("cannot write {}", out.display()))?;
    let manifest = plugin.manifest();
    Ok(print::text(&format!(
        "{} {}: {}\n  {}",
        manifest.name,
        manifest.version,
        out.display(),
        describe_size(annotated.len(), &plugin)
    )))
}

/// Prints the files of the interface, or writes them to a folder.
///
/// # Errors
/// A file cannot be written.
pub fn wit(out: Option<&Path>) -> Result<Exit> {
    let Some(folder) = out else {
        let files = scaffold::wit().map(|(name, text)| format!("// {name}\n{text}\n"));
        return Ok(print::text(&files.collect::<String>()));
    };
    for (name, text) in scaffold::wit() {
        let file = folder.join(name);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(print::text(&format!(
        "The interface is in {}\n",
        folder.display()
    )))
}

/// Prints which tools `plugin build` finds, for one language or for all. The exit code is
/// [`Exit::Error`] unless all tools of the language, or of at least one language, were found.
///
/// # Errors
/// Never fails: missing tools are part of the output and the exit code.
pub fn doctor(language: Option<Language>) -> Result<Exit> {
    let languages: Vec<Language> = match language {
        Some(language) => vec![language],
        None => Language::value_variants().to_vec(),
    };
    let (mut text, mut is_any_complete) = (String::new(), false);
    for language in languages {
        let checks = doctor::check(language);
        is_any_complete |= checks.iter().all(|check| check.found.is_ok());
        let name = language.to_possible_value();
        let name = name.map_or(String::new(), |name| name.get_name().to_owned());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}");
        for check in checks {
            let (state, words) = match &check.found {
                Ok(version) => ("ok", version),
                Err(remedy) => ("missing", remedy),
            };
            let _ = writeln!(text, "  {state:<8} {}: {words}", check.tool);
        }
    }
    print::text(&text);
    Ok(if is_any_complete {
        Exit::Ok
    } else {
        Exit::Error
    })
}
