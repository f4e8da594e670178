//! Files that can be read at a glance: lines of at most 100 columns, files of at most 350 lines.
//! (Functions of more than 60 lines are refused by clippy.)
use super::rust_files;
use std::fs;

const LONGEST_LINE: usize = 100;
const LONGEST_FILE: usize = 350;
/// The folders with source code.
const FOLDERS: &[&str] = &["host", "plugins", "wit", "examples", "tests"];

#[test]
fn lines_and_files_are_short() {
    let mut problems = Vec::new();
    let workspace = harness::workspace();
    for path in FOLDERS
        .iter()
        .flat_map(|folder| rust_files(&workspace.join(folder)))
    {
        let name = path.strip_prefix(&workspace).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        check_text(&name.display().to_string(), &text, &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn long_lines_and_files_are_found() {
    let line = "x".repeat(LONGEST_LINE + 1);
    let mut problems = Vec::new();
    check_text("long.rs", &line, &mut problems);
    check_text("many.rs", &"x\n".repeat(LONGEST_FILE + 1), &mut problems);
    check_text("short.rs", &"é".repeat(LONGEST_LINE), &mut problems);
    assert_eq!(
        problems,
        ["long.rs:1: 101 columns", "many.rs: 351 lines"].map(String::from)
    );
}

fn check_text(name: &str, text: &str, problems: &mut Vec<String>) {
    for (number, line) in (1..).zip(text.lines()) {
        let columns = line.chars().count();
        if columns > LONGEST_LINE {
            problems.push(format!("{name}:{number}: {columns} columns"));
        }
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        problems.push(format!("{name}: {lines} lines"));
    }
}
