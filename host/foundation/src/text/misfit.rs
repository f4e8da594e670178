//! Explains to a person why a value does not fit its field. serde's own messages are for
//! programmers.
use regex::Regex;
use std::{fmt, sync::LazyLock};

static INVALID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("^invalid (?:type|value|length): (?s)(.*), expected (.*?)(?: at line .*)?$")
        .expect("a valid pattern")
});

/// Returns the message of a serde error in plain words. Other messages stay as they are.
pub fn explain(error: &impl fmt::Display) -> String {
    let message = error.to_string();
    if let Some(name) = message.strip_prefix("missing field ") {
        let name = name.split(" at line ").next().unwrap_or_default();
        return format!("the field {name} is missing");
    }
    match INVALID.captures(&message) {
        Some(parts) => format!(
            "this is {}; write {}",
            describe_found(&parts[1]),
            describe_wanted(&parts[2])
        ),
        None => message,
    }
}

fn describe_found(name: &str) -> &str {
    match name.split([' ', ',']).next().unwrap_or_default() {
        "null" | "unit" | "Option" => "null",
        "boolean" => "true or false",
        "integer" | "floating" | "number" => "a number",
        "string" | "character" => "a text",
        "sequence" => "a list",
        "map" | "newtype" | "struct" => "a map",
        _ => name,
    }
}

fn describe_wanted(name: &str) -> &str {
    match name {
        "a string" | "string" | "str" | "a borrowed string" => "a text",
        "a boolean" | "bool" => "`true` or `false`",
        "a sequence" | "sequence" => "a list",
        "a map" | "map" => "a map",
        "f32" | "f64" => "a number",
        _ if name.starts_with("struct ") => "a map",
        _ if name.starts_with("a tuple") => "a list",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => {
            "a whole number that the field can hold"
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::explain;
    use serde::de::DeserializeOwned;
    use std::collections::BTreeMap;

    fn misfit<T: DeserializeOwned>(text: &str) -> String {
        match serde_json::from_str::<T>(text) {
            Ok(_) => panic!("{text} fits"),
            Err(error) => explain(&error),
        }
    }

    #[derive(serde::Deserialize)]
    struct Entry {
        #[allow(dead_code, reason = "it is only read")]
        name: String,
    }

    #[test]
    fn values_of_wrong_types_are_named_in_plain_words() {
        assert_eq!(misfit::<Vec<Entry>>("[null]"), "this is null; write a map");
        assert_eq!(misfit::<Vec<u8>>("{}"), "this is a map; write a list");
        assert_eq!(
            misfit::<BTreeMap<String, bool>>("[]"),
            "this is a list; write a map"
        );
        assert_eq!(
            misfit::<Vec<String>>("[true]"),
            "this is true or false; write a text"
        );
        assert!(misfit::<Vec<bool>>("[\"on\"]").ends_with("; write `true` or `false`"));
        assert!(
            misfit::<Vec<u8>>("[300]").ends_with("; write a whole number that the field can hold")
        );
        assert_eq!(misfit::<Entry>("{}"), "the field `name` is missing");
    }
}
