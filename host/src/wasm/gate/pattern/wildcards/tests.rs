use super::matches;
use globset::GlobBuilder;

/// Returns all texts that consist of at most `most` of the parts.
fn texts(parts: &[&str], most: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut longest = all.clone();
    for _ in 0..most {
        let longer = longest.iter();
        longest = longer
            .flat_map(|text| parts.iter().map(move |part| format!("{text}{part}")))
            .collect();
        all.extend(longest.iter().cloned());
    }
    all
}

#[test]
fn patterns_match_as_globs_do() {
    let patterns = texts(&["a", "/", "*", "/**/", "/**", "**/"], 4);
    let texts = texts(&["a", "b", "/"], 5);
    let mut compared = 0;
    for pattern in patterns {
        let mut components = pattern.split('/');
        let is_valid = components.all(|component| component == "**" || !component.contains("**"));
        let is_one_run = !pattern.contains("**/**") && !pattern.contains("//");
        // No path ends with a slash.
        if pattern.is_empty() || pattern.ends_with('/') || !is_valid || !is_one_run {
            continue;
        }
        let glob = GlobBuilder::new(&pattern)
            .literal_separator(true)
            .backslash_escape(false)
            .build()
            .unwrap()
            .compile_matcher();
        for text in &texts {
            assert_eq!(
                matches(&pattern, text),
                glob.is_match(text),
                "{pattern} {text}"
            );
            compared += 1;
        }
    }
    assert!(compared > 20_000, "{compared}");
}

/// If each star could take every number of characters, this would take for ever.
#[test]
fn many_stars_are_matched_in_little_time() {
    let pattern = "*a".repeat(500) + "b";
    assert!(!matches(&pattern, &"a".repeat(4000)));
    let pattern = "/**/a".repeat(200) + "/b";
    assert!(!matches(&pattern, &"/a".repeat(2000)));
}
