//! Times in the form in which Kubernetes reads and writes them.
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use regex::Regex;
use std::sync::LazyLock;

/// The form of a time of RFC 3339, a regular expression. Days that do not exist have the form, too.
pub const PATTERN: &str = concat!(
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-5][0-9])",
    r"([.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})$"
);

static RFC_3339: LazyLock<Regex> = LazyLock::new(|| Regex::new(PATTERN).expect("a valid pattern"));

/// Returns a time of RFC 3339 in UTC, without parts of seconds, as Kubernetes writes it. `None` if
/// the text is not such a time. A space in place of the `T`, or small letters, are not allowed.
pub fn to_canonical(text: &str) -> Option<String> {
    Some(
        parse_in_utc(text)?
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
    )
}

/// Parses a time of RFC 3339 in whole seconds; `None` if the text is not such a time. The last two
/// days of the year 9999, with which users write "never", count as [`Timestamp::MAX`].
pub fn parse(text: &str) -> Option<Timestamp> {
    let time = parse_in_utc(text)?.to_zoned(TimeZone::UTC);
    Some(time.map_or(Timestamp::MAX, |time| time.timestamp()))
}

fn parse_in_utc(text: &str) -> Option<DateTime> {
    let parts = RFC_3339.captures(text)?;
    let (date, hour, minute, second) = (&parts[1], &parts[2], &parts[3], &parts[4]);
    let time: DateTime = format!("{date}T{hour:0>2}:{minute}:{second}")
        .parse()
        .ok()?;
    let zone = &parts[6];
    if zone == "Z" {
        return Some(time);
    }
    let (hours, minutes) = zone[1..].split_once(':')?;
    let offset = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    let signed = if zone.starts_with('-') {
        -offset
    } else {
        offset
    };
    time.checked_sub(SignedDuration::from_secs(signed)).ok()
}

#[cfg(test)]
mod tests {
    use super::{parse, to_canonical};
    use jiff::Timestamp;

    #[test]
    fn times_are_read_as_go_reads_them() {
        let read = [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.75Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
            ("2026-01-02T03:04:05-00:30", "2026-01-02T03:34:05Z"),
            ("2026-01-02T3:04:05Z", "2026-01-02T03:04:05Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ];
        for (text, expected) in read {
            assert_eq!(to_canonical(text).as_deref(), Some(expected), "{text}");
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
            "2026-01-02T03:04Z",
        ] {
            assert_eq!(to_canonical(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_that_means_never_is_the_last_one() {
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Timestamp::MAX));
        assert_eq!(
            parse("1970-01-01T01:00:00+01:00"),
            Some(Timestamp::UNIX_EPOCH)
        );
    }
}
