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
    assert_eq!(to_string(&value), "\u{e001}:\n- :x\na: ::1\nb: \u{e000}\n");
}

/// Strings as values, as kubeadm 1.36 writes them into a manifest.
#[test]
fn rare_strings_get_the_style_that_go_gives_them() {
    for (text, printed) in [
        ("<<", "<<"),
        (".5", "\".5\""),
        (".5_0", "\".5_0\""),
        ("._5", "._5"),
        ("1e400", "1e400"),
        ("0x", "0x"),
        ("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
        ("-0b1", "\"-0b1\""),
        ("0o7", "\"0o7\""),
        ("0o8", "0o8"),
        (".NaN", "\".NaN\""),
        (".Nan", ".Nan"),
        ("+.Inf", "\"+.Inf\""),
        ("nO", "nO"),
        ("2026-1-2", "\"2026-1-2\""),
        ("2026-02-30", "2026-02-30"),
        ("2026-13-01", "2026-13-01"),
        ("2026-01-02 03:04:05.6", "\"2026-01-02 03:04:05.6\""),
        ("2026-01-02t3:4:5+07:00", "\"2026-01-02t3:4:5+07:00\""),
        ("2026-01-02T3:4:5", "2026-01-02T3:4:5"),
        ("smile \u{1f600}", "\"smile \\U0001F600\""),
        ("\u{feff}a b", "\"\\uFEFF\\x61\\x20\\x62\""),
        ("a\u{2028}b", "'a\u{2028}    b'"),
        ("\u{2028} b", "\"\\L b\""),
        ("a\u{85}", "\"a\\N\""),
        ("nb\u{a0}sp", "nb\u{a0}sp"),
        ("\r", "\"\\r\""),
        (" \n", "\" \\n\""),
        ("\n", "|2+\n"),
        ("\n\na", "|2-\n\n\n    a"),
        (" x\ny", "|2-\n     x\n    y"),
        ("a\n\n", "|+\n    a\n"),
    ] {
        let value = json!({ "m": { "k": text } });
        assert_eq!(
            to_string(&value),
            format!("m:\n  k: {printed}\n"),
            "{text:?}"
        );
    }
}

#[test]
fn keys_are_in_the_order_of_go() {
    let keys = "a|a-|a.b|a1|a2|a02|a10|aa|A|Z|_|-|10|9|09|é|日|file2.txt|file10.txt|\
        v1.10|v1.9|a/b|a b|\u{1f600}|/|~"
        .split('|');
    let value: Value = keys.map(|key| (key.to_owned(), json!(1))).collect();
    let text = to_string(&value);
    let printed: Vec<&str> = text
        .lines()
        .map(|line| line.trim_end_matches(": 1").trim_matches(['"', '\'']))
        .collect();
    let expected = "-|/|_|~|\\U0001F600|9|09|10|A|Z|a|a b|a-|a.b|a/b|a1|a2|a02|a10|aa|\
        file2.txt|file10.txt|v1.9|v1.10|é|日";
    assert_eq!(printed.join("|"), expected);
}

#[test]
fn long_lines_are_folded_at_a_blank() {
    let words = "word ".repeat(20);
    let words = words.trim_end();
    let folded = "word word word word word word word word word word word word word word word word";
    let rest = "word word word word";
    for (text, quote) in [
        (words.to_owned(), ""),
        (format!("# {words}"), "'"),
        (format!("\t{words}"), "\""),
    ] {
        let printed = to_string(&json!({ "key": text, "list": [text] }));
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 5, "{printed}");
        assert!(lines[0].len() > 80 && lines[0].starts_with(&format!("key: {quote}")));
        assert!(
            lines[1].starts_with("  word") && lines[1].ends_with(quote),
            "{printed}"
        );
        assert!(lines[4].starts_with("  word"), "{printed}");
    }
    let printed = to_string(&json!({ "key": words }));
    assert_eq!(printed, format!("key: {folded}\n  {rest}\n"));
    // A key of one line is not folded; one that is too long stands behind a question mark.
    let key = words.to_owned();
    assert_eq!(
        to_string(&json!({ key.as_str(): 1 })),
        format!("{key}: 1\n")
    );
    let long = "k".repeat(129);
    let printed = to_string(&json!({ long.as_str(): { "a": [1] }, "b\nc": [2] }));
    assert_eq!(
        printed,
        format!("? |-\n  b\n  c\n: - 2\n? {long}\n: a:\n  - 1\n")
    );
}

#[test]
fn numbers_are_written_as_go_does() {
    for (number, printed) in [
        (json!(1.5), "1.5"),
        (json!(3.0), "3"),
        (json!(0.0001), "0.0001"),
        (json!(0.00001), "1e-05"),
        (json!(1_234_567.5), "1.2345675e+06"),
        (json!(1e300), "1e+300"),
        (json!(-7), "-7"),
        (json!(u64::MAX), "18446744073709551615"),
    ] {
        assert_eq!(to_string(&json!([number])), format!("- {printed}\n"));
    }
}
