use super::{parse_bytes, refusal, to_canonical};

#[test]
fn quantities_are_told_from_other_texts() {
    for text in [
        "0",
        "7",
        "-7",
        "+7",
        ".5",
        "5.",
        "1.5",
        "1Gi",
        "0.5Ki",
        "2k",
        "100m",
        "3u",
        "1E",
        "1e3",
        "1E-2",
        "1e+20",
        "99999999999999999999999999999999999999999",
    ] {
        assert_eq!(refusal(text), None, "{text}");
    }
    for (text, word) in [
        ("", "regular expression"),
        ("abc", "regular expression"),
        ("1 Gi", "regular expression"),
        ("1.2.3", "regular expression"),
        ("0x1F", "regular expression"),
        ("1,000", "regular expression"),
        ("1:30", "regular expression"),
        ("true", "regular expression"),
        ("1K", "suffix"),
        ("1GiB", "regular expression"),
        ("1e", "suffix"),
        ("5m5", "suffix"),
    ] {
        assert!(
            refusal(text).is_some_and(|why| why.contains(word)),
            "{text}"
        );
    }
}

#[test]
fn quantities_are_written_as_kubernetes_does() {
    for (text, written) in [
        ("0.5", "500m"),
        ("1", "1"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("250m", "250m"),
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("1.5Gi", "1536Mi"),
        ("2147483648", "2147483648"),
        ("1000", "1k"),
        ("10000", "10k"),
        ("1e3", "1e3"),
        ("-5", "-5"),
        ("0", "0"),
        ("0.0000000001", "1n"),
    ] {
        assert_eq!(to_canonical(text).as_deref(), Some(written), "{text}");
    }
    for bad in [
        "",
        "x",
        "1.2.3",
        "5 Gi",
        "1e",
        ".",
        "99999999999999999999999999999999999999999",
    ] {
        assert_eq!(to_canonical(bad), None, "{bad}");
    }
}

#[test]
fn quantities_of_bytes_are_whole() {
    for (text, count) in [
        ("32Mi", 32 << 20),
        ("1.5Ki", 1536),
        ("33554432", 32 << 20),
        ("1k", 1000),
        ("1e3", 1000),
        ("2000m", 2),
    ] {
        assert_eq!(parse_bytes(text), Some(count), "{text}");
    }
    for bad in ["-1", "1m", "0.3Ki", "x", "100E"] {
        assert_eq!(parse_bytes(bad), None, "{bad}");
    }
}
