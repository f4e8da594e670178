//! Components that exceed a limit are refused; `plugin inspect` compiles nothing.
use crate::{
    components::{arithmetic, empty_function, nested_loops, with_module, with_section},
    plugin_folder::PluginFolder,
};
use harness::{RunOutput, run};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    fs,
    time::{Duration, Instant},
};
use wasm_encoder::{Component, NestedComponentSection};

/// Longest time that refusing a component may take, on a busy machine.
pub const LONGEST_REFUSAL: Duration = Duration::from_secs(60);

/// Returns the peak memory, in bytes, of the largest child that has ended, including its own
/// children.
fn peak_memory() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() * 1024
}

/// Adds the plugin. Checks that it is refused with one message, soon, and with little memory.
fn expect_refusal(folder: &PluginFolder) -> RunOutput {
    let began = Instant::now();
    let output = run(&mut folder.add());
    assert!(
        began.elapsed() < LONGEST_REFUSAL,
        "refusing it took {:?}",
        began.elapsed()
    );
    assert_ne!(output.status, 0, "{}", output.stdout);
    assert_eq!(
        output.stderr.matches("error: ").count(),
        1,
        "{}",
        output.stderr
    );
    assert!(output.stderr.lines().count() < 4, "{}", output.stderr);
    assert!(peak_memory() < 256 << 20, "{} MiB", peak_memory() >> 20);
    assert_eq!(folder.compiled_components(), 0);
    let left: Vec<_> = fs::read_dir(folder.path("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| name.to_string_lossy().ends_with(".read")),
        "{left:?}"
    );
    output
}

#[test]
fn components_that_take_too_much_memory_to_compile_are_refused_with_one_message() {
    for bomb in [
        vec![arithmetic(100_000)],
        vec![nested_loops(2400, 100)],
        vec![empty_function(); 59_000],
    ] {
        let output = expect_refusal(&PluginFolder::new(&with_module(bomb)));
        assert!(
            output.stderr.contains("plugin.wasm")
                || output.stderr.contains("compiling the component"),
            "{}",
            output.stderr
        );
        assert!(
            output.stderr.contains(
                "takes more than 208 MiB of memory, the limit for a component of its size"
            ),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn components_of_an_impossible_structure_are_refused_before_they_are_compiled() {
    let mut nested = Component::new();
    let part = Component::new();
    for _ in 0..150_000 {
        nested.section(&NestedComponentSection(&part));
    }
    for (bomb, reason) in [
        (
            with_section(&NestedComponentSection(&nested)),
            "has more than 200 modules and components",
        ),
        (
            with_module(vec![empty_function(); 1_000_000]),
            "has more than 60000 functions",
        ),
        (
            with_module([nested_loops(2000, 200)]),
            "has a function with 200 loops and 2000 locals",
        ),
    ] {
        let folder = PluginFolder::new(&bomb);
        let output = expect_refusal(&folder);
        assert!(output.stderr.contains(reason), "{}", output.stderr);
        let output = run(&mut folder.command(&["plugin", "inspect", "plugin.wasm"]));
        assert!(
            output.status != 0 && output.stderr.contains(reason),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn inspect_compiles_nothing() {
    let folder = PluginFolder::new(&with_module([arithmetic(100_000)]));
    let output = run(&mut folder.command(&["plugin", "inspect", "plugin.wasm"]));
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output.stdout.starts_with("enough-memory "),
        "{}",
        output.stdout
    );
    assert_eq!(folder.compiled_components(), 0);
}
