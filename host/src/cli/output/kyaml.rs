//! KYAML: YAML in flow style with quoted texts (KEP-5295), as a format of serde's JSON writer,
//! which keeps the order of fields.
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// Returns an object as a document of KYAML. Its keys are the names of fields, which need no
/// quotes.
pub fn to_string<T: Serialize>(object: &T) -> String {
    let mut text = b"---\n".to_vec();
    // Records of plain values always serialise.
    let _ = object.serialize(&mut Serializer::with_formatter(&mut text, Kyaml::default()));
    String::from_utf8_lossy(&text).into_owned() + "\n"
}

/// The lists and objects that are open at a place of the document.
#[derive(Default)]
struct Kyaml {
    depth: usize,
    /// whether the innermost open list or object has an entry
    has_entry: bool,
    is_key: bool,
}

impl Kyaml {
    fn indent<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }

    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_entry = false;
        writer.write_all(bracket)
    }

    fn begin_entry<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first {
            writer.write_all(b"\n")?;
        }
        self.indent(writer)
    }

    fn end_entry<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_entry = true;
        writer.write_all(b",\n")
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.has_entry {
            self.indent(writer)?;
        }
        writer.write_all(bracket)
    }
}

impl Formatter for Kyaml {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.begin_entry(w, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end_entry(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.begin_entry(w, first)?;
        self.is_key = true;
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_key = false;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end_entry(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.is_key { b"" } else { b"\"" })
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.is_key { b"" } else { b"\"" })
    }
}
