//! Ids of phases, and phases that a plugin replaces.
use crate::support::{RunResult, Trial, call};
use std::fs;

/// Returns an entry of a manifest for a phase.
fn phase_entry(id: &str, kind: &str) -> String {
    format!("- {{id: {id}, title: Misuse the host, kind: {kind}, workflow: [init]}}\n")
}

#[test]
fn a_plugin_cannot_use_the_ids_of_the_program() {
    for (id, kind) in [
        ("certs/ca", "phase"),
        ("wait-control-plane", "phase"),
        ("preflight", "check"),
        ("addon", "addon"),
        ("addon/coredns", "addon"),
        ("kubelet-start", "phase"),
        ("preflight/resources", "check"),
        ("preflight/system", "check"),
        // Inside of a group, a phase is run, skipped and waited for with the group.
        ("certs/zz", "phase"),
        ("kubelet-start/x", "phase"),
        ("uploadconfig/x", "phase"),
    ] {
        let trial = Trial::with_phases(&phase_entry(id, kind));
        let inspected = trial.inspect().expect_status(0);
        assert!(
            inspected.stdout.contains("No run would take it: "),
            "{id}: {}",
            inspected.output()
        );
        let added = trial.add();
        assert!(
            added.status == 6 && added.output().contains(&format!("provides the phase {id}")),
            "{id} is taken: {}",
            added.output()
        );
    }
}

#[test]
fn a_phase_that_is_provided_twice_is_refused() {
    let twice = phase_entry("preflight/hostile", "check").repeat(2);
    let trial = Trial::with_phases(&twice);
    let added = trial.add();
    assert!(
        added.status != 0 || trial.rehearse().status == 6,
        "{}",
        added.output()
    );
}

#[test]
fn a_plugin_replaces_phases_that_are_not_addons_only_with_consent() {
    for phase in ["preflight", "certs/ca", "preflight/port-6443"] {
        let provides = format!(
            "- {{id: hostile, title: Misuse the host, kind: phase, workflow: [init], replaces: \
             [{phase}]}}\n"
        );
        let trial = Trial::with_phases(&provides);
        trial.add().expect_status(0);
        trial
            .run(&["plugin", "remove", "hostile", "--config", "cluster.yaml"])
            .expect_status(0);
        let result = trial.run(&[
            "plugin",
            "add",
            "./hostile.wasm",
            "--config",
            "cluster.yaml",
        ]);
        assert!(
            result.status == 6
                && result
                    .output()
                    .contains(&format!("would replace {phase} in init")),
            "{}",
            result.output()
        );
        assert!(
            !std::fs::read_to_string(trial.config())
                .unwrap()
                .contains("hostile"),
            "the configuration was changed"
        );
    }
}

/// Runs `upgrade …` in the scratch root, with the plugins of the configuration.
fn upgrade(trial: &Trial, line: &str) -> RunResult {
    let config = fs::read_to_string(trial.config()).unwrap();
    let (_, phases) = config.rsplit_once("---\n").unwrap();
    let upgrade = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n";
    fs::write(
        trial.folder().join("upgrade.yaml"),
        format!("{upgrade}---\n{phases}"),
    )
    .unwrap();
    let line = format!(
        "upgrade {line} --config upgrade.yaml --root root --node node.yaml \
         --ignore-preflight-errors=all"
    );
    trial.run(&line.split_whitespace().collect::<Vec<_>>())
}

/// Returns whether the API server of the scratch root has this version.
fn has_version(trial: &Trial, version: &str) -> bool {
    let manifest = trial.on_node("/etc/kubernetes/manifests/kube-apiserver.yaml");
    let text = fs::read_to_string(manifest).unwrap();
    text.contains(&format!("kube-apiserver:{version}"))
}

/// Rehearses `init` of a cluster of v1.36.1, which can be upgraded.
fn rehearse_older_cluster(trial: &Trial) {
    trial.prepare();
    let config = fs::read_to_string(trial.config()).unwrap();
    fs::write(trial.config(), config.replace("v1.36.2", "v1.36.1")).unwrap();
    trial.run_in_place(&["rehearse"]).expect_status(0);
}

/// The operator is asked even if a plugin replaces the phase that belongs to the question. A plugin
/// replaces a phase of an upgrade only if the operator chose it for that.
#[test]
fn an_upgrade_asks_the_operator_where_a_plugin_replaces_its_phases() {
    let provides = "- {id: hostile, title: Misuse the host, kind: phase, workflow: \
        [upgrade-apply, upgrade-node], replaces: [preflight]}\n";
    let ran = call(
        "report.message",
        serde_json::json!(["info", "the plugin ran"]),
    );
    let trial = Trial::with_phases(provides).calls(&[ran]);
    trial.component();
    trial.write_config();
    let refused = trial.run(&[
        "plugin",
        "add",
        "./hostile.wasm",
        "--config",
        "cluster.yaml",
    ]);
    let consent = "would replace preflight in upgrade-apply, upgrade-node";
    assert!(
        refused.status == 6 && refused.output().contains(consent),
        "{}",
        refused.output()
    );
    let added = trial.add().expect_status(0).output();
    let stands_in = "It stands in for preflight in upgrade-apply, upgrade-node.";
    assert!(added.contains(stands_in), "{added}");
    rehearse_older_cluster(&trial);
    // The input of the program is empty.
    let asked = upgrade(&trial, "apply v1.36.2");
    assert!(
        asked.status != 0
            && asked
                .output()
                .contains("Are you sure you want to proceed? [y/N]: ")
            && asked.output().contains("the user didn't answer (Y|y)"),
        "{}",
        asked.output()
    );
    assert!(
        !asked.output().contains("the plugin ran"),
        "{}",
        asked.output()
    );
    assert!(has_version(&trial, "v1.36.1"));
    let done = upgrade(&trial, "apply v1.36.2 --yes")
        .expect_status(0)
        .output();
    assert!(done.contains("the plugin ran"), "{done}");
    assert!(has_version(&trial, "v1.36.2"));
    let node = upgrade(&trial, "node").expect_status(0).output();
    assert!(node.contains("the plugin ran"), "{node}");
    // Without the operator's choice the phase of kubephase runs, and the plugin does not.
    let config = fs::read_to_string(trial.config()).unwrap();
    let without = config.replace("  preflight: hostile\n", "  {}\n");
    assert_ne!(without, config);
    fs::write(trial.config(), without).unwrap();
    for line in ["apply v1.36.2", "apply v1.36.2 --yes", "node"] {
        let ended = upgrade(&trial, line).output();
        assert!(!ended.contains("the plugin ran"), "{line}: {ended}");
        let asks = ended.contains("Are you sure you want to proceed?");
        assert_eq!(asks, line == "apply v1.36.2", "{line}: {ended}");
    }
}
