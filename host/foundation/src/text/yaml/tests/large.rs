//! Large documents. If each place were compared with each scalar, these tests would take hours.
use super::*;

/// A number of elements that a document of some MiB may have.
const MANY: usize = 200_000;

#[test]
fn line_separators_and_tabs_are_looked_up_among_many_scalars() {
    let scalars = "- 'a'\n- a\n".repeat(MANY / 2);
    let separators = format!("{scalars}- \"{}\"\n", "\u{2028}".repeat(MANY));
    let tabs = format!("{scalars}- \"{}\"\n", "\n\t".repeat(MANY));
    let in_brackets = format!("{scalars}- [{}\n]\n", "\n\t\n a,".repeat(MANY / 2));
    for text in [separators, tabs, in_brackets] {
        let Yaml::List(items) = parse(&text).unwrap().yaml else {
            panic!()
        };
        assert_eq!(items.len(), MANY + 1);
    }
    let outside = format!("{scalars}# \u{2028}\n");
    let error = value(&outside).unwrap_err();
    assert!(error.reason.contains("line separator"), "{error}");
    assert_eq!(error.line, MANY as u64 + 1);
    let error = value(&format!("{scalars}\t\n- a\n")).unwrap_err();
    assert!(error.reason.contains("tab"), "{error}");
}

#[test]
fn aliases_do_not_repeat_long_texts_without_a_limit() {
    let long = "a".repeat(100_000);
    let repeated = |times: usize| format!("a: &x '{long}'\nb: [{}]\n", "*x, ".repeat(times));
    assert!(value(&repeated(100)).unwrap()["b"][99] == long.as_str());
    for text in [
        repeated(900),
        format!("? &x {long}\n: [{}]\n", "{*x : 1}, ".repeat(900)),
        format!(
            "- &x ['{long}', {{<<: &y {{a: '{long}'}}}}]\n- [{}]\n",
            "*x, ".repeat(300)
        ),
        format!("- &x {{a: '{long}'}}\n- [{}]\n", "{<<: *x}, ".repeat(300)),
    ] {
        let error = value(&text).unwrap_err();
        assert!(
            error.reason.contains("aliases make the document"),
            "{error}"
        );
    }
}

#[test]
fn a_long_name_is_not_repeated_for_all_that_is_below_it() {
    let name = "n".repeat(1 << 20);
    let items = "{a: 1, a: 2},".repeat(MANY);
    let tree = parse(&format!("? {name}\n: [{items}]\n")).unwrap();
    let repeated = repeated(&tree);
    assert_eq!(repeated.len(), 100);
    let (path, line) = &repeated[99];
    assert!(path.len() < 300 && path.ends_with("n…[99].a"), "{path}");
    assert_eq!(*line, 2);
}
