//! Finds secret settings that cannot be blanked in texts: numbers, booleans and short texts. A
//! plugin that repeats such a value would show it.
use super::{Hiding, MAX_DEPTH, PLACEHOLDER, defaults_of};
use crate::{
    secret::{SHORTEST_BLANKED, names::sounds_secret},
    text::user_info,
};
use serde_json::Value;

/// The remedy for the author of the plugin, if the setting is not secret.
const REMEDY: &str = "if it is not secret, the plugin's schema says so by `writeOnly: false`";

/// Returns a problem for each secret setting that cannot be blanked in texts, with its field. No
/// problem quotes the value.
pub fn find_problems(schema: &Value, settings: &Value) -> Vec<String> {
    let mut hiding = Hiding::new(schema);
    hiding.walk(schema, &mut settings.clone(), MAX_DEPTH);
    let found = hiding.problems.found;
    if found.is_empty() {
        return Vec::new();
    }
    // Everyone can read a default in the component.
    let defaults = defaults_of(schema);
    let problems = found.into_iter();
    let mut problems: Vec<String> = problems
        .filter(|problem| {
            problem
                .text
                .as_ref()
                .is_none_or(|text| !defaults.contains(text))
        })
        .map(|problem| format!("settings{}: {}; {REMEDY}", problem.field, problem.why))
        .collect();
    // Several schemas may mark the same value.
    problems.sort();
    problems.dedup();
    problems
}

/// A secret that cannot be blanked.
struct Unblanked {
    field: String,
    why: String,
    /// its value, if it is a text
    text: Option<String>,
}

/// The secrets that were found so far, and the field that is looked at.
#[derive(Default)]
pub(super) struct UnblankedSecrets {
    path: Vec<String>,
    found: Vec<Unblanked>,
}

impl UnblankedSecrets {
    pub(super) fn enter(&mut self, field: &str) {
        self.path.push(field.to_owned());
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Looks at a value that the schema marks as secret, with all of its fields.
    pub(super) fn find_in_marked(&mut self, value: &Value) {
        self.find(value, &|_, _| true);
    }

    /// Looks at a value that is secret by its name or its text. If the value is a map, only its
    /// texts with the name of a secret have to be long enough to be blanked. Other fields, such as
    /// a user name, may be short.
    pub(super) fn find_in_named(&mut self, value: &Value) {
        self.find(value, &|name, field| {
            sounds_secret(name) && matches!(field, Value::String(_))
        });
    }

    fn find(&mut self, value: &Value, is_secret: &dyn Fn(&str, &Value) -> bool) {
        match value {
            Value::Null => {}
            Value::String(text) => self.check_text(text),
            Value::Bool(_) | Value::Number(_) => self.add(
                "it is secret and not a text, so it cannot be hidden in messages: write it in \
                 quotes"
                    .to_owned(),
                None,
            ),
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.enter(&number.to_string());
                    self.find(item, is_secret);
                    self.leave();
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields.iter().filter(|(name, field)| is_secret(name, field)) {
                    self.enter(name);
                    self.find(field, is_secret);
                    self.leave();
                }
            }
        }
    }

    fn check_text(&mut self, text: &str) {
        // Secrets are blanked without the spaces around them, so spaces do not count.
        let is_short = |text: &str| (1..SHORTEST_BLANKED).contains(&text.trim().len());
        let why = if text == PLACEHOLDER {
            return;
        } else if is_short(text) {
            "it is secret and has"
        } else if user_info::passwords(text).any(is_short) {
            "its password has"
        } else {
            return;
        };
        let why = format!(
            "{why} fewer than {SHORTEST_BLANKED} bytes, so it cannot be hidden in messages: take \
             a longer one"
        );
        self.add(why, Some(text.to_owned()));
    }

    fn add(&mut self, why: String, text: Option<String>) {
        let field = self.path.iter().map(|name| format!(".{name}")).collect();
        self.found.push(Unblanked { field, why, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Returns the fields of the problems.
    fn fields(schema: &Value, settings: &Value) -> Vec<String> {
        let problems = find_problems(schema, settings);
        let fields = problems.iter().map(|problem| problem.split(':').next());
        fields.flatten().map(str::to_owned).collect()
    }

    #[test]
    fn a_marked_setting_is_a_text_that_can_be_blanked() {
        let secret = json!({"writeOnly": true});
        let schema = json!({"properties": {
            "a": secret, "b": secret, "c": secret, "d": secret, "e": secret, "f": secret,
            "g": {"writeOnly": true, "default": "x"}, "h": secret,
        }});
        let settings = json!({
            "a": 123_456_789, "b": true, "c": "short   ", "d": "long enough", "e": "", "f": null,
            "g": "x", "h": {"i": [{"j": 1}]}, "plain": 7,
        });
        assert_eq!(
            fields(&schema, &settings),
            ["settings.a", "settings.b", "settings.c", "settings.h.i.0.j"]
        );
        let problems = find_problems(&schema, &settings).join("\n");
        assert!(
            !problems.contains("short") && !problems.contains("123"),
            "{problems}"
        );
    }

    #[test]
    fn a_setting_with_the_name_of_a_secret_is_a_text_that_can_be_blanked() {
        let schema = json!({"properties": {
            "maxTokens": {"type": "integer"}, "token": {"writeOnly": false},
        }});
        let settings = json!({
            "maxTokens": 5, "token": "x", "password": 1234, "apiToken": ["pin"], "secret": true,
            "credentials": {"user": "bob", "port": 7, "password": "pw"},
            "mirror": "https://user:pw@mirror.example/", "tokenFile": "/f",
        });
        assert_eq!(
            fields(&schema, &settings),
            [
                "settings.apiToken.0",
                "settings.credentials.password",
                "settings.mirror",
                "settings.password"
            ]
        );
    }
}
