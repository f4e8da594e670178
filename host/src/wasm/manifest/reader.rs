//! Reads the fields of a manifest, and collects problems with their lines.
use super::Manifest;
use crate::{
    text::{sanitise, yaml_budget},
    wasm::inspect::MAX_MANIFEST,
};
use anyhow::{Result, anyhow, bail};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;
use serde_yaml::Spanned;
use std::collections::BTreeMap;

/// Largest number of phases of a plugin, and of its requests.
pub(super) const MAX_ITEMS: usize = 200;
/// The largest number of lists, maps and scalars of a manifest, and of bytes of its scalars. Each
/// use of an alias counts what the alias stands for.
const MAX_NODES: usize = 100_000;
const MAX_BYTES: usize = 1 << 20;
/// The largest number of problems of a manifest in a message.
const MAX_PROBLEMS: usize = 50;

/// A function that reports the problems of one item, each with its field.
type Check<T> = fn(&T, &mut dyn FnMut(&str, String));

/// A reader of a manifest's fields that collects problems with their lines.
pub(super) struct Reader {
    pub(super) raw: BTreeMap<String, Spanned<Value>>,
    lines: Lines,
    problems: Vec<(u64, String)>,
}

/// The positions at which the items of lists begin.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Lines {
    provides: Vec<Spanned<IgnoredAny>>,
    grants: Vec<Spanned<IgnoredAny>>,
}

/// The fields of a manifest.
const FIELDS: [&str; 9] = [
    "schema",
    "name",
    "version",
    "license",
    "description",
    "requires",
    "provides",
    "settings",
    "grants",
];

impl Reader {
    /// Parses a manifest as YAML.
    ///
    /// # Errors
    /// The manifest is too long, or is not a YAML object.
    pub(super) fn open(text: &str) -> Result<Reader> {
        if text.len() > MAX_MANIFEST {
            bail!("plugin.yaml is larger than {} KiB", MAX_MANIFEST >> 10);
        }
        let options = || yaml_budget::options(MAX_NODES, MAX_BYTES);
        let raw = serde_yaml::from_str_with_options(text, options()).map_err(|error| {
            // The message without the excerpt still quotes names of the manifest.
            let error = error.without_snippet().to_string();
            anyhow!(
                "plugin.yaml is not a valid manifest, a YAML object: {}",
                sanitise::line(&error)
            )
        })?;
        // If a field is not a list, its problems get the line of the field.
        Ok(Reader {
            raw,
            lines: serde_yaml::from_str_with_options(text, options()).unwrap_or_default(),
            problems: Vec::new(),
        })
    }

    /// Returns the line of a field; 1 if the manifest lacks it.
    pub(super) fn line(&self, field: &str) -> u64 {
        self.raw
            .get(field)
            .map_or(1, |value| value.referenced.line())
    }

    /// Adds a problem of a field.
    pub(super) fn problem(&mut self, field: &str, what: String) {
        self.problems.push((self.line(field), what));
    }

    /// Adds a problem for each field that manifests do not have.
    pub(super) fn report_unknown_fields(&mut self) {
        let unknown: Vec<String> = self
            .raw
            .keys()
            .filter(|key| !FIELDS.contains(&key.as_str()))
            .cloned()
            .collect();
        for key in unknown {
            self.problem(
                &key,
                format!(
                    "{key:?} is not a field of a manifest; the fields are {}",
                    FIELDS.join(", ")
                ),
            );
        }
    }

    /// Reads a field; `None` if it is missing or not valid.
    pub(super) fn field<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let value = self.raw.get(field)?.value.clone();
        serde_json::from_value(value)
            .map_err(|error| self.problem(field, format!("{field}: {error}")))
            .ok()
    }

    /// Reads a field, and adds a problem if it is missing.
    pub(super) fn required<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        if !self.raw.contains_key(field) {
            self.problem(field, format!("{field}: is missing"));
        }
        self.field(field)
    }

    /// Reads a list, and checks each item.
    pub(super) fn items<T: DeserializeOwned>(&mut self, field: &str, check: Check<T>) -> Vec<T> {
        let mut items: Vec<Value> = self.field(field).unwrap_or_default();
        if items.len() > MAX_ITEMS {
            self.problem(
                field,
                format!("{field}: {} items are more than {MAX_ITEMS}", items.len()),
            );
            items.truncate(MAX_ITEMS);
        }
        let mut read = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            let lines = if field == "provides" {
                &self.lines.provides
            } else {
                &self.lines.grants
            };
            let line = lines
                .get(at)
                .map_or_else(|| self.line(field), |item| item.referenced.line());
            match serde_path_to_error::deserialize(&item) {
                Ok(item) => {
                    check(&item, &mut |part, what| {
                        self.problems
                            .push((line, format!("{field}[{at}].{part}: {what}")))
                    });
                    read.push(item);
                }
                Err(error) => {
                    let part = match error.path().to_string() {
                        path if path == "." => String::new(),
                        path => format!(".{path}"),
                    };
                    self.problems
                        .push((line, format!("{field}[{at}]{part}: {}", error.inner())));
                }
            }
        }
        read
    }

    /// Returns the manifest.
    ///
    /// # Errors
    /// The manifest has problems; they are reported in the order of their lines.
    pub(super) fn finish(mut self, manifest: Manifest) -> Result<Manifest> {
        if self.problems.is_empty() {
            return Ok(manifest);
        }
        self.problems.sort();
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS);
        // Problems quote the manifest, so their line ends are escaped.
        let shown = self.problems.iter().take(MAX_PROBLEMS);
        let mut lines: Vec<String> = shown
            .map(|(line, what)| format!("plugin.yaml, line {line}: {}", sanitise::line(what)))
            .collect();
        if more > 0 {
            lines.push(format!("plugin.yaml has {more} more problems"));
        }
        bail!(lines.join("\n"))
    }
}
