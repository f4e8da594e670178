//! Plugins of a machine: `/etc/kubephase/conf.d/*.yaml` and `/etc/kubephase/kubephase.lock`, for
//! callers that write only kubeadm's documents.
use crate::{PROGRAM, build_examples, example, plugin, write_config};
use harness::{RunOutput, kubephase, run, workspace};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

const PHASES: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";

/// A scratch root with a plugin that its own files name.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Machine {
        build_examples();
        let machine = Machine(tempfile::tempdir().unwrap());
        machine.write("10-fleet.yaml", PHASES);
        let fleet = machine.drop_in("10-fleet.yaml").display().to_string();
        let source = example("time-sync").display().to_string();
        plugin(&["add", &source, "--config", &fleet, "--allow"]).expect_success();
        assert!(machine.lock().is_file());
        machine
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn lock(&self) -> PathBuf {
        self.root().join("etc/kubephase/kubephase.lock")
    }

    fn drop_in(&self, name: &str) -> PathBuf {
        self.root().join("etc/kubephase/conf.d").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.drop_in(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// Runs a dry run of `init` with these arguments.
    fn init(&self, args: &[&str]) -> RunOutput {
        run(kubephase(PROGRAM)
            .args([
                "init",
                "--dry-run",
                "--ignore-preflight-errors=TimeSync",
                "--root",
            ])
            .arg(self.root())
            .arg("--node")
            .arg(workspace().join("examples/single-node/node.yaml"))
            .args(args))
    }
}

/// Whether the plugin's check was run: the described machine does not pass it.
fn runs_the_plugin(output: &RunOutput) -> bool {
    output.stderr.contains("(plugin time-sync)")
}

#[test]
fn a_caller_that_knows_nothing_of_plugins_gets_them() {
    let machine = Machine::new();
    let config = write_config(machine.0.path(), "");
    for args in [&["--config", config.as_str()][..], &[]] {
        let output = machine.init(args);
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert!(runs_the_plugin(&output), "{}", output.stderr);
    }
    let output = machine.init(&["--config", &config, "--no-conf-d"]);
    assert!(
        output.status == 0 && !runs_the_plugin(&output),
        "{}",
        output.stdout
    );
    let rehearsed = run(kubephase(PROGRAM)
        .args(["rehearse", "--config", &config, "--root"])
        .arg(machine.root()));
    assert!(runs_the_plugin(&rehearsed), "{}", rehearsed.stderr);
}

#[test]
fn an_entry_of_the_operator_is_allowed_by_the_lock_of_the_machine() {
    let machine = Machine::new();
    let text = fs::read_to_string(machine.drop_in("10-fleet.yaml")).unwrap();
    fs::remove_file(machine.drop_in("10-fleet.yaml")).unwrap();
    let source = example("time-sync").display().to_string();
    let entry = text
        .lines()
        .find_map(|line| line.split_once("source: "))
        .unwrap()
        .1;
    let absolute = text.replace(entry, &source);
    let lock = fs::read_to_string(machine.lock()).unwrap();
    fs::write(machine.lock(), lock.replace(entry, &source)).unwrap();
    let config = write_config(machine.0.path(), &format!("---\n{absolute}"));
    let output = machine.init(&["--config", &config]);
    assert!(
        output.status == 0 && runs_the_plugin(&output),
        "{}",
        output.stderr
    );
    let alone = machine.init(&["--config", &config, "--no-conf-d"]);
    assert!(
        alone.status == 6 && alone.stderr.contains("kubephase.lock"),
        "{}",
        alone.stderr
    );
    // A lock beside the configuration that allows something else still counts.
    let other = lock
        .replace(entry, &source)
        .replace("digest: ", "digest: '0' #");
    fs::write(machine.0.path().join("kubephase.lock"), other).unwrap();
    let output = machine.init(&["--config", &config]);
    assert!(
        output.status == 6 && output.stderr.contains("allow different things"),
        "{}",
        output.stderr
    );
}

#[test]
fn files_that_disagree_are_reported_with_the_later_first() {
    let machine = Machine::new();
    machine.write("20-site.yaml", &format!("{PHASES}parallelism: 2\n"));
    machine.write("30-more.yaml", &format!("{PHASES}parallelism: 3\n"));
    let output = machine.init(&[]);
    let expected = format!(
        "{}:3:1: parallelism: this value is used, and not that of {}:3:1",
        machine.drop_in("30-more.yaml").display(),
        machine.drop_in("20-site.yaml").display()
    );
    assert!(
        output.status == 0 && output.stderr.contains(&expected),
        "{}",
        output.stderr
    );
}

#[test]
fn files_that_others_can_write_stop_every_command() {
    let machine = Machine::new();
    let path = machine.drop_in("10-fleet.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let config = write_config(machine.0.path(), "");
    let output = machine.init(&["--config", &config]);
    let expected = format!("{}: others than root can write it", path.display());
    assert!(
        output.status != 0 && output.stderr.contains(&expected),
        "{}",
        output.stderr
    );
    let output = machine.init(&["--config", &config, "--no-conf-d"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(machine.lock(), fs::Permissions::from_mode(0o666)).unwrap();
    let output = machine.init(&["--config", &config]);
    assert!(
        output.status == 6 && output.stderr.contains("kubephase.lock"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_missing_permission_names_the_file_of_the_machine() {
    let machine = Machine::new();
    fs::remove_file(machine.lock()).unwrap();
    let output = machine.init(&[]);
    let fleet = machine.drop_in("10-fleet.yaml");
    let command = format!(
        "kubephase plugin allow time-sync --config {}",
        fleet.display()
    );
    assert!(
        output.status == 6 && output.stderr.contains(&command),
        "{}",
        output.stderr
    );
}

#[test]
fn a_line_that_is_wrong_is_named() {
    let machine = Machine::new();
    machine.write("20-site.yaml", &format!("{PHASES}parallelism: many\n"));
    let output = machine.init(&[]);
    let path: &Path = &machine.drop_in("20-site.yaml");
    let expected = format!("{}:3:1: parallelism: ", path.display());
    assert!(
        output.status == 3 && output.stderr.contains(&expected),
        "{}",
        output.stderr
    );
}
