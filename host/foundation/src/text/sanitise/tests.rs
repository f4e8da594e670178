use super::*;

#[test]
fn plain_text_is_passed_through() {
    for text in ["", "Using token", "größer → 日本", "C:\\x"] {
        assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
    }
    assert_eq!(multiline("a\n\tb"), "a\n\tb");
}

#[test]
fn tricks_are_shown() {
    assert_eq!(line("\x1b[2Jgone"), "\\u{1b}[2Jgone");
    assert_eq!(line("ok\r[ERROR]\n"), "ok\\r[ERROR]\\n");
    assert_eq!(line("a\tb"), "a\\tb");
    assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
    assert_eq!(line("x\u{202e}cod.exe"), "x\\u{202e}cod.exe");
    assert_eq!(multiline("a\r\n"), "a\\r\n");
}

#[test]
fn a_run_of_spaces_is_one_space_or_is_shown() {
    let wrapping = format!("ok{}error: fake", " ".repeat(78));
    assert_eq!(line(&wrapping), "ok error: fake");
    assert_eq!(line("a\u{a0}\u{3000} \u{2003}b"), "a b");
    assert_eq!(exact_line("/a b"), "/a b");
    assert_eq!(exact_line("/a   b"), "/a \\u{20}\\u{20}b");
    assert_eq!(exact_line("/a\u{a0}b"), "/a\\u{a0}b");
    assert_eq!(multiline("a   b\n  c"), "a   b\n  c");
}

#[test]
fn values_of_lists_that_could_be_misread_are_in_quotation_marks() {
    for plain in ["/etc/kubernetes/pki", "chronyd.service", "a=b"] {
        assert_eq!(list_item(plain), plain);
    }
    assert_eq!(list_item(""), "\"\"");
    assert_eq!(list_item("/a /etc/shadow"), "\"/a /etc/shadow\"");
    assert_eq!(list_item("/a]  [/b"), "\"/a] \\u{20}[/b\"");
    assert_eq!(list_item("/a\"b\u{202e}"), "\"/a\\\"b\\u{202e}\"");
}

/// Categories and properties of Unicode decide, so no list has to be complete.
#[test]
fn what_cannot_be_seen_is_shown() {
    for hidden in [
        '\u{ad}',
        '\u{34f}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{180b}',
        '\u{180e}',
        '\u{200b}',
        '\u{2028}',
        '\u{2062}',
        '\u{2800}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff9}',
        '\u{1d159}',
        '\u{1d173}',
        '\u{16fe4}',
        '\u{13441}',
        '\u{e000}',
        '\u{378}',
        '\u{f0000}',
        '\u{e0041}',
        '\u{e0100}',
        '\u{10ffff}',
    ] {
        let shown = line(&format!("a{hidden}b")).into_owned();
        assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(hidden)));
    }
}

#[test]
fn combining_marks_are_not_stacked_and_do_not_cover_other_text() {
    // Languages put up to two marks over one letter.
    for plain in [
        "e\u{301}",
        "u\u{308}\u{304}",
        "\u{e01}\u{e34}\u{e48}",
        "\u{915}\u{93f}",
    ] {
        assert_eq!(line(plain), plain);
    }
    assert_eq!(line("a\u{301}\u{302}\u{303}b"), "a\u{301}\u{302}\\u{303}b");
    assert_eq!(line("\u{338}b"), "\\u{338}b");
    assert_eq!(line("a\u{202e}\u{20dd}"), "a\\u{202e}\\u{20dd}");
    let stack = format!("a{}", "\u{301}".repeat(1000));
    assert!(!line(&stack).contains("\u{301}\u{301}\u{301}"));
}

/// Every character, alone and between others: what comes out has none of the tricks.
#[test]
fn no_trick_gets_through() {
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        let text = format!("a{c}b");
        assert!(!line(&text).chars().any(is_trick), "{c:?}");
        assert!(
            !multiline(&text)
                .chars()
                .any(|c| is_trick(c) && c != '\n' && c != '\t'),
            "{c:?}"
        );
    }
}

#[test]
fn long_text_is_cut_at_a_character() {
    for shift in 0..4 {
        let text = format!("{}{}", "x".repeat(shift), "日".repeat(LIMIT));
        let cut = line(&text);
        assert!(
            cut.len() < LIMIT + 32 && cut.ends_with("bytes more)"),
            "{}",
            cut.len()
        );
    }
    assert_eq!(line(&"x".repeat(LIMIT)).len(), LIMIT);
    assert_eq!(multiline(&"x".repeat(LIMIT + 1)).len(), LIMIT + 1);
}

#[test]
fn quoted_texts_are_short_and_on_one_line() {
    assert_eq!(quoted("observe-files"), "observe-files");
    assert_eq!(quoted("a\nb\u{1b}"), "a\\nb\\u{1b}");
    let long = quoted(&"ä".repeat(1000));
    assert!(long.len() < 140 && long.ends_with('…'), "{long}");
}
