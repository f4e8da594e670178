use super::*;
use crate::text::sanitise::is_trick;
use kubephase_wit::ObjectRef;

/// Texts that mean more than one name to some parser: options, paths, queries, escapes, invisible
/// characters.
const HOSTILE: &[&str] = &[
    "",
    "-x",
    "--host=x",
    "/",
    "//",
    "?",
    "#",
    "%2f",
    "%2e%2e",
    ".",
    "..",
    "../..",
    "a/../b",
    "a b",
    "a\nb",
    "a\0b",
    "\u{1b}[2J",
    "\u{202e}x",
    "a?b",
    "a#b",
    "a%2fb",
    "a/b",
    "a\\b",
    "http://u:p@h/",
    "file:///etc/passwd",
    "\u{feff}a",
];

fn long() -> String {
    "a".repeat(1 << 20)
}

#[test]
fn a_name_is_one_word_that_is_not_an_option() {
    for text in HOSTILE
        .iter()
        .map(|text| (*text).to_owned())
        .chain([long()])
    {
        for parsed in [
            UnitName::parse(&text).map(String::from),
            ModuleName::parse(&text).map(String::from),
            KernelOption::parse(&text).map(String::from),
            HostName::parse(&text).map(String::from),
        ] {
            assert!(parsed.is_err(), "{text:?} gave {parsed:?}");
        }
    }
    assert_eq!(
        UnitName::parse("getty@tty1.service").unwrap().as_str(),
        "getty@tty1.service"
    );
    assert_eq!(
        HostName::parse("2001:db8::1").unwrap().as_str(),
        "2001:db8::1"
    );
}

#[test]
fn messages_escape_and_shorten_the_text_that_they_quote() {
    let message = UnitName::parse("\u{1b}[2J\u{202e}").unwrap_err();
    assert!(!message.chars().any(is_trick), "{message}");
    assert!(UnitName::parse(&long()).unwrap_err().len() < 300);
}

#[test]
fn an_absolute_path_has_one_spelling() {
    for (text, path) in [("/a//b/./c/", "/a/b/c"), ("/", "/"), ("/a/b", "/a/b")] {
        assert_eq!(AbsolutePath::parse(text).unwrap().as_str(), path);
    }
    for text in ["", "a", "./a", "/a/../b", "/..", "/a\0b", "/a\u{1b}b"] {
        assert!(AbsolutePath::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(
        AbsolutePath::clean("/a/../../b/c/..").unwrap().as_str(),
        "/b"
    );
    assert!(AbsolutePath::parse(&format!("/{}", long())).is_err());
}

fn nested_path(components: usize) -> String {
    "/a".repeat(components)
}

#[test]
fn a_path_of_a_plugin_is_not_deeper_than_files_of_a_node_are() {
    assert!(AbsolutePath::parse(&nested_path(32)).is_ok());
    let refused = AbsolutePath::parse(&nested_path(33)).unwrap_err();
    assert!(refused.contains("more than 32 components"), "{refused}");
    assert!(
        AbsolutePath::clean(&nested_path(33)).is_ok(),
        "a path of the operator may be deeper"
    );
}

#[test]
fn a_file_name_is_one_component() {
    for text in ["", ".", "..", "a/b", "/", "a\0", "a\nb"] {
        assert!(FileName::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(
        FileName::parse("apiserver-etcd-client").unwrap().as_str(),
        "apiserver-etcd-client"
    );
}

#[test]
fn a_kernel_parameter_has_one_spelling_and_stays_below_proc_sys() {
    for (text, key, path) in [
        (
            "net.ipv4.ip_forward",
            "net.ipv4.ip_forward",
            "net/ipv4/ip_forward",
        ),
        (
            "net/ipv4/ip_forward",
            "net.ipv4.ip_forward",
            "net/ipv4/ip_forward",
        ),
        (
            "net.ipv4.conf.eth0/100.forwarding",
            "net.ipv4.conf.eth0/100.forwarding",
            "net/ipv4/conf/eth0.100/forwarding",
        ),
    ] {
        let parsed = SysctlKey::parse(text).unwrap();
        assert_eq!((parsed.as_str(), parsed.path().as_str()), (key, path));
    }
    for text in HOSTILE
        .iter()
        .copied()
        .filter(|text| *text != "a/b")
        .chain([
            "a..b",
            "a.//.b",
            "/proc/x",
            "a./.b",
            "a.-b",
            "./a",
            "kernel/../x",
        ])
    {
        assert!(SysctlKey::parse(text).is_err(), "{text:?}");
    }
    let long = SysctlKey::parse(&"a".repeat(257)).unwrap_err();
    assert!(long.contains("at most 256 bytes"), "{long}");
}

#[test]
fn a_url_has_a_host_and_no_credentials() {
    for text in [
        "",
        "example.com",
        "ftp://example.com",
        "http://",
        "http://u@example.com",
        "http://:p@example.com",
        "http://a b",
        "http:\\\\x",
        "http://x/\r\nHost: y",
    ] {
        assert!(HttpUrl::parse(text).is_err(), "{text:?}");
        assert!(check_server(text).is_err(), "{text:?}");
    }
    let url = HttpUrl::parse("https://[2001:db8::1]:6443/a/../b").unwrap();
    assert_eq!(
        (url.as_str(), url.host().as_str(), url.port()),
        ("https://[2001:db8::1]:6443/b", "2001:db8::1", 6443)
    );
    for refusal in [
        HttpUrl::parse("https://u:secret@x").unwrap_err(),
        check_server("https://u:secret@x").unwrap_err(),
    ] {
        assert!(!refusal.contains("secret"), "{refusal}");
    }
}

#[test]
fn a_server_in_a_file_may_have_every_name_that_kubernetes_takes() {
    for text in [
        "https://api.example:6443",
        "https://7.8.9.10.11:6443",
        "https://333.0.2.1:6443",
        "https://[::ffff:192.0.2.1]:6443",
        "https://192.0.2.09:06443/base",
        "https://[2001:db8::00001]:6443",
    ] {
        check_server(text).unwrap();
    }
}

fn command_line(program: &str, arguments: &[&str]) -> Result<CommandLine, String> {
    CommandLine::parse(
        program,
        &arguments
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
    )
}

#[test]
fn a_program_is_a_name_or_a_path_and_arguments_are_not_split_or_joined() {
    assert_eq!(
        command_line("chronyc", &["tracking"]).unwrap().to_string(),
        "chronyc tracking"
    );
    assert_ne!(
        command_line("env", &["touch x"]).unwrap().to_string(),
        command_line("env", &["touch", "x"]).unwrap().to_string()
    );
    for program in ["", "-c", "a b", "./x", "../x", "a/b", "/a/../b", "x\0"] {
        assert!(command_line(program, &[]).is_err(), "{program:?}");
    }
    assert!(command_line("x", &["a\0b"]).is_err() && command_line("x", &["\u{1b}"]).is_err());
    assert!(command_line("x", &[&long()]).is_err() && command_line("x", &["a"; 300]).is_err());
}

fn object_name(
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
) -> Result<ObjectName, String> {
    ObjectName::parse(&ObjectRef {
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: namespace.map(str::to_owned),
        name: name.into(),
    })
}

#[test]
fn every_part_of_an_object_name_is_one_url_segment() {
    assert!(
        object_name(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            None,
            "system:coredns"
        )
        .is_ok()
    );
    assert!(object_name("v1", "ConfigMap", Some("kube-system"), "kubeadm-config").is_ok());
    for text in HOSTILE.iter().copied().chain(["kube-system/secrets?x="]) {
        assert!(
            object_name("v1", "ConfigMap", Some(text), "x").is_err(),
            "namespace {text:?}"
        );
        assert!(
            object_name("v1", "ConfigMap", None, text).is_err(),
            "name {text:?}"
        );
        assert!(object_name("v1", text, None, "x").is_err(), "kind {text:?}");
        assert!(
            object_name(text, "ConfigMap", None, "x").is_err() || text == "a/b",
            "apiVersion {text:?}"
        );
    }
}

#[test]
fn tricks_in_a_text_become_escapes_and_a_long_text_is_cut() {
    let text = Text::parse(&format!("\u{1b}[2J\u{202e}\n{}", long())).unwrap();
    assert!(
        text.starts_with("\\u{1b}[2J\\u{202e}\n") && text.len() < Text::LONGEST + 64,
        "{}",
        text.len()
    );
    assert!(!text.chars().any(|c| is_trick(c) && c != '\n'));
}

#[test]
fn a_line_is_one_line_of_visible_characters() {
    let line = Line::parse(" It\u{a0} is\n\n  needed,\tÄpfel.\n").unwrap();
    assert_eq!(line.as_str(), "It is needed, Äpfel.");
    assert_eq!(Line::parse("").unwrap(), Line::default());
    for trick in [
        "\u{1b}", "\u{3164}", "\u{2800}", "\u{115f}", "\u{34f}", "\u{fe0f}", "\u{202e}",
    ] {
        let refused = Line::parse(&format!("a{trick}b")).unwrap_err();
        assert!(refused.contains("U+"), "{refused}");
    }
    assert!(Line::parse(&"x".repeat(Line::LONGEST)).is_ok());
    assert!(Line::parse(&"x".repeat(Line::LONGEST + 1)).is_err());
}

#[test]
fn phase_ids_and_finding_codes_have_no_special_characters() {
    assert!(
        PhaseId::parse("preflight/time-sync").is_ok()
            && FindingCode::parse("FileAvailable--etc-kubernetes-manifests-etcd.yaml").is_ok()
    );
    for text in [
        "", "/", "a//b", "A", "a b", "\u{1b}", "a\nb", "-", "a/", "../a",
    ] {
        assert!(PhaseId::parse(text).is_err(), "{text:?}");
    }
    for text in ["", "-", "a b", "\u{1b}", "a\nb", "a]", "[x"] {
        assert!(FindingCode::parse(text).is_err(), "{text:?}");
    }
}
