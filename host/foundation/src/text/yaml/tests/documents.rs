//! Where documents begin and end, and the characters in them.
use crate::text::yaml::{documents, value};
use serde_json::{Value, json};

#[test]
fn only_the_first_document_counts() {
    for text in [
        "a: 1\n...\njunk\n",
        "a: 1\n...\n}\n",
        "a: 1\n... # end\n\n",
        "a: 1\n... junk\n",
        "a: 1\n...\t[\n",
        "  a: 1\nb: 2\n",
        "\u{feff}\u{feff}a: 1\nb: 2\n",
        "{a: 1}\nb: 2\n",
        "{a: 1}\n%TAG ! x\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\r---\rb: 2\r",
        "\u{feff}a: 1\n",
        "%YAML 1.1\n---\na: 1\n",
        "--- # first\na: 1\n",
    ] {
        assert_eq!(value(text), Ok(json!({"a": 1})), "{text:?}");
    }
    for text in ["", "# a\n", "---\n", "null\n", "\n\n"] {
        assert_eq!(value(text), Ok(Value::Null), "{text:?}");
    }
}

#[test]
fn what_the_library_of_kubeadm_refuses_is_refused() {
    for text in [
        "...\na: 1\n",
        "# a\n\n...\na: 1\n",
        "a: \"x\\/y\"\n",
        "a: \"\\ud83d\\ude00\"\n",
        "a: \"\\q\"\n",
        "a: 1\n\t\nb: 2\n",
        "a: 1\n\t# note\nb: 2\n",
        "a:\n  \t\n  b: 2\n",
        "a: 'x'\n  \t\nb: 2\n",
        "\t\na: 1\n",
        "a: # x\u{2028}b: 1\n",
        "a: \u{7}\n",
        "a: .nan\n",
        "a: -.inf\n",
        "a: [1,\n",
        "a: 1\n b: 2\n",
        "a: 1\n---\nb: 2\n\u{7}",
    ] {
        assert!(value(text).is_err(), "{text:?}");
    }
}

#[test]
fn tabs_that_the_library_of_kubeadm_reads_are_read() {
    for (text, expected) in [
        ("a: 1\n  \t\nb: 2\n", json!({"a": 1, "b": 2})),
        ("a: 1\t\nb: 2\n", json!({"a": 1, "b": 2})),
        (
            "a:\n  b: {\n\tc: [\n\t\t1,\n\t\t2],\n  d: 3,\n\te: \"x\n\ty\"\n\t}\n",
            json!({"a": {"b": {"c": [1, 2], "d": 3, "e": "x y"}}}),
        ),
        ("a: 'x\n\t\n  y'\n", json!({"a": "x\ny"})),
        ("a: |\n  x\n  \t\n", json!({"a": "x\n\t\n"})),
        ("a: [\n\t1,\n\t2\n  ]\n", json!({"a": [1, 2]})),
        ("a: \"x\\\\/y\"\n", json!({"a": "x\\/y"})),
        ("a: \"x\u{2028}y\"\n", json!({"a": "x\u{2028}y"})),
        ("a: 1 # x\u{85}b: 2\n", json!({"a": 1, "b": 2})),
    ] {
        assert_eq!(value(text), Ok(expected), "{text:?}");
    }
}

#[test]
fn files_are_split_as_kubeadm_splits_them() {
    let texts = |file: &[u8]| {
        let parts = documents(file).unwrap().into_iter();
        parts
            .map(|part| (part.offset, part.text))
            .collect::<Vec<_>>()
    };
    let cases: [(&str, &[(u64, &str)]); 7] = [
        ("a: 1\n---\nb: 1\n", &[(0, "a: 1\n"), (2, "b: 1\n")]),
        (
            "a: 1\n---\n---\nb: 1\n",
            &[(0, "a: 1\n"), (2, "---\nb: 1\n")],
        ),
        ("---\n---\na: 1\n", &[(0, "---\n"), (2, "a: 1\n")]),
        ("a: 1\n--- # end\n", &[(0, "a: 1\n")]),
        ("a: 1\n---\r\nb: 1", &[(0, "a: 1\n"), (2, "b: 1")]),
        ("a: |\n  ---\n", &[(0, "a: |\n  ---\n")]),
        ("", &[]),
    ];
    for (file, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(|(at, text)| (*at, text.to_string()))
            .collect();
        assert_eq!(texts(file.as_bytes()), expected, "{file:?}");
    }
    for (file, line) in [("----\n", 1), ("a: 1\n--- {}\n", 2), ("a: 1\n---b: 1\n", 2)] {
        assert_eq!(
            documents(file.as_bytes()).unwrap_err().line,
            line,
            "{file:?}"
        );
    }
}

#[test]
fn files_in_utf_16_are_read() {
    let text = "a: ä\n---\nb: 1\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (mark, units) in [([0xff, 0xfe], little), ([0xfe, 0xff], big)] {
        let file = [&mark[..], &units].concat();
        let parts = documents(&file).unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!(value(&parts[0].text), Ok(json!({"a": "ä"})));
        assert!(documents(&file[..file.len() - 1]).is_err());
    }
    let without_separator: Vec<u8> = "\u{feff}a: 1\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(documents(&without_separator).is_err());
    let error = documents(b"a: 1\nb: \xe9\n").unwrap_err();
    assert_eq!((error.line, error.reason.contains("UTF-8")), (2, true));
}
