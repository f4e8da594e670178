//! Who says what: a plugin speaks under its own name, and neither hides what others found nor takes
//! their place.
use crate::support::Trial;
use crate::support::call;
use serde_json::json;

fn provided(id: &str, kind: &str) -> String {
    format!("- {{id: {id}, title: Misuse the host, kind: {kind}, workflow: [init]}}\n")
}

#[test]
fn ids_of_the_distribution_are_not_taken() {
    for (id, kind) in [
        ("certs/ca", "phase"),
        ("wait-control-plane", "phase"),
        ("preflight", "check"),
        ("addon", "addon"),
        ("addon/coredns", "addon"),
        ("kubelet-start", "phase"),
        ("preflight/resources", "check"),
        ("preflight/system", "check"),
        ("preflight/kubernetes-version", "check"),
    ] {
        let trial = Trial::providing(&provided(id, kind));
        let added = trial.add();
        if added.status != 0 {
            continue;
        }
        let result = trial.rehearse();
        // An id that the distribution does not have is free to take.
        let known = trial.run(&["plan", "init", "--config", "cluster.yaml", "-o", "json"]);
        let named = known.stdout.matches(&format!("\"{id}\"")).count();
        assert!(
            result.status == 6 || named == 0 || !is_built_in(id),
            "{id} is taken: {}",
            result.output()
        );
    }
}

/// Whether the distribution has a phase of this id: a plan without plugins shows it.
fn is_built_in(id: &str) -> bool {
    let trial = Trial::check();
    trial.write_config();
    let plan = trial
        .run(&["plan", "init", "--config", "cluster.yaml", "-o", "json"])
        .expect_status(0);
    plan.stdout.contains(&format!("\"id\":\"{id}\""))
        || plan.stdout.contains(&format!("\"id\": \"{id}\""))
}

#[test]
fn one_phase_twice_is_refused() {
    let twice = provided("preflight/hostile", "check").repeat(2);
    let trial = Trial::providing(&twice);
    let added = trial.add();
    assert!(
        added.status != 0 || trial.rehearse().status == 6,
        "{}",
        added.output()
    );
}

#[test]
fn a_plugin_does_not_hide_what_a_built_in_check_found() {
    let small = "cpus: 1\n";
    let trial = Trial::check().calls(&[
        call("report.submit", json!(["pass", "NumCPU", "all is well"])),
        call("report.submit", json!(["pass", "Mem", "all is well"])),
    ]);
    trial.prepare();
    let node = std::fs::read_to_string(trial.folder().join("node.yaml"))
        .unwrap()
        .replace("cpus: 2\n", small);
    std::fs::write(trial.folder().join("node.yaml"), node).unwrap();
    let result = trial.preflight_again();
    assert_eq!(result.status, 4, "{}", result.output());
    assert!(result.stderr.contains("NumCPU"), "{}", result.stderr);
}

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
fn announcements_and_progress_carry_the_name_of_the_plugin() {
    let trial = Trial::early_phase()
        .grants(&["capability: effects-files.make-dir, paths: [/opt/hostile/*]"])
        .calls(&[
            call("effects-files.make-dir", json!(["/opt/hostile/x"])),
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
fn a_failing_check_stays_one_whatever_an_earlier_run_made() {
    let evidence = "/etc/kubernetes/manifests/etcd.yaml";
    let trial = Trial::check().calls(&[call(
        "report.submit",
        json!([
            "fail",
            "Hostile",
            "this stands in the way",
            "path",
            evidence
        ]),
    )]);
    trial.rehearse_without_plugin().expect_status(0);
    let result = trial.rehearse();
    assert_eq!(result.status, 4, "{}", result.output());
    assert!(
        result.stderr.contains("[ERROR Hostile]"),
        "{}",
        result.stderr
    );
}

#[test]
fn a_plugin_stands_in_for_other_phases_than_addons_only_where_it_is_allowed() {
    for phase in ["preflight", "certs/ca", "preflight/port-6443"] {
        let provides = format!(
            "- {{id: hostile, title: Misuse the host, kind: phase, workflow: [init], replaces: \
             [{phase}]}}\n"
        );
        let trial = Trial::providing(&provides);
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
            result.status == 6 && result.output().contains(&format!("stand in for {phase}")),
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
