//! Values as JSON for a terminal: on one line, or indented.
use super::sanitise::is_trick;
use serde::Serialize;
use serde_json::{
    Value,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
};
use std::io::{self, Write};

/// Returns the type of a JSON value, as Go's decoder names it.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Writes a value on one line. Characters that would act on a terminal become `\u` escapes.
///
/// # Errors
/// The value cannot be serialised, or `out` cannot be written to.
pub fn write_line<W: Write>(out: &mut W, value: &impl Serialize) -> io::Result<()> {
    let mut line = Vec::new();
    let formatter = Escaping(CompactFormatter);
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut line, formatter,
    ))?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// Returns a value on one line, with the escapes of [`write_line`].
pub fn line(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    // Plain records with string keys always serialise.
    let _ = write_line(&mut line, value);
    String::from_utf8_lossy(&line).into_owned()
}

/// Writes a value on several lines, indented by two, with the escapes of [`line()`].
pub fn pretty(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let formatter = Escaping(PrettyFormatter::new());
    // Plain records with string keys always serialise.
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut text, formatter,
    ));
    String::from_utf8_lossy(&text).into_owned() + "\n"
}

/// Writes part of a string; characters that would act on a terminal are `\u` escapes.
fn write_fragment<W: Write + ?Sized>(writer: &mut W, fragment: &str) -> io::Result<()> {
    // Most fragments are plain ASCII, which this check recognises quickly.
    if fragment.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return writer.write_all(fragment.as_bytes());
    }
    let mut rest = fragment;
    while let Some((at, trick)) = rest.char_indices().find(|(_, c)| is_trick(*c)) {
        writer.write_all(&rest.as_bytes()[..at])?;
        for unit in trick.encode_utf16(&mut [0; 2]) {
            write!(writer, "\\u{unit:04x}")?;
        }
        rest = &rest[at + trick.len_utf8()..];
    }
    writer.write_all(rest.as_bytes())
}

/// Writes as another formatter, apart from the strings.
struct Escaping<F>(F);

impl<F: Formatter> Formatter for Escaping<F> {
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_fragment(writer, fragment)
    }
}
