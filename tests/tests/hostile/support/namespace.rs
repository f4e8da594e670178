//! Runs on "this machine" that do not change this machine: in mount and process namespaces of their
//! own, where `/etc`, `/var/lib`, `/opt` and `/srv` are overlays, `/proc/sys` is a scratch tree,
//! and `/usr/local/sbin` has the fake programs of the trial, so that they count as programs of the
//! system. The environment variable `HOSTS` of a trial is a further line of `/etc/hosts`.
use super::{
    process::{self, RunResult, Running},
    trial::Trial,
};
use std::{path::Path, process::Command};

/// Flags of `kubephase` that run only the preflight phase, with all of its checks as warnings.
pub const PREFLIGHT: [&str; 6] = [
    "init",
    "phase",
    "preflight",
    "--config",
    "cluster.yaml",
    "--ignore-preflight-errors=all",
];
/// Flags of `kubephase` that run only the addons.
pub const ADDONS: [&str; 6] = ["init", "phase", "addon", "all", "--config", "cluster.yaml"];

const SCRIPT: &str = r#"
set -eu
scratch=$1; shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$scratch"
for tree in etc var/lib opt srv; do
    upper="$scratch/$tree/upper" work="$scratch/$tree/work"
    mkdir -p "$upper" "$work"
    mount -t overlay overlay -o "lowerdir=/$tree,upperdir=$upper,workdir=$work" "/$tree"
done
if [ -n "${HOSTS:-}" ]; then echo "$HOSTS" >> /etc/hosts; fi
if [ -d "$SMALL_DISK" ]; then mount -t tmpfs -o size=200k tmpfs "$SMALL_DISK"; fi
if [ -d "$SECOND_PROC" ]; then mount -t proc proc "$SECOND_PROC"; fi
if [ -d "$PROGRAMS" ]; then mount --bind "$PROGRAMS" /usr/local/sbin; fi
if [ -d "$SYSCTL_TREE" ]; then mount --bind "$SYSCTL_TREE" /proc/sys; fi
exec "$@"
"#;

/// Whether the tests can make such namespaces on this machine. If not, says that the test is
/// skipped.
pub fn is_possible() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let tried = enter(folder.path(), None).arg("true").output();
    let problem = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    eprintln!("no namespaces: {}", problem.trim_end());
    harness::skip("mount and process namespaces (root, overlayfs)");
    false
}

/// Returns the start of a command that enters new namespaces.
fn enter(folder: &Path, sysctl_tree: Option<&Path>) -> Command {
    let scratch = folder.join("scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
            "bash",
            "-c",
            SCRIPT,
            "bash",
        ])
        .arg(scratch);
    command
        .env("SYSCTL_TREE", sysctl_tree.unwrap_or(Path::new("")))
        .env("PROGRAMS", "")
        .env("SECOND_PROC", "")
        .env("SMALL_DISK", "");
    command
}

/// Returns the program in new namespaces, with the environment of the trial.
fn command(trial: &Trial, sysctl_tree: Option<&Path>, arguments: &[&str]) -> Command {
    let inner = trial.program();
    let mut command = enter(trial.folder(), sysctl_tree);
    command
        .current_dir(trial.folder())
        .env_clear()
        .env("SYSCTL_TREE", sysctl_tree.unwrap_or(Path::new("")))
        .env("PROGRAMS", trial.programs.folder())
        .env("SECOND_PROC", "")
        .env("SMALL_DISK", "");
    command.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command.arg(process::PROGRAM).args(arguments);
    command
}

/// Runs the program in new namespaces.
pub fn run(trial: &Trial, sysctl_tree: Option<&Path>, arguments: &[&str]) -> RunResult {
    process::run(trial.folder(), &mut command(trial, sysctl_tree, arguments))
}

/// Runs `plugin test --record` as on this machine.
pub fn record(trial: &Trial) -> RunResult {
    run(trial, None, &trial.prepare_record())
}

/// Runs the program with a disk of 200 KiB as the scratch root of the trial.
pub fn run_on_small_disk(trial: &Trial, arguments: &[&str]) -> RunResult {
    process::run(
        trial.folder(),
        command(trial, None, arguments).env("SMALL_DISK", trial.root()),
    )
}

/// Runs the program as on this machine, with a second `/proc` at a folder.
pub fn run_with_second_proc(trial: &Trial, folder: &Path, arguments: &[&str]) -> RunResult {
    process::run(
        trial.folder(),
        command(trial, None, arguments).env("SECOND_PROC", folder),
    )
}

/// Sends a signal to the program itself, which is the child of `unshare`.
pub fn signal(running: &Running, signal: rustix::process::Signal) {
    let id = running.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let program = children
        .split_whitespace()
        .next()
        .and_then(|id| id.parse().ok())
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(program.expect("unshare has a child"), signal).unwrap();
}

/// Starts the program in new namespaces.
pub fn start(trial: &Trial, sysctl_tree: Option<&Path>, arguments: &[&str]) -> Running {
    process::start(trial.folder(), &mut command(trial, sysctl_tree, arguments))
}
