//! A type that other files may use has a name that no other such type of the host has. So a reader
//! knows from the name alone what is meant.
use super::{CRATES, rust_files};
use regex::Regex;
use std::{collections::BTreeMap, fs, sync::LazyLock};

/// A type outside of functions and modules, visible outside of its file.
static TYPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^pub(?:\([^)]*\))? (?:struct|enum|trait|type|union) (\w+)").unwrap()
});

/// Returns a problem for each name that several files give to a type.
fn find_repeated_names(files: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in files {
        for found in TYPE.captures_iter(&text) {
            places
                .entry(found[1].to_owned())
                .or_default()
                .push(file.clone());
        }
    }
    places.retain(|_, files| files.len() > 1);
    let places = places.into_iter();
    places
        .map(|(name, files)| format!("{name}: {}", files.join(", ")))
        .collect()
}

#[test]
fn types_have_names_of_their_own() {
    let workspace = harness::workspace();
    let paths = CRATES
        .iter()
        .flat_map(|(folder, _)| rust_files(&workspace.join(folder)));
    let files = paths.filter_map(|path| {
        let name = path.strip_prefix(&workspace).unwrap().to_str().unwrap();
        let is_test = name.split(['/', '.']).any(|part| part == "tests");
        (!is_test).then(|| (name.to_owned(), fs::read_to_string(&path).unwrap()))
    });
    let problems = find_repeated_names(files);
    assert!(
        problems.is_empty(),
        "several types have one name; say in the names what they really are:\n{}",
        problems.join("\n")
    );
}

#[test]
fn repeated_names_are_found() {
    let files = [
        (
            "a.rs",
            "pub struct Key;\n/// x\npub(super) enum Door {}\nstruct Private;",
        ),
        (
            "b.rs",
            "pub type Key = u8;\nstruct Private;\nfn f() {\n    pub struct Door;\n}",
        ),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(find_repeated_names(files), ["Key: a.rs, b.rs"]);
}
