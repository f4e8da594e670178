//! The layout: lines, indentation, and long lines that are folded.
use super::{
    number,
    order::Key,
    style::{Style, is_break, is_printable, is_simple_key, style},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Blanks by which a level is indented.
const STEP: usize = 2;
/// A blank behind this column becomes the end of the line, where the style allows it.
const WIDTH: usize = 80;

/// The place of a value in the document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    /// a key or a value of a map
    Map,
    /// a key that stands in one line with its colon
    SimpleKey,
}

/// Writes a document.
pub struct Emitter {
    text: String,
    column: usize,
    /// of the collection that is being written; `None` outside of all
    indent: Option<usize>,
    /// whether a blank or the beginning of a line is in front
    is_after_blank: bool,
    /// whether the line has nothing but indentation and the signs of items so far
    is_in_indentation: bool,
}

impl Emitter {
    /// Returns an emitter that has written nothing.
    pub fn new() -> Self {
        Emitter {
            text: String::new(),
            column: 0,
            indent: None,
            is_after_blank: true,
            is_in_indentation: true,
        }
    }

    /// Writes a document, and returns its text.
    pub fn document(mut self, value: &Value) -> String {
        self.value(value, Place::Root);
        self.begin_line();
        self.text
    }

    fn value(&mut self, value: &Value, place: Place) {
        match value {
            Value::Null => self.scalar("null", Style::Plain, place),
            Value::Bool(value) => self.scalar(&value.to_string(), Style::Plain, place),
            Value::Number(value) => self.scalar(&number::text(value), Style::Plain, place),
            Value::String(text) => self.scalar(text, style(text), place),
            Value::Array(items) if items.is_empty() => self.empty("[", "]"),
            Value::Object(fields) if fields.is_empty() => self.empty("{", "}"),
            Value::Array(items) => self.items(items, place),
            Value::Object(fields) => self.fields(fields),
        }
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.sign(open, true, false);
        self.sign(close, false, false);
    }

    fn items(&mut self, items: &[Value], place: Place) {
        // A list under a key is not indented.
        let stays = place == Place::Map && !self.is_in_indentation;
        let outer = self.indent;
        self.indent = Some(outer.map_or(0, |indent| indent + if stays { 0 } else { STEP }));
        for item in items {
            self.begin_line();
            self.sign("-", true, true);
            self.value(item, Place::Item);
        }
        self.indent = outer;
    }

    fn fields(&mut self, fields: &Map<String, Value>) {
        // Go's order of keys is not total, and `sort` may panic with such an order; a map does not.
        let mut sorted = BTreeMap::new();
        for (key, value) in fields {
            sorted.insert(Key(key), value);
        }
        let outer = self.indent;
        self.indent = Some(outer.map_or(0, |indent| indent + STEP));
        for (Key(key), value) in sorted {
            self.begin_line();
            if is_simple_key(key) {
                self.scalar(key, style(key), Place::SimpleKey);
                self.sign(":", false, false);
            } else {
                self.sign("?", true, true);
                self.scalar(key, style(key), Place::Map);
                self.begin_line();
                self.sign(":", true, true);
            }
            self.value(value, Place::Map);
        }
        self.indent = outer;
    }

    fn scalar(&mut self, text: &str, style: Style, place: Place) {
        let outer = self.indent;
        self.indent = Some(outer.unwrap_or(0) + STEP);
        let is_folded = place != Place::SimpleKey;
        match style {
            Style::Plain => {
                self.blank_before();
                self.words(text, "", is_folded);
            }
            Style::Single => {
                self.sign("'", true, false);
                self.words(text, "'", is_folded);
                self.sign("'", false, false);
            }
            Style::Double => self.escaped(text, is_folded),
            Style::Literal => self.block(text),
        }
        if style != Style::Literal {
            (self.is_after_blank, self.is_in_indentation) = (false, false);
        }
        self.indent = outer;
    }

    /// Writes a plain text, or the inside of single quotes, where a quote is written twice.
    fn words(&mut self, text: &str, quote: &str, is_folded: bool) {
        let all: Vec<char> = text.chars().collect();
        let (mut after_blank, mut after_break) = (false, false);
        for (place, &c) in all.iter().enumerate() {
            let next = all.get(place + 1);
            if c == ' ' {
                let is_inside = place > 0 && next.is_some_and(|next| *next != ' ');
                if is_folded && !after_blank && self.column > WIDTH && is_inside {
                    self.begin_line();
                } else {
                    self.put(c);
                }
                after_blank = true;
            } else if is_break(c) {
                self.put(c);
                (self.is_in_indentation, after_break) = (true, true);
            } else {
                if after_break {
                    self.begin_line();
                }
                if quote.starts_with(c) {
                    self.put(c);
                }
                self.put(c);
                self.is_in_indentation = false;
                (after_blank, after_break) = (false, false);
            }
        }
    }

    /// Writes a text in double quotes.
    fn escaped(&mut self, text: &str, is_folded: bool) {
        self.sign("\"", true, false);
        let all: Vec<char> = text.chars().collect();
        // Behind a byte order mark, Go escapes every character.
        let is_marked = text.starts_with('\u{feff}');
        let mut after_blank = false;
        for (place, &c) in all.iter().enumerate() {
            if is_marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                escape(c).chars().for_each(|c| self.put(c));
            } else if c == ' ' {
                let is_inside = place > 0 && place + 1 < all.len();
                if is_folded && !after_blank && self.column > WIDTH && is_inside {
                    self.begin_line();
                    if all[place + 1] == ' ' {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
            } else {
                self.put(c);
            }
            after_blank = c == ' ';
        }
        self.sign("\"", false, false);
    }

    /// Writes a text as a block, each of its lines in a line of its own.
    fn block(&mut self, text: &str) {
        self.sign("|", true, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.sign(&STEP.to_string(), false, false);
        }
        let mut ends = text.chars().rev();
        match (ends.next().map(is_break), ends.next().map(is_break)) {
            (Some(true), Some(false)) => {}
            (Some(true), _) => self.sign("+", false, false),
            _ => self.sign("-", false, false),
        }
        self.put('\n');
        (self.is_after_blank, self.is_in_indentation) = (true, true);
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.is_in_indentation = true;
            } else {
                if after_break {
                    self.begin_line();
                }
                self.is_in_indentation = false;
            }
            self.put(c);
            after_break = is_break(c);
        }
    }

    /// Writes a sign of the syntax. A sign that begins an item does not end the indentation.
    fn sign(&mut self, sign: &str, needs_blank: bool, begins_item: bool) {
        if needs_blank {
            self.blank_before();
        }
        sign.chars().for_each(|c| self.put(c));
        self.is_after_blank = false;
        self.is_in_indentation &= begins_item;
    }

    fn blank_before(&mut self) {
        if !self.is_after_blank {
            self.put(' ');
        }
    }

    /// Writes the indentation: in the current line if the line has nothing else yet, otherwise in
    /// the next line.
    fn begin_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let is_past = self.column > indent || self.column == indent && !self.is_after_blank;
        if !self.is_in_indentation || is_past {
            self.put('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        (self.is_after_blank, self.is_in_indentation) = (true, true);
    }

    fn put(&mut self, c: char) {
        self.text.push(c);
        self.column = if is_break(c) { 0 } else { self.column + 1 };
    }
}

/// Returns the escape sequence of a character in double quotes.
fn escape(c: char) -> String {
    let letter = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{letter}")
}
