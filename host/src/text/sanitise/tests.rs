use super::*;

#[test]
fn plain_text_is_passed_through() {
    for text in ["", "Using token", "größer → 日本", "C:\\x"] {
        assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
    }
    assert_eq!(block("a\n\tb"), "a\n\tb");
}

#[test]
fn tricks_are_shown() {
    assert_eq!(line("\x1b[2Jgone"), "\\u{1b}[2Jgone");
    assert_eq!(line("ok\r[ERROR]\n"), "ok\\r[ERROR]\\n");
    assert_eq!(line("a\tb"), "a\\tb");
    assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
    assert_eq!(line("x\u{202e}cod.exe"), "x\\u{202e}cod.exe");
    assert_eq!(block("a\r\n"), "a\\r\n");
}

/// Every character, alone and between others: what comes out has none of the tricks.
#[test]
fn no_trick_gets_through() {
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        let text = format!("a{c}b");
        assert!(!line(&text).chars().any(is_trick), "{c:?}");
        assert!(
            !block(&text)
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
    assert_eq!(block(&"x".repeat(LIMIT + 1)).len(), LIMIT + 1);
}

#[test]
fn quoted_texts_are_short_and_on_one_line() {
    assert_eq!(quoted("observe-files"), "observe-files");
    assert_eq!(quoted("a\nb\u{1b}"), "a\\nb\\u{1b}");
    let long = quoted(&"ä".repeat(1000));
    assert!(long.len() < 140 && long.ends_with('…'), "{long}");
}
