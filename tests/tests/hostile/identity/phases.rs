//! Ids of phases, and phases that a plugin replaces.
use crate::support::Trial;

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
            result.status == 6 && result.output().contains(&format!("would replace {phase}")),
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
