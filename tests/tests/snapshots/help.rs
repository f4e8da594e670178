//! The help of every command, with a snapshot for each command of the first level.
use crate::{
    assert_snapshot,
    workbench::{Workbench, words},
};

/// Returns the names of the commands that a help lists, without `help`.
fn commands_of(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

/// Appends the help of a command and of all commands below it.
fn append_help(text: &mut String, bench: &Workbench, command: &str) {
    let help = bench.succeed(&format!("{command} --help"));
    text.push_str(&format!("$ kubephase{command} --help\n{help}\n"));
    for name in commands_of(&help) {
        append_help(text, bench, &format!("{command} {name}"));
    }
}

#[test]
fn every_command_has_help() {
    let bench = Workbench::new();
    let overview = bench.run(&words("--help")).expect_success();
    assert_snapshot("help", "overview", "kubephase --help", &overview);
    for name in commands_of(&overview) {
        let mut text = String::new();
        append_help(&mut text, &bench, &format!(" {name}"));
        assert_snapshot("help", name, &format!("kubephase {name} … --help"), &text);
    }
}
