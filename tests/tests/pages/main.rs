//! The pages for people (`*.md`) name only files, symbols and headings that exist.
//!
//! A page names a file by its path from the root of the repository, or from its own folder:
//! `` `host/src/lib.rs` ``. It names symbols of a file behind a colon, and the file has to contain
//! these texts: `` `host/src/lib.rs`: `pub mod cli`, `ALLOCATOR` ``. Paths with `NAME` in them
//! stand for files that a reader makes.
//!
//! That tables of a page equal what the program knows is tested beside the code that knows it.
#![allow(clippy::disallowed_methods, reason = "tests look at files")]
mod page;

use page::Page;
use std::{fs, path::Path};

/// Largest number of lines of the first page: a longer page is not read.
const MAX_README: usize = 150;

#[test]
fn the_first_page_is_short() {
    let readme = fs::read_to_string(harness::workspace().join("README.md")).unwrap();
    let lines = readme.lines().count();
    assert!(
        lines <= MAX_README,
        "README.md has {lines} lines; move details to the page that it links to"
    );
}

#[test]
fn every_link_leads_to_a_page_and_a_heading() {
    check(|page| {
        let problems = page.links().filter_map(|link| problem_of_link(page, &link));
        problems.collect()
    });
}

#[test]
fn every_path_exists() {
    check(|page| {
        let missing = page.paths().filter(|path| page.locate(path).is_none());
        missing
            .map(|path| format!("`{path}` does not exist"))
            .collect()
    });
}

#[test]
fn every_symbol_is_in_its_file() {
    check(|page| {
        let problems = page
            .symbols()
            .filter_map(|(path, symbol)| problem_of_symbol(page, &path, &symbol));
        problems.collect()
    });
}

#[test]
fn what_a_page_names_is_found() {
    let text = "# A page\n\n## `reset`: undo it\n\nSee [a heading](#a-page), [a page](b/c.md#d), \
        [a site](https://e.org).\nIt is in `host/src/x.rs`: `fn a`, `B`, and in `host/NAME.rs`.\n\n\
        ```console\n$ cat `host/y.rs`\n```\n";
    let page = Page::parse(&harness::workspace().join("README.md"), text);
    assert_eq!(page.links().collect::<Vec<_>>(), ["#a-page", "b/c.md#d"]);
    assert_eq!(
        page.anchors().collect::<Vec<_>>(),
        ["a-page", "reset-undo-it"]
    );
    assert_eq!(page.paths().collect::<Vec<_>>(), ["host/src/x.rs"]);
    let symbols: Vec<String> = page.symbols().map(|(_, symbol)| symbol).collect();
    assert_eq!(symbols, ["fn a", "B"]);
    assert!(problem_of_link(&page, "#a-page-that-is-not-there").is_some());
    assert!(problem_of_link(&page, "not/there.md").is_some());
    assert!(problem_of_symbol(&page, "host/src/x.rs", "B").is_some());
    assert!(problem_of_symbol(&page, "host/src/lib.rs", "a text that it lacks").is_some());
}

/// Fails with the problems of all pages.
fn check(problems_of: impl Fn(&Page) -> Vec<String>) {
    let mut problems = Vec::new();
    for page in Page::all() {
        let of_page = problems_of(&page).into_iter();
        problems.extend(of_page.map(|problem| format!("{}: {problem}", page.name)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn problem_of_symbol(page: &Page, path: &str, symbol: &str) -> Option<String> {
    let Some(file) = page.locate(path).filter(|file| file.is_file()) else {
        return Some(format!("`{path}` is not a file, so it has no `{symbol}`"));
    };
    let text = fs::read_to_string(file).unwrap();
    (!text.contains(symbol)).then(|| format!("`{path}` does not contain `{symbol}`"))
}

fn problem_of_link(page: &Page, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => page.file.clone(),
        path => page.file.parent().unwrap_or(Path::new("")).join(path),
    };
    if !target.exists() {
        return Some(format!("the link to {link} leads to no file"));
    }
    let has_heading = anchor.is_empty() || Page::read(&target).anchors().any(|of| of == anchor);
    (!has_heading).then(|| format!("the link to {link} leads to no heading"))
}
