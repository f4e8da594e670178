//! Go's notation.
use super::*;

#[test]
fn reads_and_writes_as_go_does() {
    for (text, printed) in [
        ("8760h", "8760h0m0s"),
        ("1h30m", "1h30m0s"),
        ("1.5h", "1h30m0s"),
        ("-5s", "-5s"),
        ("0", "0s"),
        ("500ms", "500ms"),
        ("1.5s", "1.5s"),
        ("90s", "1m30s"),
        ("1us", "1\u{b5}s"),
        (".5s", "500ms"),
    ] {
        assert_eq!(
            text.parse::<Duration>().unwrap().to_string(),
            printed,
            "{text}"
        );
    }
    for bad in ["", "5", "h", "1d", "1 s", "9999999999h"] {
        assert!(bad.parse::<Duration>().is_err(), "{bad}");
    }
}
