//! Plugins in `doctor`, whose phases only observe.
use crate::support::{Trial, call};
use serde_json::json;

const IN_DOCTOR: &str = "- {id: preflight/hostile, title: Misuse the host, kind: check, workflow: \
    [doctor]}\n- {id: change, title: Misuse the host, kind: phase, workflow: [doctor]}\n";

#[test]
fn a_phase_that_proposes_is_refused() {
    let trial = Trial::with_phases(IN_DOCTOR)
        .grants(&[
            "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/x]",
        ])
        .calls(&[call(
            "effects-files.write-file",
            json!(["/var/lib/kubephase-plugins/hostile/x", "content"]),
        )]);
    let result = trial.prepare().run_in_place(&["doctor"]);
    assert!(
        result
            .output()
            .contains("the phases of doctor only observe"),
        "{}",
        result.output()
    );
    let written = trial.on_node("/var/lib/kubephase-plugins/hostile/x");
    assert!(!written.exists());
}

/// A plugin that may not run is a finding. It does not keep the other checks from running.
#[test]
fn a_plugin_that_the_lock_does_not_allow_is_a_finding() {
    let trial = Trial::with_phases(IN_DOCTOR);
    trial.prepare();
    let result = trial.run_in_place(&["doctor", "--v", "1"]);
    assert!(
        result
            .output()
            .contains("ok Plugin-hostile: version 0.1.0 is allowed"),
        "{}",
        result.output()
    );
    let other = trial.manifest().replace("A test.", "Another test.");
    trial.put_component(&crate::support::guest::component(&other));
    let result = trial.run_in_place(&["doctor"]);
    assert_eq!(result.status, 4, "{}", result.output());
    for line in [
        "error Plugin-hostile: ",
        "error APIServer: ",
        "plugin allow",
    ] {
        assert!(
            result.output().contains(line),
            "{line}\n{}",
            result.output()
        );
    }
}
