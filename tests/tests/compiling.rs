//! Components that are expensive to compile, given to the program as an operator gives them: one
//! message, and an end within bounds of memory and time, whatever the component is.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Said, kubephase, run};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentSection, Function, FunctionSection, Module,
    ModuleSection, NestedComponentSection, TypeSection, ValType,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
/// A component that is a plugin.
const PLUGIN: &[u8] = include_bytes!("../../host/src/wasm/tests/released/interface-0.1.0.wasm");
/// What a bomb may take at most, on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A folder with a configuration, a plugin, and a cache of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn with(plugin: &[u8]) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::write(place.path("plugin.wasm"), plugin).unwrap();
        let config = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: \
            ClusterConfiguration\nkubernetesVersion: v1.36.2\n";
        fs::write(place.path("cluster.yaml"), config).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = kubephase(PROGRAM);
        command
            .current_dir(self.0.path())
            .env("KUBEPHASE_CACHE_DIR", self.path("cache"))
            .args(arguments);
        command
    }

    fn add(&self) -> std::process::Command {
        self.command(&["plugin", "add", "plugin.wasm", "--config", "cluster.yaml"])
    }

    /// Compiled components in the cache.
    fn compiled(&self) -> usize {
        let entries = fs::read_dir(self.path("cache"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "cwasm"))
            .count()
    }
}

/// The plugin with one more module in it, which it does not use.
fn with_module(functions: impl IntoIterator<Item = Function>) -> Vec<u8> {
    let (mut types, mut declared, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        CodeSection::new(),
    );
    types.ty().function([], []);
    for function in functions {
        declared.function(0);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&code);
    with_section(&ModuleSection(&module))
}

fn with_section(section: &impl ComponentSection) -> Vec<u8> {
    let mut plugin = PLUGIN.to_vec();
    section.append_to_component(&mut plugin);
    plugin
}

/// A function that computes with 200 locals, in so many steps.
fn arithmetic(steps: u32) -> Function {
    let mut function = Function::new([(200, ValType::I64)]);
    for step in 0..steps {
        let [a, b, c, d] =
            [step, step * 7 + 3, step * 13 + 5, step * 31 + 11].map(|local| local % 200);
        let mut instructions = function.instructions();
        instructions
            .local_get(a)
            .local_get(b)
            .i64_mul()
            .local_get(c)
            .i64_xor()
            .local_set(d);
        if step % 5 == 0 {
            instructions
                .block(BlockType::Empty)
                .local_get(a)
                .i64_eqz()
                .br_if(0)
                .local_get(d)
                .local_set(c)
                .end();
        }
    }
    function.instructions().end();
    function
}

/// Loops inside of each other, with many locals that each of them changes.
fn loops(locals: u32, depth: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I64)]);
    let mut instructions = function.instructions();
    for _ in 0..depth {
        instructions.loop_(BlockType::Empty);
    }
    for local in 0..locals {
        instructions
            .local_get(local)
            .local_get((local * 7 + 3) % locals)
            .i64_add()
            .local_set(local);
    }
    for level in 0..depth {
        instructions
            .local_get(level % locals)
            .i64_eqz()
            .br_if(0)
            .end();
    }
    instructions.end();
    function
}

fn empty() -> Function {
    let mut function = Function::new([]);
    function.instructions().end();
    function
}

/// Bytes of memory of the largest child that has ended, its own children among them.
fn peak() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() * 1024
}

/// Refused with one message, before long and with little memory.
fn refused(place: &Place) -> Said {
    let began = Instant::now();
    let said = run(&mut place.add());
    assert!(began.elapsed() < LONG, "it took {:?}", began.elapsed());
    assert_ne!(said.status, 0, "{}", said.stdout);
    assert_eq!(said.stderr.matches("error: ").count(), 1, "{}", said.stderr);
    assert!(said.stderr.lines().count() < 4, "{}", said.stderr);
    assert!(peak() < 256 << 20, "{} MiB", peak() >> 20);
    assert_eq!(place.compiled(), 0);
    let left: Vec<_> = fs::read_dir(place.path("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| name.to_string_lossy().ends_with(".read")),
        "{left:?}"
    );
    said
}

#[test]
fn components_that_take_too_much_memory_to_compile_are_refused_with_one_message() {
    for bomb in [
        vec![arithmetic(100_000)],
        vec![loops(2400, 100)],
        vec![empty(); 59_000],
    ] {
        let said = refused(&Place::with(&with_module(bomb)));
        assert!(
            said.stderr.contains("plugin.wasm") || said.stderr.contains("compiling the component"),
            "{}",
            said.stderr
        );
        assert!(
            said.stderr.contains(
                "takes more than 208 MiB of memory, the limit for a component of its size"
            ),
            "{}",
            said.stderr
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
            with_module(vec![empty(); 1_000_000]),
            "has more than 60000 functions",
        ),
        (
            with_module([loops(2000, 200)]),
            "has a function with 200 loops and 2000 locals",
        ),
    ] {
        let place = Place::with(&bomb);
        let said = refused(&place);
        assert!(said.stderr.contains(reason), "{}", said.stderr);
        let said = run(&mut place.command(&["plugin", "inspect", "plugin.wasm"]));
        assert!(
            said.status != 0 && said.stderr.contains(reason),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn inspect_compiles_nothing() {
    let place = Place::with(&with_module([arithmetic(100_000)]));
    let said = run(&mut place.command(&["plugin", "inspect", "plugin.wasm"]));
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stdout.starts_with("enough-memory "), "{}", said.stdout);
    assert_eq!(place.compiled(), 0);
}

#[test]
fn what_a_child_compiled_is_kept_and_runs() {
    let place = Place::with(PLUGIN);
    let said = run(&mut place.add());
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(place.compiled(), 1);
    let cases = place.path("cases");
    fs::create_dir(&cases).unwrap();
    fs::write(
        cases.join("case.yaml"),
        "name: it runs\nsettings: {atLeastMib: 1}\n",
    )
    .unwrap();
    let said = run(&mut place.command(&["plugin", "test", "plugin.wasm"]));
    assert!(
        said.stdout.contains("1 passed, 0 failed"),
        "{}{}",
        said.stdout,
        said.stderr
    );
}

#[test]
fn without_a_cache_a_child_compiles_into_memory() {
    let place = Place::with(PLUGIN);
    let cases = place.path("cases");
    fs::create_dir(&cases).unwrap();
    fs::write(
        cases.join("case.yaml"),
        "name: it runs\nsettings: {atLeastMib: 1}\n",
    )
    .unwrap();
    let mut test = place.command(&["plugin", "test", "plugin.wasm"]);
    let said = run(test.env("KUBEPHASE_CACHE_DIR", "/dev/null"));
    assert!(
        said.stdout.contains("1 passed, 0 failed"),
        "{}{}",
        said.stdout,
        said.stderr
    );
}

/// A value of `/proc/PID/status`.
fn status(process: u32, field: &str) -> Option<String> {
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

/// The compiler that a program has started.
fn compiler_of(program: &Child) -> Option<u32> {
    let processes = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut children = processes.filter(|process| {
        status(*process, "PPid").as_deref() == Some(program.id().to_string().as_str())
    });
    children.find(|process| {
        fs::read(format!("/proc/{process}/cmdline"))
            .is_ok_and(|line| line.starts_with(b"kubephase-compiles"))
    })
}

/// Waits until something is so.
fn eventually<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Some(found) => return found,
            None if began.elapsed() > LONG => panic!("{what} did not come about"),
            None => thread::sleep(Duration::from_millis(2)),
        }
    }
}

#[test]
fn the_compiler_reaches_nothing_and_ends_with_the_program() {
    // Some seconds of compiling.
    let place = Place::with(&with_module(vec![arithmetic(230); 2500]));
    let mut program = place
        .add()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let compiler = eventually("a compiler", || compiler_of(&program));
    let confined = || {
        status(compiler, "Seccomp")
            .filter(|mode| mode == "2")
            .and(status(compiler, "NoNewPrivs"))
    };
    assert_eq!(eventually("a filter of system calls", confined), "1");
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
    assert_eq!(status(compiler, "Threads").as_deref(), Some("1"));
    program.kill().unwrap();
    program.wait().unwrap();
    let gone = || {
        (!Path::new(&format!("/proc/{compiler}")).exists()
            || status(compiler, "State")?.starts_with('Z'))
        .then_some(())
    };
    eventually("the compiler's end", gone);
}
