//! Edits the entry of a plugin in the text of the configuration, and keeps its comments and style.
//! The edited text is parsed again, and is written only if it has the intended content.
#![allow(
    clippy::disallowed_methods,
    reason = "the configuration is the operator's file"
)]
use crate::{
    config::{self, PhaseConfiguration, PluginEntry},
    operator_files,
    pki::signature::Signer,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    ops::Range,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Bytes of the largest configuration that is edited.
const MAX_CONFIG: usize = 16 << 20;

/// The beginning of a PhaseConfiguration, for a configuration that has none.
const DOCUMENT: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";

/// Adds the entry of a plugin to the configuration, with its signer and the phases that it stands
/// in for. If the plugin already has an entry, changes the entry's source, and its signer if one is
/// given.
///
/// # Errors
/// The file cannot be read, or is written in a style that cannot be edited.
pub fn add(
    config: &Path,
    name: &str,
    source: &str,
    signer: Option<&Signer>,
    replaces: &[String],
) -> Result<Edit> {
    let signed = signer.map(|signer| format!("signer: {signer}"));
    let meant = format!(
        "{name} with source: {source} {} and replaces of {replaces:?}",
        signed.as_deref().unwrap_or_default()
    );
    edit(config, &meant, |text, phases| {
        let mut wanted = phases.clone();
        if let Some(entry) = wanted.plugins.iter_mut().find(|entry| entry.name == name) {
            let place = entry_range(text, name);
            let mut changed = text[place.clone()].to_owned();
            match (&entry.signer, signer, &signed) {
                (Some(old), Some(new), _) => {
                    changed = changed.replacen(&old.to_string(), &new.to_string(), 1)
                }
                (None, _, Some(signed)) => {
                    changed = insert_after(&changed, &format!("source: {}", entry.source), signed)
                }
                _ => {}
            }
            changed = changed.replacen(&entry.source, source, 1);
            entry.source = source.to_owned();
            entry.signer = signer.cloned().or(entry.signer.take());
            return Ok((
                format!("{}{changed}{}", &text[..place.start], &text[place.end..]),
                wanted,
            ));
        }
        let entry = PluginEntry {
            name: name.to_owned(),
            source: source.to_owned(),
            signer: signer.cloned(),
            ..Default::default()
        };
        wanted.plugins.push(entry);
        let signed: String = signed.iter().map(|line| format!("  {line}\n")).collect();
        let mut text = insert_below(
            text,
            "plugins",
            &format!("- name: {name}\n  source: {source}\n{signed}"),
        );
        for phase in replaces
            .iter()
            .filter(|phase| !phases.replaces.contains_key(*phase))
        {
            wanted.replaces.insert(phase.clone(), name.to_owned());
            text = insert_below(&text, "replaces", &format!("  {phase}: {name}\n"));
        }
        Ok((text, wanted))
    })
}

/// Removes the entry of a plugin, and the replacements of phases by the plugin.
///
/// # Errors
/// The configuration has no such plugin, cannot be read, or is written in a style that cannot be
/// edited.
pub fn remove(config: &Path, name: &str) -> Result<Edit> {
    edit(config, &format!("remove plugin {name}"), |text, phases| {
        if !phases.plugins.iter().any(|entry| entry.name == name) {
            let known: Vec<&str> = phases
                .plugins
                .iter()
                .map(|entry| entry.name.as_str())
                .collect();
            if known.is_empty() {
                bail!("{} has no plugins", config.display());
            }
            bail!(
                "{} has no plugin {name}; its plugins are {}",
                config.display(),
                known.join(", ")
            );
        }
        let mut wanted = phases.clone();
        wanted.plugins.retain(|entry| entry.name != name);
        wanted.replaces.retain(|_, by| by != name);
        let mut text = text.to_owned();
        text.replace_range(entry_range(&text, name), "");
        let mut section = "";
        let mut kept: Vec<&str> = text.lines().collect();
        kept.retain(|line| {
            section = top_level_key(line).unwrap_or(section);
            !(section == "replaces"
                && line
                    .split_once(": ")
                    .is_some_and(|(_, by)| by.trim() == name))
        });
        // A section that is empty now is removed too.
        let text: Vec<&str> = (0..kept.len())
            .filter(|at| {
                let empty = kept
                    .get(at + 1)
                    .is_none_or(|next| !next.starts_with([' ', '-', '#']));
                !(empty && matches!(kept[*at].trim_end(), "plugins:" | "replaces:"))
            })
            .map(|at| kept[at])
            .collect();
        Ok((text.join("\n") + "\n", wanted))
    })
}

/// Returns the top-level key that a line begins; `None` if the line begins no such key.
fn top_level_key(line: &str) -> Option<&str> {
    let below = line.starts_with([' ', '-', '#']) || line.trim().is_empty();
    if below { None } else { line.split(':').next() }
}

/// Returns the byte range of a plugin's entry in a document; an empty range if the entry is written
/// in a style that cannot be edited.
fn entry_range(text: &str, name: &str) -> Range<usize> {
    let (mut section, mut depth, mut at) = ("", None, 0);
    let mut borders = Vec::new();
    for line in text.split_inclusive('\n') {
        let within = section == "plugins";
        section = top_level_key(line).unwrap_or(section);
        let indent = line.len() - line.trim_start().len();
        let mut begins =
            || line.trim_start().starts_with("- ") && *depth.get_or_insert(indent) == indent;
        if within && (section != "plugins" || begins()) {
            borders.push(at);
        }
        at += line.len();
    }
    borders.push(at);
    let is_entry = |place: &Range<usize>| {
        let entries = serde_yaml::from_str::<Vec<PluginEntry>>(&text[place.clone()]);
        entries.is_ok_and(|entries| matches!(entries.as_slice(), [entry] if entry.name == name))
    };
    borders
        .windows(2)
        .map(|ends| ends[0]..ends[1])
        .find(is_entry)
        .unwrap_or(0..0)
}

/// Inserts a field after another: on a line of its own, or within the braces of an entry on one
/// line.
fn insert_after(text: &str, field: &str, more: &str) -> String {
    let Some((before, rest)) = text.split_once(field) else {
        return text.to_owned();
    };
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.contains('{') {
        return format!("{before}{field}, {more}{rest}");
    }
    let (end, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    format!(
        "{before}{field}{end}\n{}{more}\n{rest}",
        " ".repeat(line.len())
    )
}

/// Puts lines below a key at the top of a document. A key that the document lacks is added at its
/// end. Returns the text unchanged if the key has a value in one line.
fn insert_below(text: &str, key: &str, more: &str) -> String {
    let (mut before, mut section, mut rest) = (String::new(), String::new(), String::new());
    for line in text.split_inclusive('\n') {
        let is_end = !rest.is_empty() || !section.is_empty() && !line.starts_with([' ', '-', '#']);
        let part = match () {
            () if is_end => &mut rest,
            () if !section.is_empty() || top_level_key(line) == Some(key) => &mut section,
            () => &mut before,
        };
        part.push_str(line);
        if !part.ends_with('\n') {
            part.push('\n');
        }
    }
    if section.is_empty() {
        return format!("{before}{key}:\n{more}");
    }
    let (first, items) = section.split_once('\n').unwrap_or((&section, ""));
    let value: String = first
        .split_once(':')
        .map_or("", |(_, value)| value)
        .split('#')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    if !matches!(value.as_str(), "" | "[]" | "{}" | "null" | "~") {
        return text.to_owned();
    }
    let comment = first
        .split_once('#')
        .map(|(_, comment)| format!(" #{comment}"))
        .unwrap_or_default();
    let indent = items
        .lines()
        .find(|line| line.trim_start().starts_with("- "))
        .and_then(|line| line.find('-'));
    let indent = " ".repeat(indent.filter(|_| key == "plugins").unwrap_or(0));
    let more: String = more
        .lines()
        .map(|line| format!("{indent}{line}\n"))
        .collect();
    format!("{before}{key}:{comment}\n{items}{more}{rest}")
}

/// A checked edit: the new text of a configuration, which was parsed again and has the intended
/// content.
pub struct Edit {
    path: PathBuf,
    text: String,
    mode: u32,
    phases: PhaseConfiguration,
}

impl Edit {
    /// Returns the content after the edit.
    pub fn phases(&self) -> &PhaseConfiguration {
        &self.phases
    }

    /// Replaces the configuration.
    ///
    /// # Errors
    /// The file cannot be replaced. It is unchanged then.
    pub fn write(self) -> Result<()> {
        let Edit {
            path, text, mode, ..
        } = self;
        operator_files::replace(&path, text.as_bytes(), mode)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A function that changes the text of a document. It also gets the parsed content, and returns the
/// content that the new text has to have.
type Change<'a> = dyn Fn(&str, &PhaseConfiguration) -> Result<(String, PhaseConfiguration)> + 'a;

/// Edits the document of the PhaseConfiguration, and checks the result. `meant` describes the edit,
/// for the message that it has to be done by hand.
fn edit(
    config: &Path,
    meant: &str,
    change: impl Fn(&str, &PhaseConfiguration) -> Result<(String, PhaseConfiguration)>,
) -> Result<Edit> {
    let change: &Change<'_> = &change;
    let text = operator_files::read_text(config, MAX_CONFIG)
        .with_context(|| format!("cannot read {}", config.display()))?;
    let phases = config::read_phase_configuration(config)?;
    // The PhaseConfiguration may be one of several documents.
    let mut documents: Vec<String> = text.split_inclusive("\n---\n").map(str::to_owned).collect();
    let ours = documents.iter().position(|document| {
        document
            .lines()
            .any(|line| line.trim_end() == "kind: PhaseConfiguration")
    });
    let at = ours.unwrap_or_else(|| {
        if let Some(last) = documents.last_mut() {
            if !last.ends_with('\n') {
                last.push('\n');
            }
            last.push_str("---\n");
        }
        documents.push(DOCUMENT.to_owned());
        documents.len() - 1
    });
    let (body, end) = match documents[at].strip_suffix("---\n") {
        Some(body) => (body.to_owned(), "---\n"),
        None => (documents[at].clone(), ""),
    };
    let (changed, wanted) = change(&body, &phases)?;
    documents[at] = changed + end;
    let folder = config
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let written = tempfile::Builder::new()
        .prefix(".kubephase-")
        .suffix(".yaml")
        .tempfile_in(folder);
    let written = written.with_context(|| format!("cannot write beside {}", config.display()))?;
    let text = documents.concat();
    fs::write(written.path(), &text)?;
    match config::read_phase_configuration(written.path()) {
        Ok(found) if found.is_same_as(&wanted) => {}
        _ => bail!(
            "{} is written in a style that kubephase cannot edit; edit it yourself: {meant}",
            config.display()
        ),
    }
    let mode = fs::metadata(config)?.permissions().mode() & 0o777;
    Ok(Edit {
        path: config.to_owned(),
        text,
        mode,
        phases: wanted,
    })
}

#[cfg(test)]
mod tests;
