use super::*;

/// Whether a URL is reached by a proxy if `NO_PROXY` has this value.
fn has_proxy(no_proxy: &str, url: &str) -> bool {
    let environment = [("HTTPS_PROXY", "proxy:3128"), ("NO_PROXY", no_proxy)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    proxy_for(&environment, &Url::parse(url).unwrap()).is_some()
}

#[test]
fn the_proxy_is_the_one_that_go_chooses() {
    assert!(has_proxy("", "https://192.0.2.2"));
    for (no_proxy, url) in [
        ("192.0.2.0/24", "https://192.0.2.2"),
        ("192.0.2.2", "https://192.0.2.2"),
        ("example.com", "https://a.example.com"),
        (".example.com", "https://a.example.com"),
        ("*", "https://x"),
        ("example.com:8443", "https://example.com:8443"),
        ("2001:db8::/32", "https://[2001:db8::1]"),
        ("192.000.002.000/024", "https://192.0.2.2"),
        ("::ffff:192.0.2.0/120", "https://192.0.2.2"),
        ("::ffff:192.0.2.2", "https://192.0.2.2"),
        ("192.0.2.2:443", "https://192.0.2.2"),
        ("[2001:db8::1]:443", "https://[2001:db8::1]"),
        ("*.example.com", "https://a.example.com"),
        (" 10.0.0.0/8 , Example.COM ", "https://example.com"),
        ("", "https://127.0.0.1"),
        ("", "http://anything"),
    ] {
        assert!(!has_proxy(no_proxy, url), "{no_proxy} {url}");
    }
    for (no_proxy, url) in [
        (".example.com", "https://example.com"),
        ("example.com:1", "https://example.com"),
        ("10.0.0.0/8", "https://192.0.2.2"),
        ("10.0.0.0/8 /", "https://10.0.0.1"),
        ("192.000.002.002", "https://192.0.2.2"),
        ("192.0.2.2:0443", "https://192.0.2.2"),
        ("192.0.2.2:", "https://192.0.2.3"),
        ("2", "https://192.0.2.2"),
        (":443", "https://example.com"),
        ("*example.com", "https://an-example.com"),
        ("*.example.com", "https://example.com"),
    ] {
        assert!(has_proxy(no_proxy, url), "{no_proxy} {url}");
    }
}
