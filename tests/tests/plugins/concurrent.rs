//! Commands that change a configuration and its lock at one time, and entries that do not match the
//! lock.
use crate::{PROGRAM, init, plugin, write_config};
use harness::{RunOutput, kubephase, run, workspace};
use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
};

/// Writes copies of a check under other names, and returns their paths. A name of the same length
/// can be replaced in the component without any other change.
fn write_copies(folder: &Path, count: usize) -> Vec<String> {
    const NAME: &[u8] = b"enough-memory";
    let component =
        fs::read(workspace().join("host/src/wasm/tests/released/interface-0.1.0.wasm")).unwrap();
    let places: Vec<usize> = component
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME)
        .map(|(index, _)| index)
        .collect();
    (0..count)
        .map(|number| {
            let (mut copy, name) = (component.clone(), format!("enough-memor{number}"));
            places.iter().for_each(|place| {
                copy[*place..place + NAME.len()].copy_from_slice(name.as_bytes())
            });
            let path = folder.join(format!("{name}.wasm"));
            fs::write(&path, copy).unwrap();
            path.display().to_string()
        })
        .collect()
}

/// Checks that a plugin was refused with this text.
#[track_caller]
fn expect_refusal(output: &RunOutput, part: &str) {
    assert!(
        output.status == 6 && output.stderr.contains(part),
        "{part}: {}",
        output.printed()
    );
}

/// Starts `kubephase plugin`.
fn start_plugin(args: &[&str]) -> Child {
    kubephase(PROGRAM)
        .arg("plugin")
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Counts the plugins in the configuration and in the lock.
fn count_entries(folder: &Path) -> (usize, usize) {
    let [config, lock] = ["cluster.yaml", "kubephase.lock"].map(|file| {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        text.matches("name: enough-memor").count()
    });
    (config, lock)
}

#[test]
fn plugins_that_are_added_at_one_time_are_all_added() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "");
    let paths = write_copies(folder.path(), 6);
    let commands: Vec<Child> = paths
        .iter()
        .map(|path| start_plugin(&["add", path, "--config", &config, "--allow"]))
        .collect();
    for command in commands {
        RunOutput::from(command.wait_with_output().unwrap()).expect_success();
    }
    assert_eq!(count_entries(folder.path()), (6, 6));
    assert_eq!(
        plugin(&["verify", "--config", &config])
            .expect_success()
            .lines()
            .count(),
        6
    );
    // No temporary file is left beside the two files.
    let left = fs::read_dir(folder.path()).unwrap().filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.')
    });
    assert_eq!(left.count(), 0);

    let commands: Vec<Child> = (0..6)
        .map(|number| {
            let name = format!("enough-memor{number}");
            start_plugin(&["remove", &name, "--config", &config])
        })
        .collect();
    for mut command in commands {
        assert!(command.wait().unwrap().success());
    }
    assert_eq!(count_entries(folder.path()), (0, 0));
}

#[test]
fn an_entry_that_does_not_match_the_lock_is_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let paths = write_copies(at, 2);
    let entry = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n- \
        name: enough-memor0\n  source: enough-memor0.wasm\n";
    let config = write_config(at, entry);
    let command = format!("kubephase plugin allow enough-memor0 --config {config}");
    let rehearsal = run(kubephase(PROGRAM)
        .args(["rehearse", "--config", &config, "--root"])
        .arg(at.join("root")));
    for output in [rehearsal, plan(&config), init(&config, &at.join("out"))] {
        expect_refusal(&output, "it is not in kubephase.lock");
        expect_refusal(&output, &command);
    }
    plugin(&["allow", "enough-memor0", "--config", &config]).expect_success();
    plan(&config).expect_success();

    // Another source of the same name.
    fs::copy(&paths[0], at.join("other.wasm")).unwrap();
    fs::write(
        &config,
        fs::read_to_string(&config)
            .unwrap()
            .replace("source: enough-memor0.wasm", "source: other.wasm"),
    )
    .unwrap();
    expect_refusal(
        &plan(&config),
        "the configuration names the source other.wasm, the lock enough-memor0.wasm",
    );
    plugin(&["allow", "enough-memor0", "--config", &config]).expect_success();
    plan(&config).expect_success();

    // A command that was killed may leave a configuration without a lock.
    fs::remove_file(at.join("kubephase.lock")).unwrap();
    expect_refusal(&plan(&config), &command);
    plugin(&["remove", "enough-memor0", "--config", &config]).expect_success();
    plan(&config).expect_success();
}

/// Runs `plan init`, which may fail.
fn plan(config: &str) -> RunOutput {
    run(kubephase(PROGRAM).args(["plan", "init", "--config", config]))
}

#[test]
fn the_names_of_plugins_that_are_part_of_the_program_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["rules", "preflight", "coredns", "kube-proxy"] {
        let entry = format!(
            "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins: [{{name: \
             {name}, source: x.wasm}}]\n"
        );
        let config = write_config(folder.path(), &entry);
        expect_refusal(
            &init(&config, &folder.path().join("out")),
            "is the name of a plugin that is part of kubephase",
        );
    }
}
