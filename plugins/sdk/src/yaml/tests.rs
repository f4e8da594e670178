//! The layout and the styles of Go.
use super::*;
use serde_json::json;

#[test]
fn strings_get_the_style_that_go_gives_them() {
    for (text, printed) in [
        ("", "\"\""),
        ("plain", "plain"),
        ("yes", "\"yes\""),
        ("y", "\"y\""),
        ("True", "\"True\""),
        ("0", "\"0\""),
        ("0x1f", "\"0x1f\""),
        ("1_000", "\"1_000\""),
        ("1e3", "\"1e3\""),
        ("1.36", "\"1.36\""),
        ("1.36.2", "1.36.2"),
        ("12:30", "\"12:30\""),
        ("2026-01-02", "\"2026-01-02\""),
        ("2026-01-02T03:04:05Z", "\"2026-01-02T03:04:05Z\""),
        ("10.96.0.10", "10.96.0.10"),
        ("192.0.2.2:6443", "192.0.2.2:6443"),
        ("[2001:db8::2]:6443", "'[2001:db8::2]:6443'"),
        ("::", "'::'"),
        ("::1", "::1"),
        (":1", ":1"),
        (": 1", "': 1'"),
        ("\u{e000}:", "'\u{e000}:'"),
        ("fd00:10:96::a", "fd00:10:96::a"),
        ("10%", "10%"),
        ("--flag=a", "--flag=a"),
        ("*", "'*'"),
        ("it's", "it's"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        (" x", "' x'"),
        ("tab\there", "\"tab\\there\""),
        (
            "node-role.kubernetes.io/control-plane",
            "node-role.kubernetes.io/control-plane",
        ),
        (
            "authentication only \u{2713}",
            "authentication only \u{2713}",
        ),
    ] {
        assert_eq!(
            to_string(&json!({ "k": text })),
            format!("k: {printed}\n"),
            "{text:?}"
        );
    }
}

#[test]
fn structure_is_laid_out_as_go_does() {
    let value = json!({
        "b": [{"x": 1, "a": ["p", "q"]}, [], [["n"]]],
        "a": {"e": {}, "n": null},
        "t": "one\ntwo\n",
        "u": "one\n\n  two",
    });
    let text = "a:\n  e: {}\n  \"n\": null\nb:\n- a:\n  - p\n  - q\n  x: 1\n- []\n- - - \
        \"n\"\nt: |\n  one\n  two\nu: |-\n  one\n\n    two\n";
    assert_eq!(to_string(&value), text);
}

#[test]
fn a_colon_in_front_changes_no_other_character() {
    let value = json!({ "a": "::1", "b": "\u{e000}", "\u{e001}": [":x"] });
    assert_eq!(to_string(&value), "a: ::1\nb: \u{e000}\n\u{e001}:\n- :x\n");
}
