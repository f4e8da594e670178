//! Texts whose characters are written as escapes.
use super::*;

/// Writes characters as escapes: all of them, or those that are neither letters nor digits.
fn escaped(text: &str, all: bool, write: fn(char) -> String) -> String {
    let escape = |c: char| {
        if all || !c.is_ascii_alphanumeric() {
            write(c)
        } else {
            c.to_string()
        }
    };
    text.chars().map(escape).collect()
}

/// A way to write a character as an escape, with its name.
type Way = (&'static str, fn(char) -> String);

const WAYS: &[Way] = &[
    ("percent", |c| format!("%{:02X}", u32::from(c))),
    ("decimal reference", |c| format!("&#{};", u32::from(c))),
    ("hexadecimal reference", |c| {
        format!("&#x{:x};", u32::from(c))
    }),
    ("Unicode escape", |c| format!("\\u{:04x}", u32::from(c))),
    ("byte escape", |c| format!("\\x{:02x}", u32::from(c))),
];

#[test]
fn credentials_in_escapes_are_found_beneath_and_above_other_encodings() {
    let texts = plain()
        .into_iter()
        .filter_map(|(_, content)| String::from_utf8(content).ok());
    let passwords = ["password=hunter2\n", "url: \"https://u:hunter2@h/\"\n"].map(str::to_owned);
    for text in texts.filter(|text| text.is_ascii()).chain(passwords) {
        for (way, write) in WAYS {
            for all in [true, false] {
                let once = escaped(&text, all, *write);
                assert!(classify(once.as_bytes()).is_some(), "{way}: {once}");
                for (name, encode) in encodings() {
                    let above = encode(once.as_bytes());
                    assert!(classify(&above).is_some(), "{name} of {way}: {once}");
                    let Ok(encoded) = String::from_utf8(encode(text.as_bytes())) else {
                        continue;
                    };
                    let beneath = escaped(&encoded, all, *write);
                    assert!(
                        classify(beneath.as_bytes()).is_some(),
                        "{way} of {name}: {beneath}"
                    );
                }
            }
        }
    }
}

#[test]
fn ordinary_texts_with_escapes_are_shown() {
    for text in [
        "https://docs.example.com/a%20b?q=50%25\n",
        "<p>Tom &amp; Jerry &lt;tom@example.com&gt;</p>\n",
        "{\"motd\": \"caf\\u00e9\"}\n",
        "log_format = \"%d %a %{c}x \\x1b[0m\"\n",
    ] {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
    }
}
