//! Checks: they read files and change none.
use crate::support::{Trial, call};
use serde_json::json;

/// The plugin provides a check and a phase, and only the phase uses the grant.
#[test]
fn a_check_has_no_file_written_although_its_plugin_was_granted_it() {
    let check =
        "- {id: preflight/hostile, title: Misuse the host, kind: check, workflow: [init]}\n";
    let phase = "- {id: later, title: Later, kind: phase, workflow: [init], needs: [certs]}\n";
    let trial = Trial::with_phases(&format!("{check}{phase}"))
        .grants(&[
            "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/*]",
        ])
        .calls(&[call(
            "effects-files.write-file",
            json!(["/var/lib/kubephase-plugins/hostile/x", "x"]),
        )]);
    let result = trial.rehearse().expect_status(4);
    assert!(
        result
            .output()
            .contains("a check observes and changes nothing"),
        "{}",
        result.output()
    );
    assert!(
        !trial
            .on_node("/var/lib/kubephase-plugins/hostile/x")
            .exists()
    );
    for what in [check.replace("kind: check", "kind: phase").as_str(), check] {
        let result = Trial::with_phases(what)
            .grants(&["capability: effects-files.write-file, paths: \
                [/var/lib/kubephase-plugins/hostile/*]"])
            .inspect();
        assert_ne!(result.status, 0, "{what}: {}", result.output());
    }
}
