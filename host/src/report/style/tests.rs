use super::*;

#[test]
fn only_the_colours_of_a_palette_pass() {
    let palette = Palette { has_colours: true };
    for styled in [
        palette.bold("x"),
        palette.dim("x"),
        palette.success("x"),
        palette.warn("x"),
        palette.error("x"),
    ] {
        assert!(styled.starts_with('\u{1b}'), "{styled:?}");
        assert_eq!(
            Painted::new(&format!("a {styled} b\n")).to_string(),
            format!("a {styled} b\n")
        );
    }
    for forged in [
        "\u{1b}[2J",
        "\u{1b}[8m",
        "\u{1b}]0;title\u{7}",
        "\u{1b}",
        "\u{9b}31m",
        "\u{202e}",
        "\r",
    ] {
        let painted = Painted::new(&format!("{}{forged}", palette.success("ok"))).to_string();
        let rest = painted.strip_prefix(&palette.success("ok")).unwrap();
        assert!(
            !rest.chars().any(sanitise::is_trick),
            "{forged:?}: {painted:?}"
        );
    }
}
