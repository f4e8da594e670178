//! Rewrites expressions of kubectl's dialect of JSONPath to RFC 9535.
use serde_json::Value;
use std::iter::Peekable;
use std::str::CharIndices;

/// Splits an action at its blanks, except at blanks within quotes or brackets.
pub fn words(action: &str) -> Vec<&str> {
    let (mut quote, mut depth, mut begin) = (None, 0_u32, None);
    let mut words = Vec::new();
    for (at, letter) in action.char_indices() {
        if let Some(open) = quote {
            quote = (letter != open).then_some(open);
        } else if letter.is_whitespace() && depth == 0 {
            words.extend(begin.take().map(|begin: usize| &action[begin..at]));
            continue;
        } else {
            match letter {
                '"' | '\'' => quote = Some(letter),
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        begin.get_or_insert(at);
    }
    words.extend(begin.map(|begin| &action[begin..]));
    words
}

/// Returns the text of a literal in single or double quotes.
///
/// # Errors
/// The literal does not end with its quote, or has an invalid escape.
pub fn unquote(literal: &str) -> Result<String, String> {
    let quote = literal.chars().next().unwrap_or_default();
    let inner = literal
        .strip_prefix(quote)
        .and_then(|rest| rest.strip_suffix(quote))
        .ok_or("unterminated quoted string")?;
    let in_json = match quote {
        '\'' => format!("\"{}\"", inner.replace("\\'", "'").replace('"', "\\\"")),
        _ => format!("\"{inner}\""),
    };
    serde_json::from_str(&in_json).map_err(|_| format!("invalid quoted string {literal}"))
}

/// Rewrites one expression of kubectl to RFC 9535.
///
/// # Errors
/// The text is not an expression of kubectl's JSONPath.
pub fn rewrite(text: &str) -> Result<String, String> {
    let path = text.strip_prefix(['$', '@']).unwrap_or(text);
    let mut rewritten = String::from("$");
    append_segments(path, &mut rewritten)?;
    Ok(rewritten)
}

fn append_segments(text: &str, rewritten: &mut String) -> Result<(), String> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '.' => {
                let is_recursive = letters.next_if(|(_, next)| *next == '.').is_some();
                append_name(text, &mut letters, is_recursive, rewritten)?;
            }
            '[' => {
                let end = bracket_end(&text[at..]).ok_or("unterminated array")?;
                append_bracket(&text[at + 1..at + end], rewritten)?;
                while letters.next_if(|(next, _)| *next <= at + end).is_some() {}
            }
            other => {
                return Err(format!(
                    "unrecognized character in action: U+{:04X} {other:?}",
                    u32::from(other)
                ));
            }
        }
    }
    Ok(())
}

/// Appends the name after one dot or two. A path that is a single dot means the current value.
fn append_name(
    text: &str,
    letters: &mut Peekable<CharIndices>,
    is_recursive: bool,
    rewritten: &mut String,
) -> Result<(), String> {
    let mut name = String::new();
    while let Some((_, letter)) = letters.next_if(|(_, next)| !".[ ".contains(*next)) {
        // A backslash makes the next letter part of the name.
        let letter = match letter {
            '\\' => letters.next().map_or(letter, |(_, next)| next),
            _ => letter,
        };
        name.push(letter);
    }
    match (name.as_str(), is_recursive) {
        ("", false) if text == "." || letters.peek().is_some_and(|(_, next)| *next == '[') => {}
        ("", false) => return Err("unexpected end of a field".into()),
        ("", true) => rewritten.push_str(".."),
        ("*", true) => return Err("unrecognized character in action: U+002A '*'".into()),
        ("*", false) => rewritten.push_str("[*]"),
        (name, true) => *rewritten += &format!("..[{}]", Value::from(name)),
        (name, false) => *rewritten += &format!("[{}]", Value::from(name)),
    }
    Ok(())
}

/// Appends the content of brackets: a filter, names, numbers or a slice.
fn append_bracket(inside: &str, rewritten: &mut String) -> Result<(), String> {
    let filter = inside
        .trim()
        .strip_prefix("?(")
        .and_then(|filter| filter.strip_suffix(')'));
    match filter {
        Some(filter) => *rewritten += &format!("[?{}]", rewrite_filter(filter)?),
        None => *rewritten += &format!("[{}]", inside.trim()),
    }
    Ok(())
}

/// Rewrites the paths in a filter. A path begins with `@` or `$`, and ends before an operator.
fn rewrite_filter(filter: &str) -> Result<String, String> {
    let mut rewritten = String::new();
    let mut rest = filter;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '@' | '$' => {
                let length = path_length(rest);
                rewritten.push(letter);
                append_segments(rest[1..length].trim_end(), &mut rewritten)?;
                length
            }
            '"' | '\'' => quoted_length(rest),
            _ => letter.len_utf8(),
        };
        if !matches!(letter, '@' | '$') {
            rewritten.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    Ok(rewritten)
}

/// Returns the length of the path at the beginning of a text.
fn path_length(text: &str) -> usize {
    let mut depth = 0_u32;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '=' | '!' | '<' | '>' | ' ' | '&' | '|' | ')' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn quoted_length(text: &str) -> usize {
    let quote = text.chars().next().unwrap_or_default();
    let end = text[1..].find(quote);
    end.map_or(text.len(), |end| end + 2)
}

/// Returns the position of the bracket that closes the first bracket of a text.
fn bracket_end(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_u32);
    for (at, letter) in text.char_indices() {
        if let Some(open) = quote {
            quote = (letter != open).then_some(open);
            continue;
        }
        match letter {
            '"' | '\'' => quote = Some(letter),
            '[' => depth += 1,
            ']' if depth == 1 => return Some(at),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}
