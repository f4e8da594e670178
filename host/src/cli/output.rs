//! `-o` of commands that are not runs: kubeadm's objects as JSON or YAML, and its tables.
use super::CliError;
use clap::Args;
use kubephase_sdk::yaml;
use serde::Serialize;
use serde_json::{json, ser::PrettyFormatter};
use std::io::Write;
use tabwriter::TabWriter;

/// The flags that decide on the form of the output.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputFlags {
    /// Form of the output: text, json or yaml
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: String,
    /// Accepted and not used: these forms do not have managed fields
    #[arg(long, hide = true)]
    show_managed_fields: bool,
    /// Accepted and not used: these forms are not templates
    #[arg(long, hide = true)]
    allow_missing_template_keys: bool,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    Yaml,
}

impl OutputFlags {
    /// Returns the form that the flag names.
    ///
    /// # Errors
    /// The flag names a form that does not exist.
    pub fn format(&self) -> Result<Format, CliError> {
        match self.output.as_str() {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            "yaml" => Ok(Format::Yaml),
            other => Err(CliError::usage(format!(
                "could not construct output printer: unable to match a printer suitable for the \
                 output format {other:?}, allowed formats are: json,text,yaml"
            ))),
        }
    }
}

/// An object of kubeadm's output, its fields in kubeadm's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object<T> {
    kind: &'static str,
    api_version: &'static str,
    #[serde(flatten)]
    fields: T,
}

impl<T: Serialize> Object<T> {
    /// Returns an object of a kind.
    pub fn new(kind: &'static str, fields: T) -> Self {
        Object {
            kind,
            api_version: "output.kubeadm.k8s.io/v1alpha3",
            fields,
        }
    }

    /// Returns the object as YAML.
    pub fn yaml(&self) -> String {
        yaml::to_string(&json!(self))
    }

    /// Returns the object as JSON with an indent of four spaces, as kubeadm does.
    pub fn json(&self) -> String {
        let mut text = Vec::new();
        // Records of plain values always serialise.
        let _ = self.serialize(&mut serde_json::Serializer::with_formatter(
            &mut text,
            PrettyFormatter::with_indent(b"    "),
        ));
        String::from_utf8_lossy(&text).into_owned() + "\n"
    }
}

/// Arranges lines of cells, which tabs separate, in columns. The columns are three spaces apart and
/// at least ten wide; the last cell of a line is not padded.
pub fn table(lines: &str) -> String {
    let mut writer = TabWriter::new(Vec::new()).minwidth(7).padding(3);
    // Writing to memory cannot fail.
    let _ = writer
        .write_all(lines.as_bytes())
        .and_then(|()| writer.flush());
    String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned()
}
