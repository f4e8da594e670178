use super::unified_diff;

fn diff(old: &str, new: &str, context: usize) -> String {
    unified_diff(("old", old), ("new", new), context)
}

#[test]
fn equal_texts_have_no_difference() {
    for text in ["", "a\n", "a\nb"] {
        assert_eq!(diff(text, text, 3), "");
    }
}

#[test]
fn lines_around_a_difference_are_shown() {
    let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\n";
    let new = "a\nb\nc\nD\ne\nf\ng\nh\nI\n";
    let head = "--- old\n+++ new\n";
    for (context, expected) in [
        (0, "@@ -4 +4 @@\n-d\n+D\n@@ -9 +9 @@\n-i\n+I\n"),
        (
            1,
            "@@ -3,3 +3,3 @@\n c\n-d\n+D\n e\n@@ -8,3 +8,3 @@\n h\n-i\n+I\n \n",
        ),
        (
            2,
            "@@ -2,9 +2,9 @@\n b\n c\n-d\n+D\n e\n f\n g\n h\n-i\n+I\n \n",
        ),
    ] {
        assert_eq!(diff(old, new, context), format!("{head}{expected}"));
    }
}

#[test]
fn added_and_removed_lines_have_their_places() {
    let head = "--- old\n+++ new\n";
    for (old, new, expected) in [
        ("a\nc\n", "a\nb\nc\n", "@@ -1,0 +2 @@\n+b\n"),
        ("a\nb\nc\nd\n", "a\nd\n", "@@ -2,2 +1,0 @@\n-b\n-c\n"),
        ("", "a\nb\n", "@@ -1 +1,3 @@\n+a\n+b\n \n"),
        ("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"),
    ] {
        let context = usize::from(old.is_empty());
        assert_eq!(
            diff(old, new, context),
            format!("{head}{expected}"),
            "{old:?}"
        );
    }
}

#[test]
fn the_longest_common_block_counts() {
    // The smallest difference would keep the first `a`.
    let found = diff("a\nb\n", "a\nc\na\nb\n", 0);
    assert_eq!(found, "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+c\n");
}

#[test]
fn lines_that_come_up_often_begin_no_block_in_long_texts() {
    let filler: String = (0..100).map(|n| format!("{n}\nsame\n")).collect();
    let old = format!("begin\n{filler}end\n");
    let new = format!("begin\n{filler}more\nend\n");
    assert_eq!(
        diff(&old, &new, 0),
        "--- old\n+++ new\n@@ -201,0 +202 @@\n+more\n"
    );
}
