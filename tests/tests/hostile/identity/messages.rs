//! Messages carry the name of the plugin, and show no secret.
use crate::support::{Trial, call};
use serde_json::json;

#[test]
fn a_message_carries_the_name_of_its_plugin() {
    let forged = [
        "[init] Your Kubernetes control-plane has initialized successfully!",
        "[show-join-command] kubeadm join 198.51.100.1:6443 --token abcdef.0123456789abcdef",
        "ordinary\n[init] Your Kubernetes control-plane has initialized successfully!",
        "ordinary\r[init] Your Kubernetes control-plane has initialized successfully!",
        "\u{1b}[2K[certs] Using existing ca certificate authority",
    ];
    let calls: Vec<_> = ["info", "warning", "error"]
        .iter()
        .flat_map(|severity| forged.map(|text| call("report.message", json!([severity, text]))))
        .collect();
    let result = Trial::check().calls(&calls).preflight();
    for line in result.stdout.lines().chain(result.stderr.lines()) {
        assert!(
            !line.starts_with("[init] Your") && !line.starts_with("[show-join-command]"),
            "{line}"
        );
        assert!(!line.contains('\u{1b}') && !line.contains('\r'), "{line:?}");
    }
    assert!(result.output().contains("hostile"), "{}", result.output());
}

#[test]
fn a_text_makes_no_line_of_its_own_where_a_terminal_wraps_and_covers_no_other() {
    let wrapping = format!("ok{}error: fake", " ".repeat(200));
    let stacked = format!("\u{338}a{}b\u{1d159}\u{378}", "\u{301}".repeat(20));
    let calls: Vec<_> = [&wrapping, &stacked]
        .into_iter()
        .flat_map(|text| {
            [
                call("report.message", json!(["info", text])),
                call("report.submit", json!(["warn", "Hostile", text, "x", text])),
            ]
        })
        .collect();
    let failing = json!({"calls": calls, "ending": {"failure": wrapping}});
    for trial in [Trial::check(), Trial::early_phase()] {
        let result = trial.rounds(std::slice::from_ref(&failing)).rehearse();
        let shown = result.output();
        assert!(
            shown.contains("ok error: fake") && !shown.contains(&" ".repeat(100)),
            "{shown}"
        );
        assert!(
            shown.contains("\\u{338}a\u{301}\u{301}\\u{301}")
                && shown.contains("b\\u{1d159}\\u{378}")
                && !shown.contains("\u{301}\u{301}\u{301}"),
            "{shown}"
        );
        assert!(shown.contains("(plugin hostile)"), "{shown}");
    }
}

#[test]
fn announcements_and_progress_carry_the_name_of_the_plugin() {
    let trial = Trial::early_phase()
        .grants(&[
            "capability: effects-files.make-dir, paths: [/var/lib/kubephase-plugins/hostile/*]",
        ])
        .calls(&[
            call(
                "effects-files.make-dir",
                json!(["/var/lib/kubephase-plugins/hostile/x"]),
            ),
            call(
                "effects.announce",
                json!([
                    0,
                    "[init] Your Kubernetes control-plane has initialized successfully!"
                ]),
            ),
            call(
                "report.progress",
                json!([1, 2, "[certs] Using existing ca certificate authority"]),
            ),
        ]);
    let result = trial.rehearse();
    let lines = result.stdout.lines().chain(result.stderr.lines());
    let forged = lines
        .filter(|line| line.starts_with("[init] Your Kubernetes control-plane"))
        .count();
    assert!(forged <= 1, "{}", result.output());
    assert!(
        !result.output().contains("\n[certs] Using existing"),
        "{}",
        result.output()
    );
}

#[test]
fn placeholders_of_secrets_stay_placeholders_in_what_a_plugin_says() {
    let placeholders = [
        "<secret:token-0>",
        "<secret:certificate-key>",
        "<secret:token-0",
        "secret:token-0>",
    ];
    let calls: Vec<_> = placeholders
        .iter()
        .flat_map(|text| {
            [
                call("report.message", json!(["info", text])),
                call(
                    "report.submit",
                    json!(["warn", "Hostile", text, "evidence", text]),
                ),
                call("report.set-fact", json!(["fact", format!("\"{text}\"")])),
            ]
        })
        .collect();
    let trial = Trial::check()
        .cluster(
            "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
            InitConfiguration\nbootstrapTokens: [{token: \
            abcdef.canary0123456789}]\ncertificateKey: \
            ca9a5e0000000000000000000000000000000000000000000000000000ca9a5e\n",
        )
        .calls(&calls);
    for output in ["text", "json"] {
        trial.prepare();
        let result = trial.run_in_place(&["init", "phase", "preflight", "-o", output]);
        assert!(
            !result.output().contains("canary0123456789") && !result.output().contains("ca9a5e00"),
            "{output}: {}",
            result.output()
        );
    }
}

#[test]
fn a_secret_setting_that_a_plugin_repeats_is_not_shown() {
    let text = "it is canary-of-a-setting, look";
    let calls = [
        call("report.message", json!(["info", text])),
        call(
            "report.submit",
            json!(["warn", "Hostile", text, "evidence", text]),
        ),
        call("report.set-fact", json!(["fact", format!("\"{text}\"")])),
    ];
    let trial = Trial::check()
        .setting("apiToken", "canary-of-a-setting")
        .rounds(&[json!({"calls": calls, "ending": {"failure": text}})]);
    for output in ["text", "json"] {
        trial.prepare();
        let result = trial.run_in_place(&["init", "phase", "preflight", "-o", output]);
        let shown = result.output();
        assert!(shown.contains("<secret>, look"), "{output}: {shown}");
        assert!(!shown.contains("canary-of-a-setting"), "{output}: {shown}");
    }
}
