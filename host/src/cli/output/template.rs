//! Go's templates, with the functions that kubectl adds: `exists` and `base64decode`.
use anyhow::{Result, anyhow};
use gotmpl::{MissingKey, Template, TemplateError, Value, to_value};
use std::fmt;

/// A template of `-o go-template=` or `-o go-template-file=`.
pub struct GoTemplate {
    template: Template,
    text: String,
}

impl GoTemplate {
    /// Parses a template. With `allow_missing`, the template prints `<no value>` for a missing key.
    ///
    /// # Errors
    /// The text is not a valid template.
    pub fn parse(text: &str, allow_missing: bool) -> Result<Self> {
        let missing = if allow_missing {
            MissingKey::Invalid
        } else {
            MissingKey::Error
        };
        let template = Template::new("output")
            .missing_key(missing)
            .func("exists", |arguments| Ok(Value::Bool(exists(arguments))))
            .func("base64decode", decode_base64)
            .parse(text)?;
        Ok(GoTemplate {
            template,
            text: text.to_owned(),
        })
    }

    /// Returns the text that the template makes of an object.
    ///
    /// # Errors
    /// A function of the template fails, or a key is missing and missing keys are not allowed.
    pub fn apply(&self, object: &serde_json::Value) -> Result<String> {
        to_value(object)
            .and_then(|value| self.template.execute_to_string(&value))
            .map_err(|why| anyhow!("error executing template {:?}: {why}", self.text))
    }
}

impl fmt::Debug for GoTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GoTemplate").field(&self.text).finish()
    }
}

/// Whether a value has an element. The first argument is the value, the others are the keys and
/// indices that lead to the element.
fn exists(arguments: &[Value]) -> bool {
    let Some((value, keys)) = arguments.split_first() else {
        return false;
    };
    let mut value = value.clone();
    for key in keys {
        match value.index(key) {
            Ok(inner) if !matches!(inner, Value::Nil) => value = inner,
            _ => return false,
        }
    }
    true
}

/// Decodes the first argument.
///
/// # Errors
/// The argument is missing, or is not base64.
fn decode_base64(arguments: &[Value]) -> Result<Value, TemplateError> {
    let [Value::String(text)] = arguments else {
        return Err(TemplateError::Exec(
            "base64decode takes one argument, a text".into(),
        ));
    };
    let bytes = data_encoding::BASE64
        .decode(text.as_bytes())
        .map_err(|why| TemplateError::Exec(format!("base64 decode failed: {why}")))?;
    Ok(Value::String(String::from_utf8_lossy(&bytes).into()))
}
