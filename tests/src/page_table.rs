//! Tables of pages that follow from the code. The unit tests of the host share this file.
use parking_lot::Mutex;
use std::{fs, path::Path};

/// The lock that a test holds while it changes a page: tests of one program run side by side.
static CHANGE: Mutex<()> = Mutex::new(());

/// Compares a table with the table of a page; `page` is the path of the page from the workspace.
/// With `KUBEPHASE_BLESS=1`, writes the table into the page, in place of the table with the same
/// heading.
///
/// # Panics
/// If the page has another table, or none.
pub fn check_table(page: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let _turn = CHANGE.lock();
    let text = fs::read_to_string(&path).unwrap();
    let found = text.split_once(table);
    if found.is_some_and(|(_, after)| after.is_empty() || after.starts_with('\n')) {
        return;
    }
    let bless = std::env::var_os("KUBEPHASE_BLESS").is_some();
    let changed = bless.then(|| with_table(&text, table)).flatten();
    let Some(changed) = changed else {
        panic!("a table of {page} has to be as follows; KUBEPHASE_BLESS=1 writes it:\n{table}");
    };
    fs::write(path, changed).unwrap();
}

/// Returns the page with this table in the place of the one with the same heading. `None` if the
/// page has none.
fn with_table(page: &str, table: &str) -> Option<String> {
    let (heading, _) = table.split_once('\n')?;
    let (before, rest) = page.split_once(heading)?;
    let after = rest.find("\n\n").map_or("", |end| &rest[end + 1..]);
    Some(format!("{before}{table}{after}"))
}

#[test]
fn a_table_takes_the_place_of_the_one_with_its_heading() {
    let page = "# A\n\n| a |\n|---|\n| 1 |\n\n| b |\n|---|\n| 2 |\n";
    let changed = with_table(page, "| a |\n|---|\n| 3 |\n| 4 |\n").unwrap();
    assert_eq!(changed, page.replace("| 1 |", "| 3 |\n| 4 |"));
    let changed = with_table(page, "| b |\n|---|\n").unwrap();
    assert_eq!(changed, page.replace("| 2 |\n", ""));
    assert_eq!(with_table(page, "| c |\n|---|\n"), None);
}
