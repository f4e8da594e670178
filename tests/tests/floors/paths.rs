//! Finds the module paths in a Rust file: in code, in `use` lines and in macro arguments. Skips
//! comments, string literals, and code that is compiled only for tests: behind the exact attribute
//! `#[cfg(test)]`.
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeMap;

/// A path in the spelling of the source: `crate::plan::Plan`, `super::Node`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenPath {
    pub line: usize,
    pub segments: Vec<String>,
}

/// The module paths in a file.
#[derive(Debug, Default)]
pub struct PathsInFile {
    pub all: Vec<WrittenPath>,
    /// the paths behind the names that `use` lines import
    pub names: BTreeMap<String, WrittenPath>,
    /// names of child modules that are compiled only for tests
    pub test_modules: Vec<String>,
    /// the number of inline modules around the current token
    inline_depth: usize,
}

impl PathsInFile {
    /// Reads a file.
    pub fn read(text: &str) -> PathsInFile {
        let mut paths = PathsInFile::default();
        let tokens: TokenStream = text.parse().expect("a file of the program is Rust");
        paths.walk(&tokens.into_iter().collect::<Vec<_>>());
        paths
    }

    fn walk(&mut self, tokens: &[TokenTree]) {
        let mut rest = tokens;
        while let Some(first) = rest.first() {
            rest = match first {
                TokenTree::Punct(mark) if mark.as_char() == '#' => self.skip_attribute(rest),
                // `use<'a>` in a type captures lifetimes; it is not an import.
                TokenTree::Ident(word) if *word == "use" && !is_punct(rest.get(1), '<') => {
                    let end = rest.iter().position(|token| is_punct(Some(token), ';'));
                    let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
                    self.read_use_tree(&[], &line[1..]);
                    after
                }
                TokenTree::Ident(word) if *word == "mod" => self.read_module(rest),
                TokenTree::Ident(_) => {
                    let (segments, after) = read_path(rest);
                    if segments.len() > 1 {
                        let path = self.relative_to_file(segments, first.span().start().line);
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

    /// Reads an inline module.
    fn read_module<'a>(&mut self, tokens: &'a [TokenTree]) -> &'a [TokenTree] {
        if let [_, _, TokenTree::Group(body), rest @ ..] = tokens {
            self.inline_depth += 1;
            self.walk(&body.stream().into_iter().collect::<Vec<_>>());
            self.inline_depth -= 1;
            return rest;
        }
        &tokens[1..]
    }

    /// Returns the path as code at the root of the file would write it. In an inline module,
    /// `super` means the file, or an inline module of the file. Paths of inline modules that begin
    /// with `self` are not changed: they lead to the same file.
    fn relative_to_file(&self, mut segments: Vec<String>, line: usize) -> WrittenPath {
        let supers = segments.iter().take_while(|word| *word == "super").count();
        let inner = supers.min(self.inline_depth);
        segments.drain(..inner);
        // All `super`s stayed inside the file, so the path begins at the file itself.
        if inner > 0 && inner == supers {
            segments.insert(0, "self".to_owned());
        }
        WrittenPath { line, segments }
    }

    /// Skips an attribute; skips its item too if the attribute is `#[cfg(test)]`.
    fn skip_attribute<'a>(&mut self, tokens: &'a [TokenTree]) -> &'a [TokenTree] {
        let text = tokens.get(1).map(ToString::to_string).unwrap_or_default();
        if text.replace(' ', "") != "[cfg(test)]" {
            return &tokens[1..];
        }
        let Some(end) = tokens.iter().position(is_end) else {
            return &tokens[1..];
        };
        let words: Vec<String> = tokens[..end].iter().map(ToString::to_string).collect();
        if let Some(at) = words.iter().position(|word| word == "mod") {
            self.test_modules.extend(words.get(at + 1).cloned());
        }
        &tokens[end + 1..]
    }

    /// Reads the tree of a `use` line: `a::{b, c as d}` below the path `before`.
    fn read_use_tree(&mut self, before: &[String], tokens: &[TokenTree]) {
        let (segments, rest) = read_path(tokens);
        let whole = [before, &segments].concat();
        match rest {
            [TokenTree::Group(group), ..] => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| is_punct(Some(token), ',')) {
                    self.read_use_tree(&whole, part);
                }
            }
            _ if tokens.is_empty() => {}
            _ => self.add_used_name(whole, rest, tokens[0].span().start().line),
        }
    }

    /// Records one imported name; `rest` may hold `as NEW_NAME`.
    fn add_used_name(&mut self, mut segments: Vec<String>, rest: &[TokenTree], line: usize) {
        if segments.last().is_some_and(|last| last == "self") && segments.len() > 1 {
            segments.pop();
        }
        let name = match rest {
            [TokenTree::Ident(word), TokenTree::Ident(other), ..] if *word == "as" => {
                Some(other.to_string())
            }
            [] => segments.last().cloned(),
            // The names that `*` imports are not known here.
            _ => None,
        };
        let path = self.relative_to_file(segments, line);
        if let Some(name) = name {
            self.names.insert(name, path.clone());
        }
        self.all.push(path);
    }
}

/// Reads `a::b::c`. Returns its words and the tokens after it. A `::` after the last word is read
/// too (it is before `{` in a `use` line).
fn read_path(tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let (mut segments, mut rest) = (Vec::new(), tokens);
    while let [TokenTree::Ident(word), after @ ..] = rest {
        segments.push(word.to_string());
        rest = after;
        if !(is_punct(after.first(), ':') && is_punct(after.get(1), ':')) {
            break;
        }
        rest = &after[2..];
    }
    (segments, rest)
}

fn is_punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

/// Whether an item ends with this token.
fn is_end(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    }
}
