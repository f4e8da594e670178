//! One recorded run of kubeadm, made again by kubephase.
use crate::PROGRAM;
use harness::{RunOutput, copy_tree, kubephase, lines_of, recorded_runs, run};
use parking_lot::Mutex;
use std::{path::Path, thread};

/// Rehearses `init` as it was recorded: its inputs, arguments, environment and node.
pub fn rehearse_init(case: &Path, scratch: &Path) -> RunOutput {
    let root = scratch.join("root");
    std::fs::create_dir_all(&root).expect("a scratch root");
    let inputs = case.join("inputs");
    if inputs.is_dir() {
        copy_tree(&inputs, &root).expect("the node's files");
    }
    let mut command = kubephase(PROGRAM);
    command.current_dir(case).args(["init", "--dry-run"]);
    if case.join("config.yaml").exists() {
        command.args(["--config", "config.yaml"]);
    }
    command
        .args(lines_of(&case.join("args")))
        .arg("--out")
        .arg(scratch.join("out"))
        .arg("--root")
        .arg(&root);
    // Recorded machines have a description of their own; the cases of the repository share one.
    let nodes = ["host.json", "../../node.json"];
    if let Some(node) = nodes.iter().find(|node| case.join(node).exists()) {
        command.args(["--node", node]);
    }
    command.envs(
        lines_of(&case.join("env"))
            .iter()
            .filter_map(|line| line.split_once('=')),
    );
    run(&mut command)
}

/// Runs a test for each case, two at a time, and returns the problems.
pub fn for_each_case(
    cases: Vec<std::path::PathBuf>,
    test: impl Fn(&Path) -> Option<String> + Sync,
) -> Vec<String> {
    let (queue, problems) = (Mutex::new(cases), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = { queue.lock().pop() } {
                    if let Some(problem) = test(&case) {
                        let name = case
                            .file_name()
                            .unwrap_or_default()
                            .to_string_lossy()
                            .into_owned();
                        problems.lock().push(format!("{name}: {problem}"));
                    }
                }
            });
        }
    });
    problems.into_inner()
}

/// Runs the recorded command of a case.
pub fn run_recorded_command(case: &Path, scratch: &Path) -> RunOutput {
    let command = lines_of(&case.join("command"))
        .first()
        .cloned()
        .unwrap_or_default();
    let mut program = kubephase(PROGRAM);
    // HOME is a scratch folder, so that the kubeconfig of the user is not found.
    program
        .current_dir(case)
        .env("HOME", scratch)
        .args(command.split(' '))
        .args(lines_of(&case.join("args")));
    let names_a_file = lines_of(&case.join("args"))
        .iter()
        .any(|arg| arg == "--config" || arg.starts_with("--config="));
    if case.join("config.yaml").exists() && !names_a_file {
        program.args(["--config", "config.yaml"]);
    }
    if command.starts_with("init") {
        program.arg("--root").arg(scratch.join("root"));
        program.arg("--out").arg(scratch.join("out"));
        program.arg("--node").arg(
            recorded_runs()
                .expect("the case is one of the recorded runs")
                .join("minimal/host.json"),
        );
    }
    program.envs(
        lines_of(&case.join("env"))
            .iter()
            .filter_map(|line| line.split_once('=')),
    );
    run(&mut program)
}
