use super::*;

#[test]
fn a_reference_has_registry_name_and_tag_or_digest() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    for (text, registry, repository, tag, by) in [
        (
            "registry.example:5000/team/x:1.0",
            "registry.example:5000",
            "team/x",
            Some("1.0"),
            None,
        ),
        ("[::1]:5000/x:tag", "[::1]:5000", "x", Some("tag"), None),
        (
            &format!("registry.example/x@{digest}"),
            "registry.example",
            "x",
            None,
            Some(&digest),
        ),
        (
            &format!("registry.example/x:1@{digest}"),
            "registry.example",
            "x",
            Some("1"),
            Some(&digest),
        ),
    ] {
        let parsed = Reference::parse(text).unwrap();
        assert_eq!(
            (
                parsed.registry.to_string().as_str(),
                parsed.repository.as_str()
            ),
            (registry, repository)
        );
        assert_eq!((parsed.tag.as_deref(), parsed.digest.as_ref()), (tag, by));
        assert_eq!(parsed.to_string(), format!("oci://{text}"));
    }
    for (text, why) in [
        ("x:1", "names no artifact"),
        ("registry.example/x", "names no tag"),
        ("registry.example:5000/x", "names no tag"),
        ("registry.example/X:1", "is not the name of an artifact"),
        ("registry.example/x:1?y", "is not the name of an artifact"),
        ("registry.example/../x:1", "is not the name of an artifact"),
        ("registry.example/x%2fy:1", "is not the name of an artifact"),
        (
            "registry.example/x@sha256:00",
            "is not the name of an artifact",
        ),
        ("me@registry.example/x:1", "is not a registry"),
        ("registry.example:99999/x:1", "is not a registry"),
        ("\u{1b}[2J/x:1", "is not a registry"),
    ] {
        let refused = Reference::parse(text).unwrap_err().to_string();
        assert!(
            refused.contains(why) && !refused.contains('\u{1b}'),
            "{text}: {refused}"
        );
    }
}

#[test]
fn only_loopback_registries_are_asked_over_plain_http() {
    for (text, url) in [
        ("localhost:5000", "http://localhost:5000/v2/"),
        ("127.0.0.1", "http://127.0.0.1/v2/"),
        ("127.8.8.8:443", "http://127.8.8.8:443/v2/"),
        ("[::1]:5000", "http://[::1]:5000/v2/"),
        (
            "localhost.example:5000",
            "https://localhost.example:5000/v2/",
        ),
        ("127.0.0.1.example", "https://127.0.0.1.example/v2/"),
        ("10.0.0.1:80", "https://10.0.0.1:80/v2/"),
        ("[::2]:443", "https://[::2]/v2/"),
        ("docker.io", "https://registry-1.docker.io/v2/"),
    ] {
        assert_eq!(
            Registry::parse(text).unwrap().url().unwrap().as_str(),
            url,
            "{text}"
        );
    }
}
