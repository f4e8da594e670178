//! The whole of `init` in rehearsal, as a newcomer runs it: what it leaves, what a second run
//! changes, what real clients make of it, and what bad input comes to.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Said, Served, kubephase, run, workspace};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

fn example(name: &str) -> String {
    workspace()
        .join("examples")
        .join(name)
        .display()
        .to_string()
}

fn rehearse(root: &Path, config: &str, more: &[&str]) -> Said {
    run(kubephase(PROGRAM)
        .args([
            "rehearse",
            "--config",
            config,
            "--node",
            &example("single-node/node.yaml"),
            "--root",
        ])
        .arg(root)
        .args(more))
}

/// Configuration with keys that are quickly made.
fn quick(folder: &Path) -> String {
    let text = fs::read_to_string(example("single-node/cluster.yaml"))
        .unwrap()
        .replace(
            "networking:",
            "encryptionAlgorithm: ECDSA-P256\nnetworking:",
        );
    let path = folder.join("cluster.yaml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

#[test]
fn every_example_comes_to_an_end() {
    for name in ["single-node", "ha", "external-etcd"] {
        let root = tempfile::tempdir().unwrap();
        let said = rehearse(root.path(), &example(&format!("{name}/cluster.yaml")), &[]);
        assert_eq!(said.status, 0, "{name}: {}{}", said.stdout, said.stderr);
        for part in [
            "What was made",
            "How long each phase took",
            "Not checked",
            "kubeadm join ",
        ] {
            assert!(
                said.stdout.contains(part),
                "{name} does not say {part:?}: {}",
                said.stdout
            );
        }
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), quick(folder.path()));
    let first = rehearse(&root, &config, &["--upload-certs"]);
    assert_eq!(first.status, 0, "{}{}", first.stdout, first.stderr);
    let key = fs::read(root.join("etc/kubernetes/pki/ca.key")).unwrap();
    let second = rehearse(&root, &config, &["--upload-certs", "-o", "json"]);
    assert_eq!(second.status, 0, "{}{}", second.stdout, second.stderr);
    let events: Vec<serde_json::Value> = second
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let effects: Vec<&serde_json::Value> = events
        .iter()
        .filter(|event| event["event"] == "effect")
        .collect();
    assert!(effects.len() > 50);
    let changed: Vec<_> = effects
        .iter()
        .filter(|event| event["result"]["enacted"] == "changed")
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(
        fs::read(root.join("etc/kubernetes/pki/ca.key")).unwrap(),
        key
    );
    // The person read the token of the first run, and it is still the one; no record has it.
    let secrets = fs::read_to_string(root.join("var/lib/kubephase/secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    let token = secrets["token"].as_str().unwrap();
    assert!(
        first.stdout.contains(&format!("--token {token}")),
        "{}",
        first.stdout
    );
    let (id, secret) = token.split_once('.').unwrap();
    assert!(
        second
            .stdout
            .contains(&format!("--token {id}.<secret:token-0>"))
            && !second.stdout.contains(secret),
        "{}",
        second.stdout
    );
}

#[test]
fn keys_are_private_and_secrets_are_in_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), quick(folder.path()));
    let said = rehearse(&root, &config, &["--upload-certs"]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    for path in [
        "etc/kubernetes/pki/ca.key",
        "etc/kubernetes/admin.conf",
        "var/lib/kubephase/secrets.json",
        "var/lib/kubephase/cluster.jsonl",
    ] {
        assert_eq!(mode(&root.join(path)), 0o600, "{path}");
    }
    let secrets = fs::read_to_string(root.join("var/lib/kubephase/secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    let token = secrets["token"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let key = secrets["certificateKey"].as_str().unwrap().to_owned();
    assert!(
        said.stdout.contains(&token) && said.stdout.contains(&key),
        "the person is told"
    );
    for entry in fs::read_dir(root.join("var/lib/kubephase"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "jsonl"))
    {
        let journal = fs::read_to_string(entry.path()).unwrap();
        assert!(
            !journal.contains(&token)
                && !journal.contains(&key)
                && !journal.contains("PRIVATE KEY")
        );
    }
}

/// On a machine the phase that makes the certificate would mend it.
#[test]
fn a_tree_that_lost_a_certificate_is_mended_and_reset() {
    let folder = tempfile::tempdir().unwrap();
    let config = quick(folder.path());
    let command =
        |args: &[&str], root: &Path| run(kubephase(PROGRAM).args(args).arg("--root").arg(root));
    let lose = |root: &Path| {
        for name in ["apiserver.crt", "apiserver.key"] {
            fs::remove_file(root.join("etc/kubernetes/pki").join(name)).unwrap();
        }
    };
    let root = folder.path().join("root");
    assert_eq!(rehearse(&root, &config, &[]).status, 0);

    lose(&root);
    let said = rehearse(&root, &config, &[]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert!(
        said.stderr
            .contains("warning: what ran on this node before did not come up again"),
        "{}",
        said.stderr
    );
    assert!(root.join("etc/kubernetes/pki/apiserver.crt").exists());

    lose(&root);
    let node = example("single-node/node.yaml");
    let said = command(
        &[
            "init",
            "phase",
            "certs",
            "apiserver",
            "--config",
            &config,
            "--node",
            &node,
        ],
        &root,
    );
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert!(root.join("etc/kubernetes/pki/apiserver.crt").exists());

    lose(&root);
    let said = command(&["reset", "--force"], &root);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert!(!root.join("etc/kubernetes/admin.conf").exists());
}

/// What is signed with another authority's key is trusted by nobody, as openssl says of it.
#[test]
fn a_ca_key_of_another_ca_is_refused_before_anything_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (root, other, config) = (
        folder.path().join("root"),
        folder.path().join("other"),
        quick(folder.path()),
    );
    let node = example("single-node/node.yaml");
    let certificates = |what: &[&str], root: &Path| {
        run(kubephase(PROGRAM)
            .args(["init", "phase"])
            .args(what)
            .args(["--config", &config, "--node", &node, "--root"])
            .arg(root))
    };
    for tree in [&root, &other] {
        assert_eq!(certificates(&["certs", "ca"], tree).status, 0);
    }
    let key = |tree: &Path| tree.join("etc/kubernetes/pki/ca.key");
    fs::copy(key(&other), key(&root)).unwrap();
    for phase in [
        &["certs", "apiserver"][..],
        &["kubeconfig", "admin"],
        &["certs", "ca"],
    ] {
        let said = certificates(phase, &root);
        assert_eq!(said.status, 5, "{phase:?}: {}{}", said.stdout, said.stderr);
        assert!(
            said.stderr
                .contains("/etc/kubernetes/pki/ca.key does not belong to"),
            "{phase:?}: {}",
            said.stderr
        );
    }
    assert!(
        !root.join("etc/kubernetes/pki/apiserver.crt").exists()
            && !root.join("etc/kubernetes/admin.conf").exists()
    );
}

#[test]
fn openssl_accepts_the_chain() {
    if !has("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), quick(folder.path()));
    assert_eq!(rehearse(&root, &config, &[]).status, 0);
    let pki = root.join("etc/kubernetes/pki");
    for (authority, leaf) in [
        ("ca.crt", "apiserver.crt"),
        ("etcd/ca.crt", "etcd/server.crt"),
        ("front-proxy-ca.crt", "front-proxy-client.crt"),
    ] {
        let said = run(Command::new("openssl")
            .arg("verify")
            .arg("-x509_strict")
            .arg("-CAfile")
            .arg(pki.join(authority))
            .arg(pki.join(leaf)));
        assert_eq!(said.status, 0, "{leaf}: {}", said.stderr);
    }
}

#[test]
fn kubectl_gets_exactly_what_rbac_allows() {
    if !has("kubectl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), quick(folder.path()));
    let mut serving = kubephase(PROGRAM);
    serving
        .args([
            "rehearse",
            "--config",
            &config,
            "--node",
            &example("single-node/node.yaml"),
            "--serve",
            "--root",
        ])
        .arg(&root);
    let server = Served::start(&mut serving);
    let kubectl = |user: &str, args: &[&str]| {
        run(Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(root.join(format!("var/lib/kubephase/serve/{user}.conf")))
            .args(args))
    };
    let outcomes = [
        ("admin", kubectl("admin", &["get", "all", "-A"])),
        ("admin", kubectl("admin", &["auth", "can-i", "*", "*"])),
        ("scheduler", kubectl("scheduler", &["get", "secrets", "-A"])),
        ("kubelet", kubectl("kubelet", &["get", "nodes"])),
    ];
    drop(server);
    let [(_, all), (_, may), (_, secrets), (_, nodes)] = outcomes;
    assert!(
        all.status == 0
            && all.stdout.contains("deployment.apps/coredns")
            && all.stdout.contains("pod/etcd-node-1"),
        "{}{}",
        all.stdout,
        all.stderr
    );
    assert_eq!(may.stdout.trim(), "yes", "{}", may.stderr);
    assert!(
        secrets
            .stderr
            .contains("User \"system:kube-scheduler\" cannot list resource \"secrets\""),
        "{}",
        secrets.stderr
    );
    assert!(nodes.stdout.contains("control-plane"), "{}", nodes.stderr);
}

#[test]
fn the_result_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let config = quick(folder.path());
    let init = |out: &Path, more: &[&str]| {
        let node = example("single-node/node.yaml");
        run(kubephase(PROGRAM)
            .args([
                "init",
                "--dry-run",
                "--config",
                &config,
                "--node",
                &node,
                "--out",
            ])
            .arg(out)
            .args(more))
    };
    let out = folder.path().join("out");
    let said = init(&out, &[]);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(mode(&out.join("files/etc/kubernetes/pki/ca.key")), 0o600);
    assert_eq!(mode(&out.join("files/var/lib/etcd")), 0o700);
    assert!(
        fs::read_to_string(out.join("objects.yaml"))
            .unwrap()
            .starts_with("# CREATE configmaps kube-system/kubeadm-config\n")
    );
    // Again in the same directory, but not over what somebody else put there.
    assert_eq!(init(&out, &[]).status, 0);
    let thesis = out.join("files/thesis.txt");
    fs::write(&thesis, "years of work").unwrap();
    let said = init(&out, &[]);
    assert!(
        said.status == 1 && said.stderr.contains("thesis.txt was not written by --out"),
        "{}",
        said.stderr
    );
    assert!(thesis.exists() && out.join("objects.yaml").exists());
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let said = init(&file, &[]);
    assert!(
        said.status == 1 && said.stderr.contains("is not a directory"),
        "{}",
        said.stderr
    );
    let never = folder.path().join("never");
    assert_ne!(init(&never, &["--skip-phases=nope"]).status, 0);
    assert!(!never.exists());
    if Path::new("/dev/full").exists() {
        assert_eq!(init(Path::new("/dev/full"), &[]).status, 1);
    }
}

#[test]
fn a_failed_check_stops_the_run_before_it_changes_anything() {
    let folder = tempfile::tempdir().unwrap();
    let (root, config) = (folder.path().join("root"), quick(folder.path()));
    let node = folder.path().join("node.yaml");
    fs::write(&node, "{hostname: node-1, cpus: 1, memoryMib: 512}").unwrap();
    let init = |more: &[&str]| {
        run(kubephase(PROGRAM)
            .args(["rehearse", "--config", &config, "--node"])
            .arg(&node)
            .arg("--root")
            .arg(&root)
            .args(more))
    };
    let said = init(&[]);
    assert_eq!(said.status, 4, "{}", said.stderr);
    for words in [
        "[ERROR NumCPU]: the number of available CPUs 1 is less than the required 2",
        "[ERROR Mem]: the system RAM (512 MB)",
    ] {
        assert!(said.stderr.contains(words), "{}", said.stderr);
    }
    assert!(!root.join("etc").exists());
    assert_eq!(init(&["--ignore-preflight-errors=NumCPU,mem"]).status, 0);
}

#[test]
fn bad_input_is_told_plainly_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let root = folder.path().join("root");
    for (config, exit, words) in [
        (folder.path().display().to_string(), 3, "is a directory"),
        (
            file("empty.yaml", ""),
            3,
            "no InitConfiguration or ClusterConfiguration",
        ),
        (
            file("broken.yaml", "a: [1,\n"),
            3,
            "broken.yaml:1:4: not YAML",
        ),
        (
            file("kind.yaml", "apiVersion: example.com/v1\nkind: Nope\n"),
            3,
            "no InitConfiguration",
        ),
        (
            folder.path().join("missing").display().to_string(),
            3,
            "unable to read",
        ),
    ] {
        let said = rehearse(&root, &config, &[]);
        assert_eq!(said.status, exit, "{config}: {}", said.stderr);
        assert!(said.stderr.contains(words), "{config}: {}", said.stderr);
        assert!(!root.exists(), "{config}");
    }
}

#[test]
fn a_plugin_is_used_or_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let config = quick(folder.path());
    let with = |source: &str| {
        let text = fs::read_to_string(&config).unwrap();
        let path = folder.path().join("with.yaml");
        fs::write(
            &path,
            format!(
                "{text}---\napiVersion: kubephase.dev/v1alpha1\nkind: \
                 PhaseConfiguration\nplugins:\n- {{name: mine, source: {source}, digest: \"00\"}}\n"
            ),
        )
        .unwrap();
        rehearse(
            &folder.path().join("root"),
            &path.display().to_string(),
            &[],
        )
    };
    fs::write(folder.path().join("text.wasm"), "not wasm").unwrap();
    fs::write(folder.path().join("core.wasm"), b"\0asm\x01\0\0\0").unwrap();
    for (source, words) in [
        ("text.wasm", "not WebAssembly"),
        ("core.wasm", "not a component"),
        ("missing.wasm", "cannot read"),
    ] {
        let said = with(source);
        assert_eq!(said.status, 6, "{source}: {}", said.stderr);
        assert!(said.stderr.contains(words), "{source}: {}", said.stderr);
    }
}

/// Whatever is in arguments, configuration or files: what acts on a terminal is shown as an escape.
#[test]
fn nothing_that_acts_on_a_terminal_is_printed() {
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
        let said = run(kubephase(PROGRAM).args(&arguments));
        assert_ne!(said.status, 0, "{arguments:?}: {}", said.stdout);
        let printed = said.stdout + &said.stderr;
        let acts = |c: char| {
            c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{202e}' | '\u{200b}')
        };
        assert!(
            !printed.is_empty() && !printed.chars().any(acts),
            "{arguments:?}: {printed:?}"
        );
    }
}

#[test]
fn a_plan_shows_what_is_left_out_and_why() {
    let config = example("single-node/cluster.yaml");
    let plan = |more: &[&str]| {
        run(kubephase(PROGRAM)
            .args([
                "plan",
                "init",
                "--config",
                &config,
                "--node",
                &example("single-node/node.yaml"),
            ])
            .args(more))
    };
    let text = plan(&["--skip-phases=addon/kube-proxy"]);
    assert!(
        text.status == 0 && text.stdout.contains("skipped by --skip-phases"),
        "{}{}",
        text.stdout,
        text.stderr
    );
    assert!(plan(&["-o", "dot"]).stdout.starts_with("digraph"));
    assert!(serde_json::from_str::<serde_json::Value>(&plan(&["-o", "json"]).stdout).is_ok());
    let wrong = plan(&["--skip-phases=addon/coredn"]);
    assert!(
        wrong.status == 2
            && wrong.stderr.contains("invalid phase name: addon/coredn")
            && wrong.stderr.contains("addon/coredns"),
        "{}",
        wrong.stderr
    );
}
