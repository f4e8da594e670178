use super::*;

#[test]
fn a_pattern_has_no_wildcards_but_one_and_two_stars() {
    for good in [
        "/etc/*",
        "/etc/**",
        "/a/**/b",
        "*.example.com:8443",
        "[::1]:*",
        "system:coredns",
        "net.ipv4.*",
    ] {
        assert_eq!(check_pattern(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "/{opt,etc/cron.d}/x",
        "/etc/[a-z]",
        "/etc/?",
        "/etc/\\*",
        "/a/**b",
        "/a\u{1b}",
        "/opt/\u{430}pp",
        "/opt/\u{3164}",
        "/a/b**",
    ] {
        assert!(check_pattern(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_command_is_covered_argument_by_argument() {
    let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let covers = |pattern: &[&str], program: &str, arguments: &[&str]| {
        covers_command(
            &texts(pattern),
            &CommandLine::parse(program, &texts(arguments)).unwrap(),
        )
    };
    assert!(covers(
        &["cat", "/x/granted/**"],
        "cat",
        &["/x/granted/a/b"]
    ));
    assert!(!covers(
        &["cat", "/x/granted/**"],
        "cat",
        &["/x/granted/../secret/ca.key"]
    ));
    assert!(
        !covers(&["cat", "*"], "cat", &["--help"]) && covers(&["uname", "-*"], "uname", &["-r"])
    );
    assert!(!covers(&["env", "touch x"], "env", &["touch", "x"]));
    assert!(!covers(
        &["systemctl", "is-active", "*"],
        "/tmp/systemctl",
        &["is-active", "kubelet"]
    ));
}

#[test]
fn a_url_is_covered_by_host_and_port() {
    let covers = |pattern: &str, url: &str| covers_url(pattern, &HttpUrl::parse(url).unwrap());
    for (pattern, url) in [
        ("*.k8s.io", "https://dl.k8s.io/x"),
        ("*.k8s.io", "http://dl.k8s.io"),
        ("127.0.0.1:2379", "http://127.0.0.1:2379/version"),
        ("[::1]:*", "https://[::1]:6443/"),
        ("b.example:443", "https://b.example/"),
    ] {
        assert!(covers(pattern, url), "{pattern} {url}");
    }
    for (pattern, url) in [
        ("*.k8s.io", "https://dl.k8s.io:8443/"),
        ("127.0.0.1:2379", "https://127.0.0.1/"),
        ("*.k8s.io", "https://k8s.io.evil/"),
        ("b.example:443", "http://b.example/"),
    ] {
        assert!(!covers(pattern, url), "{pattern} {url}");
    }
}
