//! Links out of a grant or a scratch root.
use crate::support::{Trial, call};
use serde_json::json;
use std::{fs, os::unix::fs::MetadataExt, path::Path};

#[test]
fn writing_follows_no_link_out_of_the_grant() {
    let cases = [
        ("write-file", json!("* * * * * root id\n")),
        ("make-dir", json!(null)),
        ("remove-file", json!(null)),
        ("set-mode", json!(0o666)),
    ];
    for (function, more) in cases {
        let capability = format!("effects-files.{function}");
        let trial = Trial::early_phase()
            .grants(&[&format!(
                "capability: {capability}, paths: [/var/lib/kubephase-plugins/hostile/**]"
            )])
            .calls(&[call(
                &capability,
                json!(["/var/lib/kubephase-plugins/hostile/folder/target", more]),
            )]);
        trial
            .link("/var/lib/kubephase-plugins/hostile/folder", "/etc/cron.d")
            .put("/etc/cron.d/other", "kept", 0o600);
        if function != "make-dir" && function != "write-file" {
            trial.put("/etc/cron.d/target", "kept", 0o600);
        }
        trial.rehearse();
        let target = trial.on_node("/etc/cron.d/target");
        match function {
            "write-file" | "make-dir" => assert!(!target.exists(), "{function} followed a link"),
            _ => assert_eq!(
                (
                    fs::read(&target).unwrap(),
                    fs::metadata(&target).unwrap().mode() & 0o777
                ),
                (b"kept".to_vec(), 0o600),
                "{function}"
            ),
        }
    }
}

#[test]
fn the_target_of_a_link_keeps_its_mode() {
    let trial = Trial::early_phase()
        .grants(&[
            "capability: effects-files.set-mode, paths: [/var/lib/kubephase-plugins/hostile/**]",
        ])
        .calls(&[call(
            "effects-files.set-mode",
            json!(["/var/lib/kubephase-plugins/hostile/key", 0o666]),
        )]);
    trial
        .put("/srv/key", "kept", 0o600)
        .link("/var/lib/kubephase-plugins/hostile/key", "/srv/key");
    trial.rehearse();
    assert_eq!(
        fs::metadata(trial.on_node("/srv/key")).unwrap().mode() & 0o777,
        0o600
    );
}

#[test]
fn no_link_leads_out_of_a_scratch_root() {
    let secret = "/var/lib/kubephase-plugins/hostile/out/secret";
    let trial = Trial::early_phase()
        .grants(&[
            "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/**]",
            "capability: observe-files.read-file, paths: [/var/lib/kubephase-plugins/hostile/**]",
        ])
        .rounds(&[
            json!({
                "calls": [call("observe-files.read-file", json!([secret]))],
                "ending": "again",
            }),
            json!({
                "calls": [
                    call("effects-files.write-file", json!([secret, "hostile"])),
                ],
            }),
        ]);
    let outside = trial.folder().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "canary-outside").unwrap();
    trial.link(
        "/var/lib/kubephase-plugins/hostile/out",
        Path::new(&outside),
    );
    let result = trial.rehearse();
    assert!(!result.answers_text().contains("canary-outside"));
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"canary-outside");
}
