//! kubectl's templates of JSONPath expressions: text, and expressions in braces.
//!
//! The expressions themselves are evaluated by the rules of RFC 9535. Where kubectl's rules differ,
//! an expression is rewritten first: the `$` at the beginning may be left out, a name after a dot
//! may have dashes and escaped dots, and filters have parentheses. Source: kubernetes.io, "JSONPath
//! Support".
mod rewrite;

use anyhow::{Result, anyhow};
use rewrite::rewrite;
use serde_json::Value;

/// A template of `-o jsonpath=`.
#[derive(Debug)]
pub struct JsonPath {
    parts: Vec<Part>,
    text: String,
    allow_missing: bool,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Path {
        path: serde_json_path::JsonPath,
        /// as the user wrote it, for messages
        text: String,
    },
    /// `{range PATH}…{end}`
    Range {
        path: serde_json_path::JsonPath,
        parts: Vec<Part>,
    },
}

impl JsonPath {
    /// Reads a template. With `allow_missing`, an expression that finds nothing prints nothing.
    ///
    /// # Errors
    /// The text is not a valid template.
    pub fn parse(text: &str, allow_missing: bool) -> Result<Self, String> {
        let mut rest = text;
        let parts = parse_parts(&mut rest, false)?;
        Ok(JsonPath {
            parts,
            text: text.to_owned(),
            allow_missing,
        })
    }

    /// Applies the template to an object. Returns the text.
    ///
    /// # Errors
    /// An expression finds nothing, and that is not allowed.
    pub fn apply(&self, object: &Value) -> Result<String> {
        let mut text = String::new();
        self.write(&self.parts, object, &mut text)?;
        Ok(text)
    }

    /// Returns all values that the expressions of the template find.
    ///
    /// # Errors
    /// An expression finds nothing, and that is not allowed.
    pub fn find(&self, object: &Value) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => found.push(text.as_str().into()),
                Part::Path { path, text } => {
                    found.extend(self.query(path, text, object)?.into_iter().cloned());
                }
                Part::Range { path, .. } => {
                    found.extend(path.query(object).all().into_iter().cloned());
                }
            }
        }
        Ok(found)
    }

    fn write(&self, parts: &[Part], value: &Value, text: &mut String) -> Result<()> {
        for part in parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Path { path, text: source } => {
                    let found = self.query(path, source, value)?;
                    let found: Vec<String> = found.into_iter().map(plain_text).collect();
                    text.push_str(&found.join(" "));
                }
                Part::Range { path, parts } => {
                    for item in path.query(value).all() {
                        self.write(parts, item, text)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn query<'a>(
        &self,
        path: &serde_json_path::JsonPath,
        source: &str,
        value: &'a Value,
    ) -> Result<Vec<&'a Value>> {
        let found = path.query(value).all();
        if found.is_empty() && !self.allow_missing {
            return Err(anyhow!(
                "error executing jsonpath {:?}: {} is not found",
                self.text,
                source.trim_start_matches('.')
            ));
        }
        Ok(found)
    }
}

/// Returns a value as kubectl prints it: texts without quotes, lists and objects as JSON.
fn plain_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads the parts of a template up to its end, or up to `{end}` within a range.
fn parse_parts(rest: &mut &str, in_range: bool) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (plain, after) = rest.split_once('{').unwrap_or((rest, ""));
        if !plain.is_empty() {
            parts.push(Part::Text(plain.to_owned()));
        }
        if plain.len() == rest.len() {
            *rest = "";
            break;
        }
        let expression = take_action(after)?;
        *rest = &after[expression.len() + 1..];
        match expression.trim() {
            "end" if in_range => return Ok(parts),
            "end" => return Err("not in range, nothing to end".into()),
            action => parts.extend(parse_action(action, rest)?),
        }
    }
    if in_range {
        return Err("unclosed range, expected {end}".into());
    }
    Ok(parts)
}

/// Returns the expression at the beginning of a text, up to the `}` that ends it. A `}` between
/// quotes does not end it.
fn take_action(text: &str) -> Result<&str, String> {
    let (mut quote, mut escaped, mut brackets) = (None, false, 0_u32);
    for (at, letter) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if let Some(open) = quote {
            quote = (letter != open).then_some(open);
        } else if letter == '"' || letter == '\'' {
            quote = Some(letter);
        } else if letter == '[' {
            brackets += 1;
        } else if letter == ']' {
            brackets = brackets.saturating_sub(1);
        } else if letter == '}' && brackets == 0 {
            return Ok(&text[..at]);
        }
    }
    Err(match (quote, brackets) {
        (Some(_), _) => "unterminated quoted string".into(),
        (None, 0) => "unclosed action".into(),
        (None, _) => "unterminated array".into(),
    })
}

fn parse_action(action: &str, rest: &mut &str) -> Result<Vec<Part>, String> {
    if let Some(path) = action.strip_prefix("range ") {
        let path = parse_path(path.trim())?;
        let parts = parse_parts(rest, true)?;
        return Ok(vec![Part::Range { path, parts }]);
    }
    let mut parts = Vec::new();
    for word in rewrite::words(action) {
        parts.push(if word.starts_with(['"', '\'']) {
            Part::Text(rewrite::unquote(word)?)
        } else {
            Part::Path {
                path: parse_path(word)?,
                text: word.to_owned(),
            }
        });
    }
    Ok(parts)
}

fn parse_path(text: &str) -> Result<serde_json_path::JsonPath, String> {
    let standard = rewrite(text)?;
    serde_json_path::JsonPath::parse(&standard).map_err(|why| format!("{text}: {why}"))
}
