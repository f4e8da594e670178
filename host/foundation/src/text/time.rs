//! Times in the form in which Kubernetes reads and writes them.
use jiff::Timestamp;
use regex::Regex;
use std::sync::LazyLock;

static RFC_3339: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d{4}-\d\d-\d\d)T(\d{1,2}):(\d\d):([0-5]\d)([.,]\d+)?(Z|[-+]\d\d:\d\d)$")
        .expect("a valid pattern")
});

/// Returns a time of RFC 3339 in UTC, without parts of seconds, as Kubernetes writes it. `None` if
/// the text is not such a time. A space in place of the `T`, or small letters, are not allowed.
pub fn canonical(text: &str) -> Option<String> {
    let parts = RFC_3339.captures(text)?;
    let (date, hour, minute, second, zone) =
        (&parts[1], &parts[2], &parts[3], &parts[4], &parts[6]);
    let time: Timestamp = format!("{date}T{hour:0>2}:{minute}:{second}{zone}")
        .parse()
        .ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn times_are_read_as_go_reads_them() {
        let read = [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.75Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
            ("2026-01-02T3:04:05Z", "2026-01-02T03:04:05Z"),
        ];
        for (text, expected) in read {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "soon",
            "2026-01-02",
            "2026-01-02 03:04:05Z",
            "2026-01-02t03:04:05z",
            "2026-02-30T03:04:05Z",
            "2026-01-02T03:04:60Z",
            "2026-01-02T03:04:05",
        ] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
