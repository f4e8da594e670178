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

fn to_strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect::<Vec<_>>()
}

fn covers_line(pattern: &[&str], program: &str, arguments: &[&str]) -> bool {
    covers_command(
        &to_strings(pattern),
        &CommandLine::parse(program, &to_strings(arguments)).unwrap(),
    )
}

#[test]
fn a_command_is_covered_argument_by_argument() {
    assert!(covers_line(
        &["cat", "/x/granted/**"],
        "cat",
        &["/x/granted/a/b"]
    ));
    assert!(!covers_line(
        &["cat", "/x/granted/**"],
        "cat",
        &["/x/granted/../secret/ca.key"]
    ));
    assert!(
        !covers_line(&["cat", "*"], "cat", &["--help"])
            && covers_line(&["uname", "-*"], "uname", &["-r"])
    );
    assert!(!covers_line(&["env", "touch x"], "env", &["touch", "x"]));
    assert!(!covers_line(
        &["systemctl", "is-active", "*"],
        "/tmp/systemctl",
        &["is-active", "kubelet"]
    ));
}

fn covers(pattern: &str, url: &str) -> bool {
    covers_url(pattern, &HttpUrl::parse(url).unwrap())
}

#[test]
fn a_url_is_covered_by_host_and_port() {
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
