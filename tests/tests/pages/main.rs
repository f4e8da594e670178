//! The pages for people (`*.md`) name only files, symbols and headings that exist.
//!
//! A page names a file by its path from the root of the repository, or from its own folder:
//! `` `host/src/lib.rs` ``. It names symbols of a file behind a colon, and the file has to have each
//! of these texts: `` `host/src/lib.rs`: `pub mod cli`, `ALLOCATOR` ``. Paths with `NAME` in them
//! stand for files that a reader makes.
//!
//! That tables of a page equal what the program knows is tested beside the code that knows it.
#![allow(clippy::disallowed_methods, reason = "tests look at files")]
mod page;

use page::Page;
use std::{fs, path::Path};

/// Lines of the first page at most: more is not read.
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
    check(|page| page.links().filter_map(|link| problem_of_link(page, &link)));
}

#[test]
fn every_path_exists() {
    check(|page| {
        let is_missing = |path: &String| page.locate(path).is_none();
        let missing = page.paths().filter(is_missing);
        missing.map(|path| format!("`{path}` does not exist"))
    });
}

#[test]
fn every_symbol_is_in_its_file() {
    check(|page| {
        page.symbols().filter_map(|(path, symbol)| {
            let file = page.locate(&path).filter(|file| file.is_file());
            let Some(file) = file else {
                return Some(format!("`{path}` is not a file, and `{symbol}` not in it"));
            };
            let text = fs::read_to_string(file).unwrap();
            (!text.contains(&symbol)).then(|| format!("`{path}` does not contain `{symbol}`"))
        })
    });
}

/// Fails with all problems of all pages.
fn check<'a, P: Iterator<Item = String> + 'a>(problems_of: impl Fn(&'a Page) -> P) {
    let pages: &'static [Page] = Box::leak(Page::all().into_boxed_slice());
    let problems: Vec<String> = pages
        .iter()
        .flat_map(|page| problems_of(page).map(|problem| format!("{}: {problem}", page.name)))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
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
