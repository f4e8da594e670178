use super::*;

/// Returns texts with characters that have a meaning in URLs, and every ASCII character between two
/// letters.
fn texts() -> Vec<String> {
    let tricks = [
        "",
        ".",
        "..",
        "a",
        "kube-system/secrets?x=",
        "a?b",
        "a#b",
        "a/b",
        "/",
        "//",
        "a%2fb",
        "%2e%2e",
        "%",
        "a%",
        "..;",
        "a\\b",
        " ",
        "\u{202e}",
        "a\0b",
        "a\nb",
        "a\tb",
        "ä",
        "日本",
        "system:node:a",
        "a&b=c",
        "http://x/",
        "@",
        "[::1]",
        "\u{fffd}",
        "a+b",
    ];
    let between = (0..=127).map(|byte| format!("a{}b", char::from(byte)));
    tricks
        .into_iter()
        .map(str::to_owned)
        .chain(between)
        .chain(["x".repeat(1 << 20)])
        .collect()
}

/// Returns the segments that a server sees, or `None` if the path was refused.
fn decoded_segments(path: WorldResult<String>) -> Option<Vec<String>> {
    let url = url::Url::parse(&format!("https://server{}", path.ok()?)).unwrap();
    assert_eq!(
        (url.query(), url.fragment(), url.host_str()),
        (None, None, Some("server"))
    );
    Some(url.path_segments().unwrap().map(decode).collect())
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

/// Whether a text cannot be a segment of a path.
fn is_refused(text: &str) -> bool {
    matches!(text, "" | "." | "..")
}

fn custom_resource(plural: &str) -> ApiResource {
    ApiResource::Custom {
        prefix: "/apis/example.com/v1".into(),
        plural: plural.into(),
        namespaced: true,
    }
}

#[test]
fn a_namespace_or_name_is_one_segment_of_a_path() {
    let known = ApiResource::Known(find_by_kind("v1", "ConfigMap").unwrap());
    let custom = custom_resource("things");
    for text in texts() {
        for (kind, head, plural) in [
            (&known, ["api", "v1"].as_slice(), "configmaps"),
            (&custom, &["apis", "example.com", "v1"], "things"),
        ] {
            for (namespace, name) in [(text.as_str(), "n"), ("ns", text.as_str())] {
                let segments = decoded_segments(kind.path(Some(namespace), Some(name)));
                let expected = [head, &["namespaces", namespace, plural, name]].concat();
                let expected = expected.iter().map(ToString::to_string).collect();
                assert_eq!(
                    segments,
                    (!is_refused(&text)).then_some(expected),
                    "{text:.80}"
                );
            }
        }
    }
}

#[test]
fn the_name_of_a_custom_resource_is_one_segment_of_a_path() {
    for text in texts() {
        let path = custom_resource(&text).path(None, None);
        assert_eq!(
            decoded_segments(path).map(|segments| segments.len()),
            (!is_refused(&text)).then_some(4),
            "{text:.80}"
        );
    }
}

#[test]
fn an_api_version_has_one_or_two_segments() {
    for text in texts() {
        let slashes = text.matches('/').count();
        if let Some(segments) = decoded_segments(prefix_of(&text)) {
            assert_eq!(segments.len(), slashes + 2, "{text:.80}");
        }
    }
    for text in ["a/b/c", "/v1", "../v1"] {
        assert!(prefix_of(text).is_err(), "{text}");
    }
}
