use super::{canonical, parse_bytes};

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
        assert_eq!(canonical(text).as_deref(), Some(written), "{text}");
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
        assert_eq!(canonical(bad), None, "{bad}");
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
