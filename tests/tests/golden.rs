//! Every recorded run of kubeadm, made again and compared. Where the recordings are not at hand
//! there is nothing to compare; the repository's own expectations are in `rehearsal.rs`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Said, copy, folders, golden, kubephase, lines, run};
use std::{path::Path, process::Command, sync::Mutex, thread};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

fn init(case: &Path, scratch: &Path) -> Said {
    let root = scratch.join("root");
    std::fs::create_dir_all(&root).expect("a scratch root");
    let inputs = case.join("inputs");
    if inputs.is_dir() {
        copy(&inputs, &root).expect("the node's files");
    }
    let mut command = kubephase(PROGRAM);
    command.current_dir(case).args(["init", "--dry-run"]);
    if case.join("config.yaml").exists() {
        command.args(["--config", "config.yaml"]);
    }
    command
        .args(lines(&case.join("args")))
        .arg("--out")
        .arg(scratch.join("out"))
        .arg("--root")
        .arg(&root);
    if case.join("host.json").exists() {
        command.args(["--node", "host.json"]);
    }
    command.envs(
        lines(&case.join("env"))
            .iter()
            .filter_map(|line| line.split_once('=')),
    );
    run(&mut command)
}

/// Runs a test for each case, two at a time, and gathers what went wrong.
fn each(
    cases: Vec<std::path::PathBuf>,
    test: impl Fn(&Path) -> Option<String> + Sync,
) -> Vec<String> {
    let (queue, wrong) = (Mutex::new(cases), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = { queue.lock().expect("no test panics").pop() } {
                    if let Some(problem) = test(&case) {
                        let name = case
                            .file_name()
                            .unwrap_or_default()
                            .to_string_lossy()
                            .into_owned();
                        wrong
                            .lock()
                            .expect("no test panics")
                            .push(format!("{name}: {problem}"));
                    }
                }
            });
        }
    });
    wrong.into_inner().expect("no test panics")
}

#[test]
fn every_recorded_run_comes_out_the_same() {
    let Some(golden) = golden() else { return };
    let cases = folders(&golden)
        .into_iter()
        .filter(|case| case.join("objects.yaml").exists())
        .collect();
    let wrong = each(cases, |case| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let said = init(case, scratch.path());
        if said.status != 0 {
            return Some(format!("exit {}\n{}", said.status, said.stderr));
        }
        let mut compare = Command::new("python3");
        let compared = run(compare
            .arg(golden.join("compare.py"))
            .arg(case)
            .arg(scratch.path().join("out")));
        (compared.stdout.trim_end().lines().last() != Some("0 differences"))
            .then(|| format!("{}{}", compared.stdout, compared.stderr))
    });
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn as_recorded(case: &Path, scratch: &Path) -> Said {
    let command = lines(&case.join("command"))
        .first()
        .cloned()
        .unwrap_or_default();
    let mut program = kubephase(PROGRAM);
    // Nobody's own kubeconfig.
    program
        .current_dir(case)
        .env("HOME", scratch)
        .args(command.split(' '))
        .args(lines(&case.join("args")));
    let names_a_file = lines(&case.join("args"))
        .iter()
        .any(|arg| arg == "--config" || arg.starts_with("--config="));
    if case.join("config.yaml").exists() && !names_a_file {
        program.args(["--config", "config.yaml"]);
    }
    if command.starts_with("init") {
        program.arg("--root").arg(scratch.join("root"));
        program.arg("--out").arg(scratch.join("out"));
        program.arg("--node").arg(
            golden()
                .expect("the case is from there")
                .join("minimal/host.json"),
        );
    }
    program.envs(
        lines(&case.join("env"))
            .iter()
            .filter_map(|line| line.split_once('=')),
    );
    run(&mut program)
}

/// The fields that kubeadm names in an error: dotted paths before a colon, of names that begin in
/// lower case (types of Go do not).
fn fields(stderr: &str) -> Vec<String> {
    let path = |word: &str| {
        word.contains('.')
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".[]_-".contains(c))
            && word
                .split('.')
                .all(|part| !part.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    let named = stderr
        .split_whitespace()
        .filter_map(|word| word.trim_start_matches(['[', ',']).strip_suffix(':'));
    named.filter(|word| path(word)).map(str::to_owned).collect()
}

#[test]
fn what_kubeadm_refuses_is_refused() {
    let Some(golden) = golden() else { return };
    let cases = folders(&golden.join("bad"));
    let wrong = each(cases, |case| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let said = as_recorded(case, scratch.path());
        if said.status == 0 {
            return Some("accepted".into());
        }
        if scratch.path().join("out").exists()
            && std::fs::read_dir(scratch.path().join("out"))
                .is_ok_and(|mut dir| dir.next().is_some())
        {
            return Some("something was written".into());
        }
        let recorded = std::fs::read_to_string(case.join("stderr.txt")).unwrap_or_default();
        let missing: Vec<String> = fields(&recorded)
            .into_iter()
            .filter(|field| !said.stderr.contains(field.as_str()))
            .collect();
        (!missing.is_empty())
            .then(|| format!("does not name {}:\n{}", missing.join(", "), said.stderr))
    });
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_kubeadm_accepts_is_accepted() {
    let Some(golden) = golden() else { return };
    let cases = folders(&golden.join("lenient"));
    let wrong = each(cases, |case| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let said = as_recorded(case, scratch.path());
        (said.status != 0).then(|| format!("exit {}\n{}", said.status, said.stderr))
    });
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
