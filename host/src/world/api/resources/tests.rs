use super::*;

/// Texts that a URL could take for something else, and every ASCII character between two
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

/// The segments that a server sees, or none where the path was refused.
fn seen(path: Tried<String>) -> Option<Vec<String>> {
    let url = url::Url::parse(&format!("https://server{}", path.ok()?)).unwrap();
    assert_eq!(
        (url.query(), url.fragment(), url.host_str()),
        (None, None, Some("server"))
    );
    let decode = |segment: &str| {
        percent_encoding::percent_decode_str(segment)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    Some(url.path_segments().unwrap().map(decode).collect())
}

#[test]
fn a_path_has_the_segments_that_were_meant_whatever_a_name_is() {
    let found = Kind::Found {
        prefix: "/apis/example.com/v1".into(),
        plural: "things".into(),
        namespaced: true,
    };
    for text in texts() {
        let refused = matches!(text.as_str(), "" | "." | "..");
        for (kind, head) in [
            (
                &Kind::Known(by_kind("v1", "ConfigMap").unwrap()),
                ["api", "v1"].as_slice(),
            ),
            (&found, ["apis", "example.com", "v1"].as_slice()),
        ] {
            let plural = if head.len() == 2 {
                "configmaps"
            } else {
                "things"
            };
            let expected = |rest: &[&str]| {
                Some(
                    head.iter()
                        .chain(rest)
                        .map(ToString::to_string)
                        .collect::<Vec<_>>(),
                )
            };
            let (in_namespace, of_name) = (
                seen(kind.path(Some(&text), Some("n"))),
                seen(kind.path(Some("ns"), Some(&text))),
            );
            let meant = (
                expected(&["namespaces", &text, plural, "n"]),
                expected(&["namespaces", "ns", plural, &text]),
            );
            assert_eq!(
                (in_namespace, of_name),
                if refused { (None, None) } else { meant },
                "{:.80}",
                text
            );
        }
        let odd = Kind::Found {
            prefix: "/apis/example.com/v1".into(),
            plural: text.clone(),
            namespaced: false,
        };
        assert_eq!(seen(odd.path(None, None)).is_none(), refused, "{text:.80}");
        let slashes = text.matches('/').count();
        if let Some(segments) = seen(prefix_of(&text)) {
            assert_eq!(segments.len(), slashes + 2, "{text:.80}");
        }
    }
    assert!(
        prefix_of("a/b/c").is_err() && prefix_of("/v1").is_err() && prefix_of("../v1").is_err()
    );
}
