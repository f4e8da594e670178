//! The places of names and operators in the text of an expression. The parser of CEL does not keep
//! them, so they are found again: the parts of the tree, from left to right, stand in the text in
//! the same order.
use std::ops::Range;

/// The tokens of an expression, and how many of them belong to the parts that were visited.
pub(super) struct Scan<'a> {
    text: &'a str,
    tokens: Vec<Range<usize>>,
    next: usize,
}

/// Operators of two or more characters, and those with a meaning of their own as one token.
const LONG: [&str; 8] = ["&&", "||", "==", "!=", "<=", ">=", "[?", ".?"];

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Scan<'a> {
        Scan {
            text,
            tokens: tokens(text),
            next: 0,
        }
    }

    /// Goes to the next token with this text and returns its place; the place of the last token if
    /// there is none, as for a part that a macro added.
    pub fn go_to(&mut self, token: &str) -> usize {
        self.go_where(|text| text == token)
    }

    /// Goes to the next literal: a text or a number.
    pub fn go_to_literal(&mut self) -> usize {
        self.go_where(|text| {
            let first = text.trim_start_matches(['r', 'R', 'b', 'B']);
            first.starts_with(|c: char| c.is_ascii_digit() || c == '"' || c == '\'')
                || matches!(text, "true" | "false" | "null")
        })
    }

    fn go_where(&mut self, is_wanted: impl Fn(&str) -> bool) -> usize {
        let rest = &self.tokens[self.next..];
        match rest
            .iter()
            .position(|range| is_wanted(&self.text[range.clone()]))
        {
            Some(found) => {
                self.next += found + 1;
                self.tokens[self.next - 1].start
            }
            None => self.place(),
        }
    }

    /// Returns the place of the last token that was gone to.
    pub fn place(&self) -> usize {
        let last = self.next.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |range| range.start)
    }
}

/// Returns the places of the tokens of an expression that was parsed.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if let Some(length) = text_length(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            rest.find(|c| !is_part(c)).unwrap_or(rest.len())
        } else if let Some(long) = LONG.iter().find(|long| rest.starts_with(**long)) {
            long.len()
        } else {
            first.len_utf8()
        };
        tokens.push(at..at + length);
        at += length;
    }
    tokens
}

/// Returns the length of the text literal at the beginning; `None` if there is none.
fn text_length(rest: &str) -> Option<usize> {
    let prefix = rest.find(['"', '\''])?;
    let letters = &rest[..prefix];
    if prefix > 2 || !letters.chars().all(|c| "rRbB".contains(c)) {
        return None;
    }
    let is_raw = letters.contains(['r', 'R']);
    let body = &rest[prefix..];
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| body.starts_with(*quote))?;
    let mut at = quote.len();
    while at < body.len() && !body[at..].starts_with(quote) {
        let is_escape = body[at..].starts_with('\\') && !is_raw;
        at += body[at..].chars().next().map_or(1, char::len_utf8);
        if is_escape {
            at += body[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    Some((prefix + at + quote.len()).min(rest.len()))
}
