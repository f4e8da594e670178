//! URLs.
use super::*;

#[test]
fn urls_are_taken_apart() {
    let parts = |text: &str| {
        let url = Url::parse(text).unwrap_or_else(|why| panic!("{text:?}: {why}"));
        [url.scheme(), url.host(), url.port(), url.path()].join(" ")
    };
    assert_each(
        parts,
        [
            ("https://e:2379", "https e 2379 "),
            ("HTTPS://E/a%20b?c%zz", "https E  /a b"),
            ("https://e:", "https e  "),
            ("https://e:99999/", "https e 99999 /"),
            ("https://e#part", "https e  "),
            ("https://[fe80::1%25en%20o]:1", "https fe80::1%en o 1 "),
            (
                "https://[::ffff:198.51.100.7]",
                "https ::ffff:198.51.100.7  ",
            ),
            ("https://user:pass%40@e:1", "https e 1 "),
            ("https://a@b:c@e", "https e  "),
            ("https://198.51.100.07", "https 198.51.100.07  "),
            ("https://7.8.9", "https 7.8.9  "),
            ("https://a,b<>\"c", "https a,b<>\"c  "),
            ("https://%C3%A9", "https é  "),
            ("https://é", "https é  "),
            ("db://a:1,b:2", "db a:1,b 2 "),
            ("https:///x", "https   /x"),
            ("https://", "https   "),
            ("https:/", "https   /"),
            ("https:", "https   "),
            ("e:2379", "e   "),
            ("e:%zz", "e   "),
            ("unix:///run/a b.sock", "unix   /run/a b.sock"),
            ("unix+x:///run", "unix+x   /run"),
            ("//e/x", " e  /x"),
            ("///e", "   ///e"),
            ("/run/x:y", "   /run/x:y"),
            ("run/x:y", "   run/x:y"),
            ("run x", "   run x"),
            ("*", "   *"),
            ("", "   "),
        ]
        .map(|(text, wanted)| (text, wanted.to_owned())),
    );
}

#[test]
fn a_user_stands_before_the_host_and_nowhere_else() {
    for (text, has_user) in [
        ("https://me@e", true),
        ("https://me:pass@e", true),
        ("https://@e", true),
        ("https://e/a@b", false),
        ("https://e?a@b", false),
        ("https:/me@e", false),
        ("mailto:me@e", false),
    ] {
        assert_eq!(Url::parse(text).unwrap().has_user(), has_user, "{text}");
    }
}

#[test]
fn a_text_that_is_no_url_is_refused_with_the_reason() {
    let why = |text: &str| Url::parse(text).err().unwrap_or_default();
    assert_each(
        why,
        [
            ("https://e/%zz", "invalid URL escape \"%zz\""),
            ("https://e/%2", "invalid URL escape \"%2\""),
            ("https://e/%", "invalid URL escape \"%\""),
            ("https://e#%zz", "invalid URL escape \"%zz\""),
            ("https://e%zz", "invalid URL escape \"%zz\""),
            ("https://%41", "invalid URL escape \"%41\""),
            ("https://u%zz@e", "invalid URL escape \"%zz\""),
            ("https://[fe80::1%en0]", "invalid URL escape \"%en\""),
            ("https://[fe80::1%25%00]", "invalid URL escape \"%00\""),
            ("https://e:1 ", "invalid port \":1 \" after host"),
            ("https://e:+1", "invalid port \":+1\" after host"),
            ("https://e:1:2", "invalid port \":1:2\" after host"),
            ("https://fd12::1", "invalid port \"::1\" after host"),
            ("https://[fd12::1]x", "invalid port \"x\" after host"),
            ("https://a:1,b:2", "invalid port \":1,b:2\" after host"),
            ("https://e ", "invalid character \" \" in host name"),
            ("https://e|f", "invalid character \"|\" in host name"),
            ("https://u v@e", "net/url: invalid userinfo"),
            ("https://ü@e", "net/url: invalid userinfo"),
            ("https://[fd12::1", "missing ']' in host"),
            ("https://e[fd12::1]", "invalid IP-literal"),
            ("https://[198.51.100.7]", "invalid IP-literal"),
            (
                " https://e",
                "first path segment in URL cannot contain colon",
            ),
            (
                "1https://e",
                "first path segment in URL cannot contain colon",
            ),
            ("a_b://e", "first path segment in URL cannot contain colon"),
            ("://e", "missing protocol scheme"),
            ("https://e\n", "net/url: invalid control character in URL"),
            (
                "https://e\u{7f}",
                "net/url: invalid control character in URL",
            ),
        ]
        .map(|(text, wanted)| (text, wanted.to_owned())),
    );
    for host in [
        "",
        "198.51.100.7",
        "::00001",
        "g::",
        "fe80::1%25",
        "::ffff:198.051.100.7",
    ] {
        let text = format!("https://[{host}]");
        assert!(Url::parse(&text).is_err(), "{text}");
    }
}
