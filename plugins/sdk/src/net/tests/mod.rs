//! The program accepts and refuses the texts that Go and Kubernetes accept and refuse.
mod urls;

use super::*;

/// Checks which texts a parser accepts, and which values it reads.
fn assert_each<T: PartialEq + std::fmt::Debug>(
    parse: impl Fn(&'static str) -> T,
    cases: impl IntoIterator<Item = (&'static str, T)>,
) {
    for (text, wanted) in cases {
        assert_eq!(parse(text), wanted, "{text:?}");
    }
}

fn address(text: &str) -> Option<String> {
    parse_address(text).map(|address| address.to_string())
}

#[test]
fn addresses_may_have_zeros_in_front_and_the_form_of_the_other_family() {
    assert_each(
        |text| address(text).unwrap_or_default(),
        [
            ("198.51.100.7", "198.51.100.7"),
            ("198.051.0100.007", "198.51.100.7"),
            ("000000000198.51.100.7", "198.51.100.7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("::FFFF:c633:6407", "198.51.100.7"),
            ("0:0:0:0:0:ffff:198.051.100.7", "198.51.100.7"),
            ("::", "::"),
            ("2001:DB8::000a", "2001:db8::a"),
            ("2001:db8::0000000a", "2001:db8::a"),
            ("2001:db8:1:2:3:4:5::", "2001:db8:1:2:3:4:5:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("64:ff9b::198.51.100.7", "64:ff9b::c633:6407"),
            ("1:2:3:4:5:6:198.51.100.7", "1:2:3:4:5:6:c633:6407"),
        ]
        .map(|(text, wanted)| (text, wanted.to_owned())),
    );
}

#[test]
fn what_looks_like_an_address_need_not_be_one() {
    for text in [
        "",
        ".",
        ":",
        ":::",
        "198.51.100",
        "198.51.100.7.1",
        "198.51..7",
        "198.51.100.",
        "198.51.100.256",
        "198.51.100.16777215",
        "198.51.100.4294967296",
        "198.51.100.+7",
        "198.51.100.0x7",
        "198.51.100.7 ",
        " 198.51.100.7",
        "198.51.100.7/24",
        "3325256711",
        "[2001:db8::1]",
        "2001:db8::1%eth0",
        "2001:db8::10000",
        "2001:db8::g",
        "2001:db8",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1::2::3",
        "1:2:3:4:5:198.51.100.7",
        "1:2:3:4:5:6:7:198.51.100.7",
        "::198.51.100.7:1",
        "::198.51.100",
        "1:",
        ":1",
        "１98.51.100.7",
    ] {
        assert_eq!(parse_address(text), None, "{text:?}");
    }
}

#[test]
fn networks_show_themselves_as_go_shows_them() {
    let show = |text: &str| {
        Network::parse(text).map(|network| {
            let family = if network.is_ipv4() { 4 } else { 6 };
            format!(
                "{network} {}/{} {family} {}",
                network.prefix(),
                network.width(),
                network.size()
            )
        })
    };
    assert_each(
        |text| show(text).unwrap_or_default(),
        [
            ("172.20.0.0/14", "172.20.0.0/14 14/32 4 262144"),
            ("172.020.3.4/014", "172.20.0.0/14 14/32 4 262144"),
            ("172.20.0.0/32", "172.20.0.0/32 32/32 4 1"),
            ("172.20.0.0/1", "128.0.0.0/1 1/32 4 0"),
            ("172.20.0.0/2", "128.0.0.0/2 2/32 4 1073741824"),
            ("0.0.0.0/0", "0.0.0.0/0 0/32 4 0"),
            ("fd12::/0066", "fd12::/66 66/128 6 4611686018427387904"),
            ("fd12::9/65", "fd12::/65 65/128 6 9223372036854775807"),
            ("fd12::/1", "8000::/1 1/128 6 0"),
            ("::ffff:172.20.0.0/110", "172.20.0.0/14 110/128 4 262144"),
            ("::ffff:172.20.0.0/95", "::fffe:0:0/95 95/128 6 8589934592"),
            ("172.20.0.0", ""),
            ("172.20.0.0/", ""),
            ("/14", ""),
            ("172.20.0.0/33", ""),
            ("172.20.0.0/+14", ""),
            ("172.20.0.0/14 ", ""),
            (" 172.20.0.0/14", ""),
            ("172.20.0.0/14/1", ""),
            ("172.20.0.0/255.252.0.0", ""),
            ("172.20/14", ""),
            ("fd12::/129", ""),
            ("[fd12::]/64", ""),
            ("fd12::%eth0/64", ""),
        ]
        .map(|(text, wanted)| (text, wanted.to_owned())),
    );
}

#[test]
fn addresses_of_a_network_are_counted_from_its_first() {
    let nth = |text: &str, index| {
        Network::parse(text)
            .and_then(|network| network.nth(index))
            .map(|address| address.to_string())
    };
    for (text, index, wanted) in [
        ("172.020.0.9/14", 10, Some("172.20.0.10")),
        ("fd12::/112", 10, Some("fd12::a")),
        ("::ffff:172.20.0.0/112", 1, Some("172.20.0.1")),
        ("0.0.0.0/0", 1, Some("0.0.0.1")),
        ("172.20.0.0/29", 10, None),
        ("255.255.255.255/32", 1, None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 1, None),
    ] {
        assert_eq!(nth(text, index).as_deref(), wanted, "{text} {index}");
    }
    let contains = |network: &str, address: &str| {
        let network = Network::parse(network).unwrap();
        network.contains(parse_address(address).unwrap())
    };
    assert!(contains("172.20.0.0/14", "::ffff:172.23.9.9"));
    assert!(contains("::ffff:172.20.0.0/110", "172.23.9.9"));
    assert!(!contains("172.20.0.0/14", "172.24.0.0"));
    assert!(!contains("::/0", "172.20.0.1"));
    assert!(contains("::/0", "fd12::1"));
}

#[test]
fn only_decimal_digits_are_a_port() {
    assert_each(
        parse_port,
        [
            ("8443", Some(8443)),
            ("0008443", Some(8443)),
            ("65535", Some(65535)),
            ("65536", None),
            ("0", None),
            ("", None),
            ("+8443", None),
            ("-1", None),
            (" 8443", None),
            ("8_443", None),
            ("0x1", None),
            ("http", None),
            ("８443", None),
            ("99999999999999999999999", None),
        ],
    );
}

#[test]
fn a_host_is_split_from_its_port_at_the_last_colon() {
    assert_each(
        split_host_port,
        [
            ("api:1", Ok(("api", "1"))),
            ("api:", Ok(("api", ""))),
            (":1", Ok(("", "1"))),
            ("[fd12::1]:x", Ok(("fd12::1", "x"))),
            ("[]:1", Ok(("", "1"))),
            ("", Err("missing port in address")),
            ("api", Err("missing port in address")),
            ("[fd12::1]", Err("missing port in address")),
            ("[fd12::1]x:1", Err("missing port in address")),
            ("fd12::1", Err("too many colons in address")),
            ("[fd12::1]:1:2", Err("too many colons in address")),
            ("[fd12::1:2", Err("missing ']' in address")),
            ("a[pi:1", Err("unexpected '[' in address")),
            ("[[fd12::1]:1", Err("unexpected '[' in address")),
            ("api]:1", Err("unexpected ']' in address")),
            ("[api]:1]", Err("unexpected ']' in address")),
        ],
    );
    assert_eq!(host_port("fd12::1", 1), "[fd12::1]:1");
    assert_eq!(host_port("api", "x"), "api:x");
}

#[test]
fn an_endpoint_is_an_address_or_a_name_and_may_have_a_port() {
    assert_each(
        |text| parse_endpoint(text).ok(),
        [
            ("api.example", Some(("api.example", None))),
            ("api.example:", Some(("api.example", None))),
            ("api.example:08443", Some(("api.example", Some("08443")))),
            ("198.51.100.09:1", Some(("198.51.100.09", Some("1")))),
            ("7.8.9", Some(("7.8.9", None))),
            ("fd12::1", Some(("fd12::1", None))),
            ("fd12::1:8443", Some(("fd12::1:8443", None))),
            ("[fd12::1]:1", Some(("fd12::1", Some("1")))),
            ("[api.example]:1", Some(("api.example", Some("1")))),
            ("[fd12::1]", None),
            ("[fd12::1%eth0]:1", None),
            ("api.example:+8443", None),
            ("api.example:0", None),
            ("api.example:65536", None),
            ("api.example:1 ", None),
            ("API.example:1", None),
            ("https://api.example", None),
            (":1", None),
            ("", None),
        ],
    );
}

#[test]
fn names_have_small_letters_and_a_length() {
    let long = |length: usize| "x".repeat(length);
    assert!(is_subdomain("a-1.example") && is_subdomain("7") && is_subdomain(&long(253)));
    for bad in [
        "", "A", "a.", ".a", "a..b", "-a", "a-", "a_b", "ä", "a\n", "*.a",
    ] {
        assert!(!is_subdomain(bad), "{bad:?}");
        assert!(!subdomain_problems(bad).is_empty(), "{bad:?}");
    }
    assert_eq!(subdomain_problems(&long(254)).len(), 1);
    assert_eq!(subdomain_problems(&"X".repeat(254)).len(), 2);
    for good in ["a.example", "*.example", &format!("*.{}", long(251))] {
        assert!(san_problems(good).is_empty(), "{good}");
    }
    for bad in [
        "*",
        "*.",
        "*.*.example",
        "a.*",
        "*.Example",
        &format!("*.{}", long(252)),
    ] {
        assert!(!san_problems(bad).is_empty(), "{bad}");
    }
}

#[test]
fn no_text_makes_a_parser_panic() {
    let odd = "01.:/[]%2x@#?* é\u{0}+-f";
    let characters: Vec<char> = odd.chars().collect();
    // A sequence without a pattern, which is the same in every run.
    let mut state = 0x2545_f491_u32;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % below
    };
    for _ in 0..20_000 {
        let length = next(14);
        let text: String = (0..length)
            .map(|_| characters[next(characters.len())])
            .collect();
        for text in [
            text.clone(),
            format!("https://{text}"),
            format!("10.0.0.0/{text}"),
        ] {
            let _ = (
                parse_address(&text),
                parse_port(&text),
                split_host_port(&text),
            );
            let _ = (parse_endpoint(&text), san_problems(&text));
            if let Ok(url) = Url::parse(&text) {
                let _ = (url.host(), url.port(), url.path());
            }
            if let Some(network) = Network::parse(&text) {
                let _ = (network.nth(10), network.size(), network.to_string());
            }
        }
    }
}
