//! Reads a document into nodes that refer to each other. Aliases are not followed yet.
use super::{
    Unreadable,
    parts::{Part, Parts},
    scalar::Scalar,
    source::place,
    tabs::check_tabs,
    unreadable::{SURROGATE, TAB, UNKNOWN_ESCAPE, is_behind_document, is_tab},
};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle};
use std::{borrow::Cow, collections::HashMap, ops::Range};

const LINE_SEPARATOR: &str = "a line separator (U+2028, U+2029) outside of quotes ends the line; \
    remove it";

/// A node as the text writes it: an alias is not followed yet.
#[derive(Debug)]
pub(super) struct Raw {
    pub content: NodeContent,
    /// from 1
    pub line: u32,
    /// from 1
    pub column: u32,
}

/// The content of a node. Numbers are indices of other nodes.
#[derive(Debug)]
pub(super) enum NodeContent {
    Scalar(Scalar),
    List(Vec<usize>),
    /// keys and values in turn
    Map(Vec<usize>),
    Alias(usize),
}

/// The largest number of runs of lines between brackets that may begin with tabs.
const MOST_RUNS: usize = 100;

/// Reads the nodes of the first document; the first node is its root. A document without content
/// has none.
pub(super) fn read(text: &str) -> Result<Vec<Raw>, Unreadable> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST_RUNS {
        let mut reader = Reader {
            text: &text,
            ..Reader::default()
        };
        match reader.read() {
            Ok(()) => {
                reader.parts.sort();
                check_escapes(&text, &reader.parts)?;
                check_tabs(&text, &reader.parts)?;
                check_line_separators(&text, &reader.parts)?;
                return Ok(reader.nodes);
            }
            // Between brackets, kubeadm takes tabs at the beginning of a line.
            Err(error) if is_tab(error.kind()) && reader.is_in_flow() => {
                text = without_tabs(&text, error.marker().line()).into();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Unreadable::new(TAB, 1, 1))
}

/// Returns the text with spaces for the tabs at the beginning of a line, and of the lines behind it
/// that begin with tabs.
fn without_tabs(text: &str, first: usize) -> String {
    let mut is_in_run = true;
    let lines = (1..).zip(text.split_inclusive('\n'));
    lines
        .map(|(number, line)| {
            let content = line.trim_start_matches([' ', '\t']);
            let blanks = &line[..line.len() - content.len()];
            is_in_run &= number <= first || blanks.contains('\t');
            if number < first || !is_in_run {
                line.to_owned()
            } else {
                blanks.replace('\t', " ") + content
            }
        })
        .collect()
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    nodes: Vec<Raw>,
    anchors: HashMap<usize, usize>,
    open: Vec<Open>,
    parts: Parts,
}

/// A list or a map that has not ended.
struct Open {
    node: usize,
    start: usize,
    /// the column of a collection in block style
    column: Option<usize>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), ScanError> {
        for event in Parser::new_from_str(self.text) {
            let (event, span) = match event {
                Ok((Event::DocumentEnd, _)) => break,
                Err(error) if self.is_whole() && is_behind_document(error.kind()) => break,
                event => event?,
            };
            self.event(event, span);
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.add_scalar_part(style, span);
                let scalar = Scalar {
                    text: text.into(),
                    is_plain: style == ScalarStyle::Plain,
                    tag: tag.map(|tag| tag.to_string().into()),
                };
                self.add(NodeContent::Scalar(scalar), anchor, span);
            }
            Event::SequenceStart(style, anchor, _) => {
                self.begin(NodeContent::List(Vec::new()), style, anchor, span);
            }
            Event::MappingStart(style, anchor, _) => {
                self.begin(NodeContent::Map(Vec::new()), style, anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied().unwrap_or_default();
                self.add(NodeContent::Alias(target), 0, span);
            }
            _ => {}
        }
    }

    /// Adds a node to the collection that is open, and returns its index.
    fn add(&mut self, content: NodeContent, anchor: usize, span: Span) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Raw {
            content,
            line: span.start.line().try_into().unwrap_or(u32::MAX),
            column: (span.start.col() + 1).try_into().unwrap_or(u32::MAX),
        });
        if anchor > 0 {
            self.anchors.insert(anchor, index);
        }
        let parent = self.open.last().map(|open| open.node);
        if let Some(NodeContent::List(children) | NodeContent::Map(children)) =
            parent.map(|parent| &mut self.nodes[parent].content)
        {
            children.push(index);
        }
        index
    }

    fn begin(&mut self, content: NodeContent, style: StructureStyle, anchor: usize, span: Span) {
        let node = self.add(content, anchor, span);
        self.open.push(Open {
            node,
            start: bytes(span).start,
            column: (style == StructureStyle::Block).then(|| span.start.col()),
        });
    }

    fn end(&mut self, span: Span) {
        let Some(ended) = self.open.pop() else {
            return;
        };
        // A collection in a flow collection is a part of that one.
        if ended.column.is_none() && !self.is_in_flow() {
            self.parts.others.push(Part {
                place: ended.start..bytes(span).end,
                continued_from: None,
            });
        }
    }

    fn is_whole(&self) -> bool {
        self.open.is_empty() && !self.nodes.is_empty()
    }

    fn is_in_flow(&self) -> bool {
        self.open.last().is_some_and(|open| open.column.is_none())
    }

    fn add_scalar_part(&mut self, style: ScalarStyle, span: Span) {
        let place = bytes(span);
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            let continued_from = None;
            self.parts.quoted.push(Part {
                place,
                continued_from,
            });
        } else if !self.is_in_flow() {
            let block = self.open.iter().rev().find_map(|open| open.column);
            let from = block.map_or(0, |column| column + 1);
            let continued_from = (style == ScalarStyle::Plain).then_some(from);
            self.parts.others.push(Part {
                place,
                continued_from,
            });
        }
    }
}

fn bytes(span: Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

/// Refuses escapes that YAML 1.1 does not have: `\/`, and halves of a character (kubeadm
/// behaviour).
fn check_escapes(text: &str, parts: &Parts) -> Result<(), Unreadable> {
    for part in parts.quoted.iter() {
        let quoted = text.get(part.place.clone()).unwrap_or_default();
        let mut at = 0;
        // Between single quotes, a backslash is a character like any other.
        while let Some(found) = quoted[at..].find('\\').filter(|_| quoted.starts_with('"')) {
            at += found + 1;
            let escape = &quoted[at..];
            if let Some(reason) = escape_problem(escape) {
                let (line, column) = place(text, part.place.start + at - 1);
                return Err(Unreadable::new(reason, line, column));
            }
            at += escape.chars().next().map_or(0, char::len_utf8);
        }
    }
    Ok(())
}

/// Returns what is wrong with an escape, which begins behind its backslash.
fn escape_problem(escape: &str) -> Option<&'static str> {
    if escape.starts_with('/') {
        return Some(UNKNOWN_ESCAPE);
    }
    let code = u32::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()?;
    (0xd800..0xe000).contains(&code).then_some(SURROGATE)
}

/// Refuses line separators outside of quotes: in YAML 1.1 they end a line, and with the line a
/// comment or a scalar.
fn check_line_separators(text: &str, parts: &Parts) -> Result<(), Unreadable> {
    for (at, _) in text.match_indices(['\u{2028}', '\u{2029}']) {
        if parts.quoted.part_at(at).is_none() {
            let (line, column) = place(text, at);
            return Err(Unreadable::new(LINE_SEPARATOR, line, column));
        }
    }
    Ok(())
}
