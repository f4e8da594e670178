//! `plugin dev`: a plugin is built, tested and rehearsed without being allowed, and what a
//! rehearsal cannot know is not an error of the plugin.
use crate::{PROGRAM, plugin, toolchain, write_config};
use harness::{kubephase, run};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A check that reads a file, runs a program and looks up a name, and hands on each failure.
const SOURCE: &str = r#"use kubephase_sdk::prelude::*;

check!(machine);

fn machine() -> Checked<Vec<Finding>> {
    let settings: serde_json::Value = settings()?;
    Ok(vec![match settings["look"].as_str() {
        Some("file") => {
            let release = observe_files::read_file("/etc/os-release")?;
            pass("Release", String::from_utf8_lossy(&release).trim())
        }
        Some("program") => {
            let output = observe_command::run_command("uname", &["-m".into()])?;
            pass("Architecture", output.stdout.trim()).evidence("program", "uname -m")
        }
        _ => {
            let addresses = observe_net::resolve("registry.example.com")?;
            pass("Registry", addresses.join(" "))
        }
    }])
}
"#;

const MANIFEST: &str = "name: machine
version: 0.1.0
license: Apache-2.0
description: The machine is what we expect
provides:
- {id: preflight/machine, title: The machine is what we expect, kind: check, workflow: [init]}
settings: {type: object, properties: {look: {type: string, default: file}}}
grants:
- {capability: observe-files.read-file, reason: a test, paths: [/etc/os-release]}
- {capability: observe-command.run-command, reason: a test, commands: [[uname, -m]]}
- {capability: observe-net.resolve, reason: a test, hosts: [registry.example.com]}
";

/// Begins the line that `plugin dev` prints before it waits.
const LAST_LINE: &str = "Waiting for a change in";

/// Makes the folder of the plugin.
fn new_plugin(parent: &Path) -> PathBuf {
    let folder = parent.join("machine");
    plugin(&["new", "check", &folder.display().to_string()]).expect_success();
    fs::write(folder.join("src/lib.rs"), SOURCE).unwrap();
    fs::write(folder.join("plugin.yaml"), MANIFEST).unwrap();
    fs::remove_dir_all(folder.join("cases")).unwrap();
    folder
}

fn phases(look: &str) -> String {
    format!(
        "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n- {{name: \
         machine, source: ./machine, settings: {{look: {look}}}}}\n"
    )
}

/// Describes a node that answers everything that the check looks at.
const DESCRIPTION: &str = "files: {/etc/os-release: \"ID=debian\\n\"}\noutputs: {uname -m: \
    {stdout: \"x86_64\\n\"}}\nhosts: {registry.example.com: [192.0.2.7]}\n";

/// The subjects of the check, each with the output of the check without and with the description.
const LOOKS: &[(&str, &str, &str)] = &[
    (
        "file",
        "whether the machine has /etc/os-release",
        "[OK Release]: ID=debian",
    ),
    (
        "program",
        "what `uname -m` would say",
        "[OK Architecture]: x86_64 (plugin machine)\n\t\tprogram: uname -m\n",
    ),
    (
        "name",
        "whether registry.example.com can be resolved",
        "[OK Registry]: 192.0.2.7",
    ),
];

#[test]
fn a_naive_check_rehearses_without_a_lock_and_what_is_not_known_is_not_checked() {
    let parent = tempfile::tempdir().unwrap();
    let folder = new_plugin(parent.path()).display().to_string();
    // The configuration does not name the plugin yet.
    let config = write_config(parent.path(), "");
    let built = plugin(&["dev", &folder, "--once", "--config", &config]);
    assert_eq!(built.status, 0, "{}", built.printed());
    for (text, words) in [
        (&built.stderr, "Compiling machine v0.1.0"),
        (&built.stdout, "machine 0.1.0 in "),
        (
            &built.stdout,
            " KiB; it imports input, observe-command, observe-files, observe-net, report",
        ),
        (
            &built.stderr,
            "[WARNING preflight/machine]: could not be checked: a rehearsal cannot see whether the \
             machine has /etc/os-release",
        ),
        (&built.stdout, "control-plane has initialized successfully"),
    ] {
        assert!(text.contains(words), "{words}: {}", built.printed());
    }
    assert!(!parent.path().join("kubephase.lock").exists());
    let rehearse = |more: &[&str]| {
        let args = [
            &["rehearse", "--dev", &folder, "--config", &config, "-v", "1"],
            more,
        ]
        .concat();
        let rehearsal = run(kubephase(PROGRAM).args(args));
        assert_eq!(rehearsal.status, 0, "{}", rehearsal.printed());
        rehearsal.stderr
    };
    let node = parent.path().join("node.yaml");
    fs::write(&node, DESCRIPTION).unwrap();
    let node = node.display().to_string();
    for &(look, unknown, known) in LOOKS {
        write_config(parent.path(), &phases(look));
        let printed = rehearse(&[]);
        let line = format!(
            "[WARNING preflight/machine]: could not be checked: a rehearsal cannot see {unknown}"
        );
        assert!(printed.contains(&line), "{printed}");
        let printed = rehearse(&["--node", &node]);
        assert!(printed.contains(known), "{printed}");
    }
    // A run that is not a rehearsal takes only plugins that were allowed.
    let refused = run(kubephase(PROGRAM).args(["init", "--dry-run", "--dev", &folder]));
    assert!(
        refused.status == 2 && refused.stderr.contains("unknown flag: --dev"),
        "{}",
        refused.stderr
    );
    let refused = run(kubephase(PROGRAM).args(["init", "--dry-run", "--config", &config]));
    assert_eq!(refused.status, 6, "{}", refused.stderr);
    expect_mistakes_to_be_told(Path::new(&folder));
}

/// Expects that a manifest that was edited after the build is noticed, and that cargo's own words
/// are shown.
fn expect_mistakes_to_be_told(folder: &Path) {
    let at = folder.display().to_string();
    let manifest = folder.join("plugin.yaml");
    fs::write(&manifest, MANIFEST.replace("a test", "another reason")).unwrap();
    for command in ["test", "inspect"] {
        let stale = plugin(&[command, &at]);
        assert!(
            stale.status == 1
                && stale.stderr.contains("plugin.yaml was changed after")
                && stale.stderr.contains(&format!("plugin build {at}")),
            "{}",
            stale.printed()
        );
    }
    fs::write(
        folder.join("src/lib.rs"),
        SOURCE.replace("trim()", "trimm()"),
    )
    .unwrap();
    let broken = plugin(&["dev", &at, "--once"]);
    assert!(
        broken.status == 1 && broken.stderr.contains("no method named `trimm`"),
        "{}",
        broken.printed()
    );
}

#[test]
fn each_save_builds_and_rehearses_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = new_plugin(parent.path());
    let config = write_config(parent.path(), &phases("file"));
    let mut command: Command = kubephase(PROGRAM);
    command
        .envs(toolchain())
        .args(["plugin", "dev"])
        .arg(&folder);
    command
        .args(["--config", &config])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    // After the last line it waits, and would never print the words.
    let mut read_until = |words: &str| {
        let ends = |line: &String| line.contains(words) || line.contains(LAST_LINE);
        let found = lines.find_map(|line| line.ok().filter(&ends));
        let is_printed = found.is_some_and(|line| line.contains(words));
        assert!(is_printed, "{words} was not printed");
    };
    read_until("a rehearsal cannot see whether the machine has /etc/os-release");
    read_until(LAST_LINE);
    let source = SOURCE.replace("/etc/os-release", "/etc/debian_version");
    fs::write(folder.join("src/lib.rs"), source).unwrap();
    read_until("src/lib.rs changed");
    // The manifest does not ask for this file.
    read_until("[ERROR preflight/machine]");
    read_until(LAST_LINE);
    let manifest = MANIFEST.replace("/etc/os-release", "/etc/debian_version");
    fs::write(folder.join("plugin.yaml"), manifest).unwrap();
    read_until("a rehearsal cannot see whether the machine has /etc/debian_version");
    read_until(LAST_LINE);
    process.kill().unwrap();
    process.wait().unwrap();
}
