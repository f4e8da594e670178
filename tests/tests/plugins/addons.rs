//! Addons that replace or add a part of the cluster, and phases between others.
use crate::{PROGRAM, build_examples, example, init, plan, plugin, write_config};
use harness::{kubephase, run};
use std::{fs, path::Path};

#[test]
fn an_addon_replaces_kube_proxy() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path(), ""), folder.path().join("out"));
    let added = plugin(&[
        "add",
        &example("tiny-proxy").display().to_string(),
        "--config",
        &config,
    ])
    .expect_success();
    assert!(
        added.contains("It stands in for addon/kube-proxy in init.")
            && added.contains(r#"+ ["effects-cluster.apply-object","objects""#),
        "{added}"
    );

    expect_consent(&config, &out);
    plugin(&["verify", "--config", &config]).expect_success();
    init(&config, &out).expect_success();
    expect_replaced_proxy(&out);
    assert!(plan(&config).contains("[replaced by plugin tiny-proxy; "));
    expect_memory_limit(&config, &folder.path().join("stopped"));

    plugin(&["remove", "tiny-proxy", "--config", &config]).expect_success();
    init(&config, &out).expect_success();
    assert!(
        fs::read_to_string(out.join("objects.yaml"))
            .unwrap()
            .contains("daemonsets kube-system/kube-proxy")
    );
}

/// Expects that the plugin is refused until its grant is allowed with `--allow-cluster-admin`,
/// because the grant amounts to cluster-admin.
fn expect_consent(config: &str, out: &Path) {
    let refused = init(config, out);
    assert_eq!(refused.status, 6, "{}", refused.stderr);
    let command = format!("kubephase plugin allow tiny-proxy --config {config} --digest sha256:");
    assert!(
        refused.stderr.contains(&command)
            && refused.stderr.contains(" --allow-cluster-admin\n")
            && !out.exists(),
        "{}",
        refused.stderr
    );

    let refused = plugin(&["allow", "tiny-proxy", "--config", config]);
    assert!(
        refused.status == 6
            && refused
                .stderr
                .contains("These requests amount to administrator of the cluster"),
        "{}",
        refused.stderr
    );
    plugin(&[
        "allow",
        "tiny-proxy",
        "--config",
        config,
        "--allow-cluster-admin",
    ])
    .expect_success();
}

/// Expects that the cluster has the addon in place of kube-proxy, and keeps the choice.
fn expect_replaced_proxy(out: &Path) {
    let objects = fs::read_to_string(out.join("objects.yaml")).unwrap();
    assert!(
        objects.contains("CREATE daemonsets kube-system/tiny-proxy"),
        "{objects}"
    );
    assert!(!objects.contains("name: kube-proxy"), "{objects}");
    let choice = objects
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
        assert!(choice.contains(part), "{part}: {choice}");
    }
}

/// Expects that `limits` of the plugin's entry in the configuration limits its memory.
fn expect_memory_limit(config: &str, out: &Path) {
    let text = fs::read_to_string(config).unwrap();
    fs::write(
        config,
        text.replace(
            "  source: ",
            "  limits: {memory: 64Ki, deadline: 10s}\n  source: ",
        ),
    )
    .unwrap();
    let stopped = init(config, out);
    assert!(
        stopped.status == 5
            && stopped
                .stderr
                .contains("memory limit of 65536 bytes reached"),
        "{}",
        stopped.stderr
    );
}

/// Returns the phases that a phase of a plan waits for, as text.
fn needs_of(plan: &serde_json::Value, id: &str) -> String {
    let phases = plan["nodes"].as_array().unwrap();
    let phase = phases.iter().find(|phase| phase["id"] == id).unwrap();
    phase["after"].to_string()
}

#[test]
fn an_addon_provides_the_pod_network_and_a_phase_runs_between_others() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    let audit = "apiServer: {extraArgs: [{name: audit-policy-file, value: \
        /etc/kubernetes/audit/policy.yaml}]}\n";
    let (config, out) = (
        write_config(folder.path(), audit),
        folder.path().join("out"),
    );
    for name in ["bridge-cni", "audit-policy", "time-sync"] {
        plugin(&[
            "add",
            &example(name).display().to_string(),
            "--config",
            &config,
            "--allow",
            "--allow-cluster-admin",
        ])
        .expect_success();
    }
    let plan = run(kubephase(PROGRAM).args(["plan", "init", "--config", &config, "-o", "json"]))
        .expect_success();
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert!(
        needs_of(&plan, "wait-control-plane").contains("audit-policy")
            && needs_of(&plan, "audit-policy").contains("control-plane/apiserver")
    );

    // The described node has no service that keeps the clock in time.
    assert_eq!(init(&config, &out).status, 4);
    let waived = "waivers: [{check: TimeSync, reason: there is no clock in a rehearsal}]\n";
    fs::write(&config, fs::read_to_string(&config).unwrap() + waived).unwrap();
    let printed = init(&config, &out).expect_success();
    assert!(out.join("files/etc/kubernetes/audit/policy.yaml").is_file());
    assert!(
        fs::read_to_string(out.join("objects.yaml"))
            .unwrap()
            .contains("CREATE daemonsets kube-system/bridge-cni")
    );
    assert!(printed.contains("TimeSync"), "{printed}");
}

/// The plugin has no phase for upgrades: what it installed stays, and kube-proxy does not come
/// back.
#[test]
fn an_addon_that_was_replaced_stays_so_in_an_upgrade() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("v1.36.2", "v1.35.4")).unwrap();
    let plugin_path = example("tiny-proxy").display().to_string();
    plugin(&["add", &plugin_path, "--config", &config]).expect_success();
    plugin(&[
        "allow",
        "tiny-proxy",
        "--config",
        &config,
        "--allow-cluster-admin",
    ])
    .expect_success();
    let root = folder.path().join("root");
    // A description without `kubeletVersion` has a kubelet as new as the cluster.
    let node = folder.path().join("node.yaml");
    fs::write(&node, "hostname: node-1\n").unwrap();
    run(kubephase(PROGRAM)
        .args(["rehearse", "--config", &config, "--node"])
        .arg(node)
        .arg("--root")
        .arg(&root))
    .expect_success();
    let output = run(kubephase(PROGRAM)
        .args(["upgrade", "apply", "v1.36.2", "--yes"])
        .arg("--ignore-preflight-errors=ControlPlaneNodesReady")
        .arg("--root")
        .arg(&root));
    assert_eq!(output.status, 0, "{}", output.printed());
    let cluster = harness::RehearsedCluster::read(&root);
    assert_eq!(cluster.names("apps/daemonsets"), ["tiny-proxy"]);
    assert!(
        cluster
            .names("apps/deployments")
            .contains(&"coredns".to_owned())
    );
}
