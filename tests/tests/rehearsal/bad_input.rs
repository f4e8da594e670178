//! Bad input: nodes, configurations, plugins and arguments.
use crate::{PROGRAM, example, rehearse, write_config};
use harness::{kubephase, run};
use std::fs;

#[test]
fn a_failed_check_stops_the_run_before_it_changes_anything() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), write_config(folder.path()));
    let node = folder.path().join("node.yaml");
    fs::write(&node, "{hostname: node-1, cpus: 1, memoryMib: 512}").unwrap();
    let mut rehearse = kubephase(PROGRAM);
    rehearse
        .args(["rehearse", "--config", &config, "--node"])
        .arg(&node)
        .arg("--root")
        .arg(&root);
    let output = run(&mut rehearse);
    assert_eq!(output.status, 4, "{}", output.stderr);
    for words in [
        "[ERROR NumCPU]: the number of available CPUs 1 is less than the required 2",
        "[ERROR Mem]: the system RAM (512 MB)",
    ] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    assert!(!root.join("etc").exists());
    assert_eq!(
        run(rehearse.arg("--ignore-preflight-errors=NumCPU,mem")).status,
        0
    );
}

#[test]
fn a_bad_configuration_is_refused_with_the_reason_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("empty.yaml", ""),
        ("broken.yaml", "a: [1,\n"),
        ("kind.yaml", "apiVersion: example.com/v1\nkind: Nope\n"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let root = folder.path().join("root");
    for (name, words) in [
        ("", "is a directory"),
        ("empty.yaml", "no InitConfiguration or ClusterConfiguration"),
        ("broken.yaml", "broken.yaml:1:4: not YAML"),
        ("kind.yaml", "no InitConfiguration"),
        ("missing", "unable to read"),
    ] {
        let config = folder.path().join(name).display().to_string();
        let output = rehearse(&root, &config, &[]);
        assert_eq!(output.status, 3, "{config}: {}", output.stderr);
        assert!(output.stderr.contains(words), "{config}: {}", output.stderr);
        assert!(!root.exists(), "{config}");
    }
}

#[test]
fn a_file_that_is_not_a_component_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let text = fs::read_to_string(&config).unwrap();
    let root = folder.path().join("root");
    fs::write(folder.path().join("text.wasm"), "not wasm").unwrap();
    fs::write(folder.path().join("core.wasm"), b"\0asm\x01\0\0\0").unwrap();
    for (source, words) in [
        ("text.wasm", "not WebAssembly"),
        ("core.wasm", "not a component"),
        ("missing.wasm", "cannot read"),
    ] {
        let entry = format!("- {{name: mine, source: {source}, digest: \"00\"}}\n");
        let phases = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n";
        fs::write(&config, format!("{text}---\n{phases}{entry}")).unwrap();
        let output = rehearse(&root, &config, &[]);
        assert_eq!(output.status, 6, "{source}: {}", output.stderr);
        assert!(output.stderr.contains(words), "{source}: {}", output.stderr);
    }
}

/// Whether a character acts on a terminal instead of being shown.
fn is_terminal_control(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{202e}' | '\u{200b}')
}

/// Control characters in arguments, configurations and file names are shown as escapes.
#[test]
fn no_control_character_of_the_input_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let tricks = "x\u{1b}[2J\u{1b}[8m\u{9b}31m\u{202e}\u{200b}\r";
    let file = folder.path().join(format!("{tricks}.yaml"));
    fs::write(&file, format!("apiVersion: {tricks:?}\nkind: [\n")).unwrap();
    let unknown = folder.path().join("unknown.yaml");
    let text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
        v1.36.2\n";
    fs::write(
        &unknown,
        format!(
            "{text}\"\\e[2J\\u202efield\": 1\n---\napiVersion: \
        kubephase.dev/v1alpha1\nkind: PhaseConfiguration\ndisabledPhases: [\"\\e[2J\"]\n"
        ),
    )
    .unwrap();
    let file = file.display().to_string();
    let unknown = unknown.display().to_string();
    for arguments in [
        vec![tricks],
        vec!["init", tricks],
        vec!["init", "--config", &file],
        vec!["init", &format!("--{tricks}")],
        vec!["plan", "init", "--config", &unknown],
        vec!["config", "validate", "--config", &unknown],
        vec!["plan", "init", "--skip-phases", tricks],
        vec!["plugin", "inspect", &file],
        vec!["plugin", "list", "--config", &file],
        vec!["report", tricks],
        vec!["token", "list", "--kubeconfig", &file],
    ] {
        let output = run(kubephase(PROGRAM).args(&arguments));
        assert_ne!(output.status, 0, "{arguments:?}: {}", output.stdout);
        let printed = output.printed();
        assert!(
            !printed.is_empty() && !printed.chars().any(is_terminal_control),
            "{arguments:?}: {printed:?}"
        );
    }
}

#[test]
fn plan_and_validate_warn_of_a_waiver_that_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let text = fs::read_to_string(&config).unwrap();
    for (check, warns) in [("NumCPUs", true), ("NumCPU", false)] {
        let phases = format!(
            "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nwaivers: \
             [{{check: {check}, reason: a test}}]\n"
        );
        fs::write(&config, format!("{text}{phases}")).unwrap();
        for command in [["plan", "init"], ["config", "validate"]] {
            let output = run(kubephase(PROGRAM)
                .args(command)
                .arg("--config")
                .arg(&config));
            assert_eq!(output.status, 0, "{command:?}: {}", output.stderr);
            assert_eq!(
                output.stderr.contains("did you mean NumCPU?"),
                warns,
                "{command:?}: {}",
                output.stderr
            );
        }
    }
}

/// A path that cannot be looked at has a finding of its own, under kubeadm's name. Ignoring it
/// hides no other finding.
#[test]
fn a_check_that_cannot_look_at_a_path_can_be_ignored_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let root = folder.path().join("root");
    for (parent, name) in [
        ("var/lib", "etcd"),
        ("etc/kubernetes/manifests", "kube-apiserver.yaml"),
    ] {
        fs::create_dir_all(root.join(parent)).unwrap();
        std::os::unix::fs::symlink(name, root.join(parent).join(name)).unwrap();
    }
    let node = example("single-node/node.yaml");
    for (ignored, status) in [("Swap", 4), ("DirAvailable--var-lib-etcd", 0)] {
        let output = run(kubephase(PROGRAM)
            .args(["init", "phase", "preflight", "--config", &config])
            .args(["--node", &node, "--ignore-preflight-errors", ignored])
            .arg("--root")
            .arg(&root));
        assert_eq!(output.status, status, "{}", output.stderr);
        for finding in [
            "DirAvailable--var-lib-etcd]: unable to check if /var/lib/etcd is empty",
            "FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml]: could not be checked",
        ] {
            assert!(output.stderr.contains(finding), "{}", output.stderr);
        }
    }
}

#[test]
fn a_machine_that_names_no_kubelet_has_the_kubelet_of_its_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("v1.36.2", "v1.34.7")).unwrap();
    let node = folder.path().join("node.yaml");
    for (kubelet, status, words) in [
        ("", 0, ""),
        (
            "kubeletVersion: v1.35.0\n",
            4,
            "the kubelet version is higher than the control plane version",
        ),
        (
            "kubeletVersion: v1.30.9\n",
            4,
            "is lower than kubeadm can support",
        ),
        ("kubeletVersion: v1.31.0\n", 0, ""),
    ] {
        fs::write(&node, format!("hostname: node-1\n{kubelet}")).unwrap();
        let mut rehearse = kubephase(PROGRAM);
        let output = run(rehearse
            .args(["rehearse", "--config", &config, "--node"])
            .arg(&node));
        assert_eq!(output.status, status, "{kubelet}{}", output.stderr);
        assert!(output.stderr.contains(words), "{kubelet}{}", output.stderr);
    }
}
