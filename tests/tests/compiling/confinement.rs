//! The compiler as a child process: what it can reach, and when it ends.
use crate::{
    components::{arithmetic, with_module},
    limits::LONGEST_REFUSAL,
    plugin_folder::PluginFolder,
};
use std::{
    fs,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Returns a value of `/proc/PID/status`; `None` if the process does not exist.
fn process_status(process: u32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    text.lines().find_map(|line| {
        Some(
            line.strip_prefix(field)?
                .strip_prefix(':')?
                .trim()
                .to_owned(),
        )
    })
}

/// Returns the process id of the compiler that a program has started.
fn compiler_of(program: &Child) -> Option<u32> {
    let processes = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut children = processes.filter(|process| {
        process_status(*process, "PPid").as_deref() == Some(program.id().to_string().as_str())
    });
    children.find(|process| {
        fs::read(format!("/proc/{process}/cmdline"))
            .is_ok_and(|line| line.starts_with(b"kubephase-compiles"))
    })
}

/// Calls `look` until it returns something.
fn wait_for<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Some(found) => return found,
            None if began.elapsed() > LONGEST_REFUSAL => panic!("{what} does not appear"),
            None => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Whether a process has ended, reaped or not.
fn has_ended(process: u32) -> bool {
    process_status(process, "State").is_none_or(|state| state.starts_with('Z'))
}

#[test]
fn the_compiler_reaches_nothing_and_ends_with_the_program() {
    // Compiling this takes some seconds.
    let folder = PluginFolder::new(&with_module(vec![arithmetic(230); 2500]));
    let mut program = folder
        .add()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let compiler = wait_for("compiler", || compiler_of(&program));
    let no_new_privileges = wait_for("filter of system calls", || {
        process_status(compiler, "Seccomp")
            .filter(|mode| mode == "2")
            .and(process_status(compiler, "NoNewPrivs"))
    });
    assert_eq!(no_new_privileges, "1");
    let limits = fs::read_to_string(format!("/proc/{compiler}/limits")).unwrap();
    for (limit, value) in [
        ("Max cpu time", "20"),
        ("Max data size", "218103808"),
        ("Max core file size", "0"),
        ("Max open files", "16"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        assert_eq!(
            line[limit.len()..].split_whitespace().next(),
            Some(value),
            "{line}"
        );
    }
    let environment = fs::read(format!("/proc/{compiler}/environ")).unwrap();
    assert!(environment.is_empty(), "{environment:?}");
    assert_eq!(process_status(compiler, "Threads").as_deref(), Some("1"));
    program.kill().unwrap();
    program.wait().unwrap();
    wait_for("end of the compiler", || has_ended(compiler).then_some(()));
}
