//! `-o` of commands that are not runs: kubeadm's objects in the forms of kubectl's printers, and
//! its tables.
mod jsonpath;
mod kyaml;
mod template;

use super::CliError;
use crate::{operator_files, text::go_number::parse_bool_flag};
use anyhow::{Context, Result, anyhow};
use clap::{ArgAction, Args};
use jsonpath::JsonPath;
use kubephase_sdk::yaml;
use serde::Serialize;
use serde_json::{Value, json, ser::PrettyFormatter};
use std::{io::Write, path::Path};
use tabwriter::TabWriter;
use template::GoTemplate;

/// The flags that decide on the form of the output.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct FormatFlags {
    /// Form of the output: text, json, yaml, kyaml, go-template=…, go-template-file=…, jsonpath=…,
    /// jsonpath-as-json=… or jsonpath-file=…
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: String,
    /// Accepted and not used: the objects have no managed fields
    #[arg(long, hide = true)]
    show_managed_fields: bool,
    /// Ignore keys that the template names and an object does not have
    #[arg(
        long,
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        value_name = "BOOL",
        value_parser = parse_bool_flag
    )]
    allow_missing_template_keys: bool,
}

impl Default for FormatFlags {
    fn default() -> Self {
        FormatFlags {
            output: "text".to_owned(),
            show_managed_fields: false,
            allow_missing_template_keys: true,
        }
    }
}

/// The forms of `-o`, in the order of kubeadm's message.
const FORMS: [&str; 11] = [
    "go-template",
    "go-template-file",
    "json",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "kyaml",
    "template",
    "templatefile",
    "text",
    "yaml",
];

impl FormatFlags {
    /// Returns the printer for objects in the form that the flag names; `None` for text, which each
    /// command prints itself.
    ///
    /// # Errors
    /// The form does not exist, or its template is not valid.
    pub fn printer(&self) -> Result<Option<Printer>> {
        self.parse().map_err(|why| {
            CliError::usage(format!("could not construct output printer: {why:#}")).into()
        })
    }

    fn parse(&self) -> Result<Option<Printer>> {
        let (form, argument) = self
            .output
            .split_once('=')
            .map_or((self.output.as_str(), ""), |(form, argument)| {
                (form, argument)
            });
        let lowercase = form.to_lowercase();
        let printer = match (lowercase.as_str(), form) {
            ("text", _) => return Ok(None),
            ("json", _) => Printer::Json,
            ("yaml", _) => Printer::Yaml,
            ("kyaml", _) => Printer::Kyaml,
            (_, "go-template" | "template") => self.go_template(&template_of(argument)?)?,
            (_, "go-template-file" | "templatefile") => {
                self.go_template(&read_template(argument)?)?
            }
            (_, "jsonpath") => Printer::JsonPath(self.json_path(&template_of(argument)?)?),
            (_, "jsonpath-file") => Printer::JsonPath(self.json_path(&read_template(argument)?)?),
            (_, "jsonpath-as-json") => {
                Printer::JsonPathAsJson(self.json_path(&template_of(argument)?)?)
            }
            _ => {
                return Err(anyhow!(
                    "unable to match a printer suitable for the output format {:?}, allowed \
                     formats are: {}",
                    self.output,
                    FORMS.join(",")
                ));
            }
        };
        Ok(Some(printer))
    }

    fn go_template(&self, text: &str) -> Result<Printer> {
        let template = GoTemplate::parse(text, self.allow_missing_template_keys)
            .with_context(|| format!("error parsing template {text}"))?;
        Ok(Printer::GoTemplate(template))
    }

    fn json_path(&self, text: &str) -> Result<JsonPath> {
        JsonPath::parse(text, self.allow_missing_template_keys)
            .map_err(|why| anyhow!("error parsing jsonpath {text}, {why}"))
    }
}

/// The longest template that is read from a file, in bytes.
const LONGEST_TEMPLATE: usize = 1 << 20;

fn template_of(argument: &str) -> Result<String> {
    if argument.is_empty() {
        return Err(anyhow!("template format specified but no template given"));
    }
    Ok(argument.to_owned())
}

fn read_template(path: &str) -> Result<String> {
    let path = template_of(path)?;
    operator_files::read_text(Path::new(&path), LONGEST_TEMPLATE)
        .with_context(|| format!("error reading --template {path}"))
}

/// Prints objects in one form.
#[derive(Debug)]
pub enum Printer {
    Json,
    Yaml,
    Kyaml,
    GoTemplate(GoTemplate),
    JsonPath(JsonPath),
    JsonPathAsJson(JsonPath),
}

impl Printer {
    /// Returns the objects as text, one after the other.
    ///
    /// # Errors
    /// A template cannot be applied to an object.
    pub fn print<T: Serialize>(&self, objects: &[OutputObject<T>]) -> Result<String> {
        let texts = objects.iter().map(|object| self.print_one(object));
        let texts: Vec<String> = texts.collect::<Result<_>>()?;
        let between = if matches!(self, Printer::Yaml) {
            "---\n"
        } else {
            ""
        };
        Ok(texts.join(between))
    }

    fn print_one<T: Serialize>(&self, object: &OutputObject<T>) -> Result<String> {
        match self {
            Printer::Json => Ok(to_indented_json(object)),
            Printer::Yaml => Ok(yaml::to_string(&json!(object))),
            Printer::Kyaml => Ok(kyaml::to_string(object)),
            Printer::GoTemplate(template) => template.apply(&json!(object)),
            Printer::JsonPath(path) => path.apply(&json!(object)),
            Printer::JsonPathAsJson(path) => {
                let found: Vec<Value> = path.find(&json!(object))?;
                Ok(to_indented_json(&found))
            }
        }
    }
}

/// An object of kubeadm's output, its fields in kubeadm's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputObject<T> {
    kind: &'static str,
    api_version: &'static str,
    #[serde(flatten)]
    fields: T,
}

impl<T: Serialize> OutputObject<T> {
    /// Returns an object of a kind.
    pub fn new(kind: &'static str, fields: T) -> Self {
        OutputObject {
            kind,
            api_version: "output.kubeadm.k8s.io/v1alpha3",
            fields,
        }
    }

    /// Returns an object that kubeadm does not have.
    pub fn own(kind: &'static str, api_version: &'static str, fields: T) -> Self {
        OutputObject {
            kind,
            api_version,
            fields,
        }
    }
}

/// Returns the text of a value as JSON with an indent of four spaces, as kubeadm does.
fn to_indented_json<T: Serialize>(value: &T) -> String {
    let mut text = Vec::new();
    // Records of plain values always serialise.
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut text,
        PrettyFormatter::with_indent(b"    "),
    ));
    String::from_utf8_lossy(&text).into_owned() + "\n"
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

#[cfg(test)]
mod tests;
