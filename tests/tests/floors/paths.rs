//! The paths that a file of Rust has in its code, in its `use` lines and in the arguments of its
//! macros. Comments and texts have none, and neither has what is compiled for tests only.
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeMap;

/// A path as it is written: `crate::plan::Plan`, `super::Node`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub line: usize,
    pub segments: Vec<String>,
}

/// What a file says of other modules.
#[derive(Debug, Default)]
pub struct Paths {
    pub all: Vec<Path>,
    /// the paths behind the names that `use` lines bring into the file
    pub names: BTreeMap<String, Path>,
    /// names of child modules for tests only
    pub tests: Vec<String>,
    /// how many modules within the file are open
    depth: usize,
}

impl Paths {
    /// Reads a file.
    pub fn read(text: &str) -> Paths {
        let mut paths = Paths::default();
        let tokens: TokenStream = text.parse().expect("a file of the program is Rust");
        paths.walk(&tokens.into_iter().collect::<Vec<_>>());
        paths
    }

    fn walk(&mut self, tokens: &[TokenTree]) {
        let mut rest = tokens;
        while let Some(first) = rest.first() {
            rest = match first {
                TokenTree::Punct(mark) if mark.as_char() == '#' => self.attribute(rest),
                TokenTree::Ident(word) if *word == "use" && !is(rest.get(1), '<') => {
                    let end = rest.iter().position(|token| is(Some(token), ';'));
                    let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
                    self.tree(&[], &line[1..]);
                    after
                }
                TokenTree::Ident(word) if *word == "mod" => self.module(rest),
                TokenTree::Ident(_) => {
                    let (segments, after) = path(rest);
                    if segments.len() > 1 {
                        let path = self.of_file(segments, first.span().start().line);
                        self.all.push(path);
                    }
                    after
                }
                TokenTree::Group(group) => {
                    self.walk(&group.stream().into_iter().collect::<Vec<_>>());
                    &rest[1..]
                }
                _ => &rest[1..],
            };
        }
    }

    /// Reads a module within the file.
    fn module<'a>(&mut self, tokens: &'a [TokenTree]) -> &'a [TokenTree] {
        if let [_, _, TokenTree::Group(body), rest @ ..] = tokens {
            self.depth += 1;
            self.walk(&body.stream().into_iter().collect::<Vec<_>>());
            self.depth -= 1;
            return rest;
        }
        &tokens[1..]
    }

    /// A path as the file itself would write it: `super` in a module within the file is the file.
    fn of_file(&self, mut segments: Vec<String>, line: usize) -> Path {
        let supers = segments.iter().take_while(|word| *word == "super").count();
        let inner = supers.min(self.depth);
        segments.drain(..inner);
        if inner > 0 && inner == supers {
            segments.insert(0, "self".to_owned());
        }
        Path { line, segments }
    }

    /// Skips an attribute, and what it belongs to where that is for tests only.
    fn attribute<'a>(&mut self, tokens: &'a [TokenTree]) -> &'a [TokenTree] {
        let text = tokens.get(1).map(ToString::to_string).unwrap_or_default();
        let is_for_tests = text.replace(' ', "") == "[cfg(test)]";
        let Some(end) = tokens.iter().position(is_end).filter(|_| is_for_tests) else {
            return &tokens[1..];
        };
        let words: Vec<String> = tokens[..end].iter().map(ToString::to_string).collect();
        if let Some(at) = words.iter().position(|word| word == "mod") {
            self.tests.extend(words.get(at + 1).cloned());
        }
        &tokens[end + 1..]
    }

    /// Reads the tree of a `use` line: `a::{b, c as d}` below the path `before`.
    fn tree(&mut self, before: &[String], tokens: &[TokenTree]) {
        let (segments, rest) = path(tokens);
        let whole = [before, &segments].concat();
        match rest {
            [TokenTree::Group(group), ..] => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| is(Some(token), ',')) {
                    self.tree(&whole, part);
                }
            }
            _ if tokens.is_empty() => {}
            _ => self.name(whole, rest, tokens[0].span().start().line),
        }
    }

    /// Takes down one name of a `use` line; `rest` may rename it.
    fn name(&mut self, mut segments: Vec<String>, rest: &[TokenTree], line: usize) {
        if segments.last().is_some_and(|last| last == "self") && segments.len() > 1 {
            segments.pop();
        }
        let name = match rest {
            [TokenTree::Ident(word), TokenTree::Ident(other), ..] if *word == "as" => {
                Some(other.to_string())
            }
            [] => segments.last().cloned(),
            // `*` brings names that are not in the line.
            _ => None,
        };
        let path = self.of_file(segments, line);
        if let Some(name) = name {
            self.names.insert(name, path.clone());
        }
        self.all.push(path);
    }
}

/// Reads words with `::` between them, also after the last; returns what follows them.
fn path(tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let (mut segments, mut rest) = (Vec::new(), tokens);
    while let [TokenTree::Ident(word), after @ ..] = rest {
        segments.push(word.to_string());
        rest = after;
        if !(is(after.first(), ':') && is(after.get(1), ':')) {
            break;
        }
        rest = &after[2..];
    }
    (segments, rest)
}

fn is(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

/// Whether an item ends with this token.
fn is_end(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is(Some(token), ';'),
    }
}
