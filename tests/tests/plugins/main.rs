//! Plugins as authors and operators use them: written, built, tested, added, allowed, swapped in,
//! and contained.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod concurrent;
mod signed;

use harness::{Said, kubephase, run, workspace};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Once,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const EXAMPLES: [&str; 4] = ["time-sync", "tiny-proxy", "bridge-cni", "audit-policy"];

fn plugin(args: &[&str]) -> Said {
    run(kubephase(PROGRAM)
        .envs(toolchain())
        .arg("plugin")
        .args(args))
}

/// What cargo and rustup go by, which other runs have no need of.
fn toolchain() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| {
        name.starts_with("CARGO_HOME") || name.starts_with("RUSTUP_") || name == "CARGO"
    })
}

fn well(said: Said) -> String {
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    said.stdout + &said.stderr
}

fn example(name: &str) -> PathBuf {
    workspace().join("examples/plugins").join(name)
}

/// Every example as a component; built once for all tests.
fn examples() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        for name in EXAMPLES {
            well(plugin(&["build", &example(name).display().to_string()]));
        }
    });
}

/// A cluster whose keys are quickly made, in a folder of its own.
fn cluster(folder: &Path, more: &str) -> String {
    let text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
        v1.36.2\nencryptionAlgorithm: ECDSA-P256\nnetworking: {podSubnet: 10.244.0.0/16}\n";
    let path = folder.join("cluster.yaml");
    fs::write(&path, format!("{text}{more}")).unwrap();
    path.display().to_string()
}

fn init(config: &str, out: &Path) -> Said {
    let node = workspace().join("examples/single-node/node.yaml");
    run(kubephase(PROGRAM)
        .args(["init", "--dry-run", "--config", config, "--node"])
        .arg(node)
        .arg("--out")
        .arg(out))
}

#[test]
fn every_example_does_what_its_cases_say() {
    examples();
    for name in EXAMPLES {
        let said = well(plugin(&["test", &example(name).display().to_string()]));
        assert!(said.contains(", 0 failed"), "{name}: {said}");
    }
}

/// The fenced block of the README that follows a text, without its prompts.
fn readme(after: &str, language: &str) -> String {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let from = readme.split_once(after).expect("the README has it").1;
    let block = from
        .split_once(&format!("```{language}\n"))
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("a block follows")
        .0;
    block
        .lines()
        .map(|line| line.strip_prefix("$ ").unwrap_or(line).to_owned() + "\n")
        .collect()
}

#[test]
fn the_five_minute_tutorial_works_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // The program under its own name, on the path.
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(PROGRAM, bin.join("kubephase")).unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut shell = kubephase("bash");
    shell
        .current_dir(&empty)
        .env("PATH", path)
        .envs(toolchain())
        .args(["-euxc", &readme("## A check in five minutes", "console")]);
    let told = well(run(&mut shell));
    assert!(
        told.contains("2 passed, 0 failed") && told.contains("preflight/enough-memory"),
        "{told}"
    );
    let source = fs::read_to_string(empty.join("enough-memory/src/lib.rs")).unwrap();
    assert!(
        source.contains(readme("`new` wrote a crate", "rust").trim()),
        "the README shows another source than `plugin new` writes"
    );

    let config = empty.join("cluster.yaml").display().to_string();
    // More than any machine has: the check stands in the way.
    let strict = fs::read_to_string(&config).unwrap() + "  settings: {atLeastMib: 99999999}\n";
    fs::write(&config, strict).unwrap();
    let refused = init(&config, &folder.path().join("out"));
    assert_eq!(refused.status, 4, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("[ERROR EnoughMemory]"),
        "{}",
        refused.stderr
    );
    fs::write(
        &config,
        fs::read_to_string(&config)
            .unwrap()
            .replace("99999999", "many"),
    )
    .unwrap();
    let refused = init(&config, &folder.path().join("out"));
    assert!(
        refused.status == 6 && refused.stderr.contains("settings.atLeastMib"),
        "{}",
        refused.stderr
    );
}

#[test]
fn an_addon_takes_the_place_of_kube_proxy() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (cluster(folder.path(), ""), folder.path().join("out"));
    let added = well(plugin(&[
        "add",
        &example("tiny-proxy").display().to_string(),
        "--config",
        &config,
    ]));
    assert!(
        added.contains("It stands in for addon/kube-proxy.")
            && added.contains(r#"+ ["effects-cluster.apply-object","objects""#),
        "{added}"
    );

    let refused = init(&config, &out);
    assert_eq!(refused.status, 6, "{}", refused.stderr);
    let command = format!("kubephase plugin allow tiny-proxy --config {config} --digest sha256:");
    assert!(
        refused.stderr.contains(&command)
            && refused.stderr.contains(" --allow-cluster-admin\n")
            && !out.exists(),
        "{}",
        refused.stderr
    );

    let refused = plugin(&["allow", "tiny-proxy", "--config", &config]);
    assert!(
        refused.status == 6
            && refused
                .stderr
                .contains("This amounts to administrator of the cluster"),
        "{}",
        refused.stderr
    );
    well(plugin(&[
        "allow",
        "tiny-proxy",
        "--config",
        &config,
        "--allow-cluster-admin",
    ]));
    well(plugin(&["verify", "--config", &config]));
    well(init(&config, &out));
    let objects = fs::read_to_string(out.join("objects.yaml")).unwrap();
    assert!(
        objects.contains("CREATE daemonsets kube-system/tiny-proxy"),
        "{objects}"
    );
    assert!(!objects.contains("name: kube-proxy"), "{objects}");
    let kept = objects
        .split("\n---\n")
        .find(|object| object.contains("configmaps kube-system/kubephase-config"))
        .unwrap();
    for part in [
        "addon/kube-proxy: tiny-proxy",
        "digest: ",
        "allow:\n",
        "- cluster-admin\n",
        "version: =0.1.0",
        "kind\":\"ServiceAccount",
    ] {
        assert!(kept.contains(part), "{part}: {kept}");
    }

    let plan = well(run(
        kubephase(PROGRAM).args(["plan", "init", "--config", &config])
    ));
    assert!(plan.contains("[replaced by plugin tiny-proxy; "), "{plan}");

    // What the operator lets it have is what it has.
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace(
            "  source: ",
            "  limits: {memory: 64Ki, deadline: 10s}\n  source: ",
        ),
    )
    .unwrap();
    let stopped = init(&config, &folder.path().join("stopped"));
    assert!(
        stopped.status == 5
            && stopped
                .stderr
                .contains("memory limit of 65536 bytes reached"),
        "{}",
        stopped.stderr
    );

    well(plugin(&["remove", "tiny-proxy", "--config", &config]));
    well(init(&config, &out));
    assert!(
        fs::read_to_string(out.join("objects.yaml"))
            .unwrap()
            .contains("daemonsets kube-system/kube-proxy")
    );
}

#[test]
fn an_addon_fills_the_place_of_the_network_and_a_phase_comes_between_others() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    let audit = "apiServer: {extraArgs: [{name: audit-policy-file, value: \
        /etc/kubernetes/audit/policy.yaml}]}\n";
    let (config, out) = (cluster(folder.path(), audit), folder.path().join("out"));
    for name in ["bridge-cni", "audit-policy", "time-sync"] {
        well(plugin(&[
            "add",
            &example(name).display().to_string(),
            "--config",
            &config,
            "--allow",
            "--allow-cluster-admin",
        ]));
    }
    let plan = well(run(
        kubephase(PROGRAM).args(["plan", "init", "--config", &config, "-o", "json"])
    ));
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let after = |id: &str| {
        plan["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|phase| phase["id"] == id)
            .unwrap()["after"]
            .to_string()
    };
    assert!(
        after("wait-control-plane").contains("audit-policy")
            && after("audit-policy").contains("control-plane/apiserver")
    );

    // Nobody keeps the described node's clock in time.
    assert_eq!(init(&config, &out).status, 4);
    let waived = "waivers: [{check: TimeSync, reason: there is no clock in a rehearsal}]\n";
    fs::write(&config, fs::read_to_string(&config).unwrap() + waived).unwrap();
    let told = well(init(&config, &out));
    assert!(out.join("files/etc/kubernetes/audit/policy.yaml").is_file());
    assert!(
        fs::read_to_string(out.join("objects.yaml"))
            .unwrap()
            .contains("CREATE daemonsets kube-system/bridge-cni")
    );
    assert!(told.contains("TimeSync"), "{told}");
}

#[test]
fn a_plugin_that_became_another_is_refused_until_it_is_looked_at() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    let config = cluster(folder.path(), "");
    let component = folder.path().join("time-sync.wasm");
    fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
    well(plugin(&[
        "add",
        &component.display().to_string(),
        "--config",
        &config,
        "--allow",
        "--allow-cluster-admin",
    ]));
    let mut bytes = fs::read(&component).unwrap();
    // Another custom section makes another component of it.
    bytes.extend([0, 3, 1, b'x', 0]);
    fs::write(&component, bytes).unwrap();
    let verified = plugin(&["verify", "--config", &config]);
    assert!(
        verified.status == 6 && verified.stdout.contains("is not what was locked"),
        "{}{}",
        verified.stdout,
        verified.stderr
    );
    assert_eq!(init(&config, &folder.path().join("out")).status, 6);
    assert!(
        well(plugin(&["allow", "time-sync", "--config", &config]))
            .contains("what it may do and provides has not changed")
    );
    well(plugin(&["verify", "--config", &config]));
}

#[test]
fn a_plugin_that_traps_leaves_a_capsule_that_plays_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("broken");
    let shown = at.display().to_string();
    let config = cluster(folder.path(), "");
    well(plugin(&["new", "check", &shown]));
    let source = fs::read_to_string(at.join("src/lib.rs")).unwrap();
    fs::write(
        at.join("src/lib.rs"),
        source.replace(
            "if mib >= at_least_mib",
            "assert!(mib == 1, \"not a machine for me: {mib}\");\n    if mib >= at_least_mib",
        ),
    )
    .unwrap();
    well(plugin(&["build", &shown]));
    well(plugin(&["add", &shown, "--config", &config]));
    let said = init(&config, &folder.path().join("out"));
    assert_eq!(said.status, 4, "{}", said.stderr);
    for part in [
        "plugin broken 0.1.0 was stopped in run",
        "not a machine for me",
        "--replay ",
    ] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    let capsule = said
        .stderr
        .split("--replay ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let played = plugin(&["test", &shown, "--replay", capsule]);
    assert_eq!(played.status, 0, "{}{}", played.stdout, played.stderr);
    assert!(
        played.stdout.contains("not a machine for me: 4096"),
        "{}",
        played.stdout
    );
    fs::remove_file(capsule).unwrap();
}

#[test]
fn a_plugin_that_never_ends_ends_the_run_as_its_policy_says() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("endless");
    let shown = at.display().to_string();
    well(plugin(&["new", "check", &shown]));
    let source = fs::read_to_string(at.join("src/lib.rs")).unwrap();
    fs::write(
        at.join("src/lib.rs"),
        source.replace("let mib", "while at_least_mib > 0 {}\n    let mib"),
    )
    .unwrap();
    let manifest = fs::read_to_string(at.join("plugin.yaml")).unwrap();
    for (policy, status, told) in [
        ("fail", 4, "[ERROR preflight/endless]"),
        ("warn", 0, "[WARNING preflight/endless]"),
        ("ignore", 0, ""),
    ] {
        fs::write(
            at.join("plugin.yaml"),
            manifest.replace(
                "  kind: check",
                &format!("  failurePolicy: {policy}\n  kind: check"),
            ),
        )
        .unwrap();
        let config = cluster(folder.path(), "");
        well(plugin(&["build", &shown]));
        well(plugin(&["add", &shown, "--config", &config]));
        let said = init(&config, &folder.path().join("out"));
        assert_eq!(said.status, status, "{policy}: {}", said.stderr);
        assert!(
            said.stderr.contains(told) && said.stderr.contains("processor time"),
            "{policy}: {}",
            said.stderr
        );
    }
}

#[test]
fn rules_are_checks_without_a_toolchain() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nrules:\n- \
        {code: Cores, that: node.cpus >= 1}\n- {code: Huge, that: node.memoryMib > 9999999, \
        remedy: buy some}\n";
    let config = cluster(folder.path(), rules);
    let said = init(&config, &folder.path().join("out"));
    assert_eq!(said.status, 4, "{}", said.stderr);
    assert!(
        said.stderr.contains("[ERROR Huge]")
            && said.stderr.contains("buy some")
            && !said.stderr.contains("Cores"),
        "{}",
        said.stderr
    );
    let broken = cluster(folder.path(), &rules.replace("that", "thatt"));
    let said = init(&broken, &folder.path().join("out"));
    assert!(
        said.status == 6 && said.stderr.contains("thatt"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_recording_of_this_machine_plays_again() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    // A machine whose clock chrony keeps, as far as the programs of the operator's PATH say: the
    // host asks those, and the plugin gets only the system's own.
    for (name, script) in [
        (
            "systemctl",
            "case \"$1 $3\" in 'is-active chronyd') echo active;; 'status chronyd') echo 'Loaded: \
             loaded';; *) exit 3;; esac",
        ),
        (
            "chronyc",
            "echo 'System time     : 0.123450000 seconds slow of NTP time'",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let (at, capsule) = (
        example("time-sync").display().to_string(),
        folder.path().join("capsule.json").display().to_string(),
    );
    let record = |more: &[&str]| {
        run(kubephase(PROGRAM)
            .env("PATH", &path)
            .args(["plugin", "test", &at, "--record", &capsule])
            .args(more))
    };
    let refused = record(&[]);
    assert!(
        refused.stderr.contains("observe-command.run-command")
            && refused.stderr.contains("--allow"),
        "{}",
        refused.stderr
    );
    assert!(refused.status != 0 && !Path::new(&capsule).exists());
    let recorded = well(record(&["--allow"]));
    assert_eq!(
        fs::metadata(&capsule).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let findings = |printed: &str| -> Vec<String> {
        let lines = printed.lines().filter(|line| line.contains(" Time"));
        lines.map(str::to_owned).collect()
    };
    let found = findings(&recorded);
    assert!(
        recorded.contains("pass TimeSync: chronyd") && found.len() == 2,
        "{recorded}"
    );
    assert!(!recorded.contains("123.5 ms off"), "{recorded}");
    // Without those programs: the capsule has what they said.
    let played = well(plugin(&["test", &at, "--replay", &capsule]));
    assert_eq!(findings(&played), found, "{played}");
    assert!(played.contains("1 passed"), "{played}");

    // From somebody who does not mean well.
    let text = fs::read_to_string(&capsule).unwrap();
    let forged = text.replacen(
        "\"phase\":\"",
        "\"phase\":\"\\u001b[2J\\nok   everything\\n",
        1,
    );
    assert_ne!(text, forged);
    fs::write(&capsule, forged).unwrap();
    let played = well(plugin(&["test", &at, "--replay", &capsule]));
    assert!(
        !played.contains('\u{1b}') && !played.contains("\nok   everything"),
        "{played}"
    );
    fs::write(&capsule, " ".repeat(9 << 20)).unwrap();
    let played = plugin(&["test", &at, "--replay", &capsule]);
    assert!(
        played.status != 0 && played.stderr.contains("it is longer than 8 MiB"),
        "{}",
        played.stderr
    );
}

/// Whether a program is there; the test says so and passes where it is not.
fn has(program: &str) -> bool {
    let there = Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("{program} is not installed: not tested");
    }
    there
}

#[test]
fn checks_in_other_languages_pass_the_same_cases() {
    for (name, tool) in [("memory-js", "npm"), ("memory-py", "python3")] {
        if has(tool) {
            let at = example(name).display().to_string();
            well(plugin(&["build", &at]));
            assert!(
                well(plugin(&["test", &at])).contains("2 passed, 0 failed"),
                "{name}"
            );
        }
    }
}

#[test]
fn every_template_in_other_languages_passes_its_cases() {
    let folder = tempfile::tempdir().unwrap();
    for (language, tool) in [("js", "npm"), ("python", "python3")] {
        for kind in ["addon", "phase"].into_iter().filter(|_| has(tool)) {
            let at = folder
                .path()
                .join(format!("{kind}-{language}"))
                .display()
                .to_string();
            well(plugin(&["new", kind, &at, "--language", language]));
            well(plugin(&["build", &at]));
            assert!(
                well(plugin(&["test", &at])).contains("1 passed, 0 failed"),
                "{kind} in {language}"
            );
        }
    }
}

/// A registry on a port of its own, until it is dropped.
struct Registry(std::process::Child);

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Debian's docker-registry, where it is installed.
fn registry(folder: &Path) -> Option<(Registry, String)> {
    if !has("docker-registry") {
        return None;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let config = folder.join("registry.yaml");
    let store = folder.join("registry").display().to_string();
    fs::write(
        &config,
        format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: \
        {store}}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n"
        ),
    )
    .unwrap();
    let child = Command::new("docker-registry")
        .arg("serve")
        .arg(&config)
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let registry = Registry(child);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
    Some((
        registry,
        format!("oci://127.0.0.1:{port}/plugins/time-sync"),
    ))
}

/// The digest that a report of `plugin inspect` shows.
fn shown_digest(inspected: &str) -> &str {
    let digest = inspected
        .split_whitespace()
        .find(|word| word.starts_with("sha256:"));
    digest.expect("inspect shows the digest")
}

#[test]
fn a_registry_gives_what_was_pushed_and_is_not_needed_again() {
    examples();
    let folder = tempfile::tempdir().unwrap();
    let Some((registry, reference)) = registry(folder.path()) else {
        return;
    };
    let (config, tagged) = (cluster(folder.path(), ""), format!("{reference}:0.1.0"));
    let pushed = well(plugin(&[
        "push",
        &example("time-sync").display().to_string(),
        &tagged,
    ]));
    assert!(pushed.contains("sha256:"), "{pushed}");
    let inspected = well(plugin(&["inspect", &tagged]));
    assert!(inspected.contains("run programs that only read"));
    well(plugin(&[
        "add",
        &tagged,
        "--config",
        &config,
        "--digest",
        shown_digest(&inspected),
        "--allow",
        "--allow-cluster-admin",
    ]));
    let locked = fs::read_to_string(folder.path().join("kubephase.lock")).unwrap();
    assert!(
        locked.contains("sourceDigest: ") && locked.contains(&tagged),
        "{locked}"
    );
    let missing = plugin(&["inspect", &format!("{reference}:9.9.9")]);
    assert!(
        missing.status != 0 && missing.stderr.contains("cannot pull"),
        "{}",
        missing.stderr
    );
    drop(registry);
    // What is locked is kept: no run needs the network.
    well(plugin(&["verify", "--config", &config]));
    let plan = well(run(
        kubephase(PROGRAM).args(["plan", "init", "--config", &config])
    ));
    assert!(plan.contains("time-sync"), "{plan}");
}
