//! Authors with tools of their own, plugins of all workflows, and single phases of plugins.
use crate::{PROGRAM, build_examples, example, plugin, toolchain, write_config};
use harness::{kubephase, run, without_manifest, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn the_interface_is_written_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a/wit");
    plugin(&["wit", "--out", &out.display().to_string()]).expect_success();
    let printed = plugin(&["wit"]).expect_success();
    let mut files = 0;
    for entry in fs::read_dir(workspace().join("wit")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wit") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap();
        assert_eq!(fs::read_to_string(out.join(name)).unwrap(), text);
        assert!(printed.contains(&format!("// {}\n{text}", name.display())));
        files += 1;
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), files);
}

#[test]
fn the_doctor_finds_what_this_machine_builds_with() {
    let doctor = |more: &[&str], path: Option<&Path>| {
        let mut command = kubephase(PROGRAM);
        command
            .envs(toolchain())
            .args(["plugin", "doctor"])
            .args(more);
        if let Some(path) = path {
            command.env("PATH", path).env_remove("CARGO");
        }
        run(&mut command)
    };
    // These tests build plugins in Rust.
    let rust = doctor(&["--language", "rust"], None);
    assert!(
        rust.status == 0
            && rust.stdout.contains("  ok       cargo: cargo 1.")
            && rust.stdout.contains("  ok       std for WebAssembly: of "),
        "{}",
        rust.printed()
    );
    let empty = tempfile::tempdir().unwrap();
    let none = doctor(&[], Some(empty.path()));
    assert!(
        none.status == 1
            && none
                .stdout
                .contains("  missing  node: node cannot be run; install Node.js 20")
            && none
                .stdout
                .contains("  missing  python3: python3 cannot be run; install Python"),
        "{}",
        none.printed()
    );
}

/// Makes a component of an example with another manifest, as the tools of another language would.
fn foreign_component(folder: &Path, name: &str, manifest: &str) -> PathBuf {
    build_examples();
    let built = fs::read(example(name).join(format!("{name}.wasm"))).unwrap();
    let (component, file) = (folder.join("foreign.wasm"), folder.join("plugin.yaml"));
    fs::write(&component, without_manifest(&built)).unwrap();
    fs::write(&file, manifest).unwrap();
    let at = component.display().to_string();
    let bare = plugin(&["inspect", &at]);
    assert!(
        bare.status == 6 && bare.stderr.contains("plugin annotate"),
        "{}",
        bare.printed()
    );
    let file = file.display().to_string();
    let annotated = plugin(&["annotate", &at, "--manifest", &file]).expect_success();
    assert!(annotated.contains(" KiB; it imports "), "{annotated}");
    component
}

fn clock(workflow: &str) -> String {
    format!(
        "name: clock\nversion: 1.0.0\nprovides:\n- {{id: clock, title: The clock is kept in time, \
         kind: check, workflow: [{workflow}], before: [preflight, preflihgt]}}\nsettings: {{type: \
         object, properties: {{services: {{default: [chronyd]}}, maxOffsetMillis: {{default: \
         500}}}}}}\n"
    )
}

#[test]
fn a_component_of_other_tools_gets_a_manifest_and_passes_its_cases() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = fs::read_to_string(example("time-sync").join("plugin.yaml")).unwrap();
    let component = foreign_component(folder.path(), "time-sync", &manifest);
    let built = fs::read(example("time-sync").join("time-sync.wasm")).unwrap();
    assert_eq!(fs::read(&component).unwrap(), built);
    let cases = example("time-sync").join("cases").display().to_string();
    let component = component.display().to_string();
    let tested = plugin(&["test", &component, "--cases", &cases]).expect_success();
    assert!(tested.contains(", 0 failed"), "{tested}");
    // A manifest that the host would refuse is not written.
    let wrong = folder.path().join("wrong.yaml");
    fs::write(&wrong, manifest.replace("kind: check", "kind: chek")).unwrap();
    let refused = plugin(&[
        "annotate",
        &component,
        "--manifest",
        &wrong.display().to_string(),
    ]);
    assert!(
        refused.status != 0 && refused.stderr.contains("chek"),
        "{}",
        refused.printed()
    );
    assert_eq!(fs::read(&component).unwrap(), built);
}

#[test]
fn a_reset_runs_the_plugins_of_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    foreign_component(folder.path(), "time-sync", &clock("reset"));
    let config = folder.path().join("reset.yaml");
    fs::write(
        &config,
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\nforce: \
         true\n---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n",
    )
    .unwrap();
    let config = config.display().to_string();
    let source = folder.path().join("foreign.wasm").display().to_string();
    let added = plugin(&["add", &source, "--config", &config]).expect_success();
    assert!(
        added.contains("Its phases are to run before preflihgt, which neither kubephase nor"),
        "{added}"
    );
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    let tree = tree.display().to_string();
    let reset = |more: &[&str]| {
        let args = [&["reset", "--config", &config, "--root", &tree], more].concat();
        run(kubephase(PROGRAM).args(args))
    };
    let refused = reset(&[]);
    assert!(
        refused.stderr.contains(
            "[ERROR TimeSync]: no service keeps the clock in time (plugin \
             clock)\n\t\tservices: chronyd"
        ) && refused
            .stderr
            .contains("plugin clock: its phases are to run before preflihgt"),
        "{}",
        refused.printed()
    );
    reset(&["--skip-phases", "clock"]).expect_success();
}

#[test]
fn a_single_phase_of_a_plugin_has_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let component = foreign_component(folder.path(), "time-sync", &clock("init"));
    let config = write_config(folder.path(), "");
    plugin(&["add", &component.display().to_string(), "--config", &config]).expect_success();
    let phase = |args: &[&str]| run(kubephase(PROGRAM).args(["init", "phase"]).args(args));
    let help = phase(&["--help", "--config", &config]).expect_success();
    assert!(
        help.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().take(3).collect();
            words == ["clock", "The", "clock"]
        }),
        "{help}"
    );
    let ran = phase(&["clock", "--config", &config, "--dry-run"]);
    assert!(
        ran.status == 4 && ran.stderr.contains("[ERROR TimeSync]"),
        "{}",
        ran.printed()
    );
    let unknown = phase(&["clock"]);
    assert!(
        unknown.status == 2
            && unknown
                .stderr
                .contains("a phase of a plugin needs --config with the file"),
        "{}",
        unknown.printed()
    );
}

#[test]
fn config_validate_refuses_what_a_run_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let head = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
    for (more, words) in [
        (
            format!("{head}disabledPhases: [addon/corens]\n"),
            "addon/corens",
        ),
        (
            format!("{head}extraEdges: [{{before: certs, after: adon}}]\n"),
            "adon",
        ),
        (
            format!("{head}replaces: {{addon/coredns: nobody}}\n"),
            "nobody",
        ),
        (
            format!("{head}plugins: [{{name: absent, source: ./absent.wasm}}]\n"),
            "plugin absent",
        ),
        (
            "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nskipPhases: \
             [preflihgt]\n"
                .to_owned(),
            "preflihgt",
        ),
    ] {
        let config = write_config(folder.path(), &more);
        for command in [&["config", "validate"][..], &["plan", "init"]] {
            let output = run(kubephase(PROGRAM).args(command).args(["--config", &config]));
            assert!(
                output.status != 0 && output.stderr.contains(words),
                "{command:?} {words}: {}",
                output.printed()
            );
        }
    }
    let fine = write_config(
        folder.path(),
        &format!("{head}disabledPhases: [addon/coredns]\n"),
    );
    run(kubephase(PROGRAM).args(["config", "validate", "--config", &fine])).expect_success();
}
