//! A program with one of each mistake: the tests of the floors find them, and nothing else.
use super::{
    arrows::{find_circles, find_unmatched_floors, find_upward_paths},
    modules::Modules,
};

const FLOORS: &[(&str, &str)] = &[("low", "The lower floor."), ("high", "The higher floor.")];

fn sample() -> Modules {
    let files = [
        ("lib.rs", "pub mod low; pub mod high;"),
        (
            "low/mod.rs",
            "mod a;\nmod b;\npub use b::Thing;\npub use d::Door;\n#[cfg(test)]\nmod tests;\n\
             fn f() { a::f() }",
        ),
        (
            "low/a.rs",
            "use super::Thing;\nuse crate::{\n    low::b,\n    high::{self as upper, Roof},\n};\n\
             #[cfg(test)]\nmod check { use crate::high::Roof; }\npub fn f() { b::g() }",
        ),
        (
            "low/b.rs",
            "// crate::high::in_comment\npub struct Thing;\npub fn g() -> String {\n    \
             format!(\"crate::high::in_text {}\", crate::high::Roof)\n}",
        ),
        ("low/tests.rs", "use crate::high::Roof;"),
        ("low/c.rs", "use super::Door;\npub fn c() {}"),
        (
            "low/d.rs",
            "pub struct Door;\nmod inner { fn d() { super::super::c::c() } }",
        ),
        (
            "high.rs",
            "use crate::low;\npub struct Roof;\nfn f() { low::c::c() }",
        ),
        ("shed.rs", "use std::fs;"),
    ];
    Modules::from_files(files.map(|(name, text)| (format!("host/src/{name}"), text.to_owned())))
}

#[test]
fn arrows_upwards_are_found_in_use_lines_and_in_macros() {
    let problems = find_upward_paths(&sample(), FLOORS);
    let starts = [
        "low/a.rs:4: low uses high",
        "low/a.rs:4: low uses high",
        "low/b.rs:4: low",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:#?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(
            problem.starts_with(&format!("host/src/{start}")),
            "{problem}"
        );
    }
}

#[test]
fn modules_without_a_floor_and_empty_floors_are_found() {
    assert_eq!(find_unmatched_floors(&sample(), FLOORS).len(), 1);
    let more = [FLOORS, &[("shed", "A shed."), ("cellar", "Nothing.")]].concat();
    let problems = find_unmatched_floors(&sample(), &more);
    assert!(
        problems[0].contains("the floor cellar has no module"),
        "{problems:#?}"
    );
}

#[test]
fn circles_are_found_through_reexported_names() {
    let problems = find_circles(&sample());
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(
        problems[0].contains("host/src/low/c.rs:1 uses host/src/low/d.rs"),
        "{problems:#?}"
    );
    assert!(
        problems[0].contains("host/src/low/d.rs:2 uses host/src/low/c.rs"),
        "{problems:#?}"
    );
}
