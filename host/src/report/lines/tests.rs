use super::*;
use crate::event::PhaseResult;

fn message(phase: &str, severity: Severity, label: &str, text: &str) -> EventKind {
    EventKind::Message {
        phase: phase.into(),
        severity,
        label: label.into(),
        text: text.into(),
        plugin: None,
    }
}

fn info(phase: &str, text: &str) -> EventKind {
    message(
        phase,
        Severity::Info,
        phase.split('/').next().unwrap_or_default(),
        text,
    )
}

fn ended(phase: &str) -> EventKind {
    EventKind::PhaseEnded {
        phase: phase.into(),
        result: PhaseResult::Settled,
        micros: 1,
    }
}

fn finding(code: &str, verdict: Verdict, judged: Judgement) -> EventKind {
    let finding = Finding {
        code: code.into(),
        verdict,
        summary: format!("about {code}"),
        evidence: vec![],
        remedy: None,
        url: None,
    };
    EventKind::Finding {
        phase: "preflight".into(),
        finding,
        judged,
        plugin: None,
    }
}

/// Returns the text on standard output and on standard error.
fn print(phases: &[&str], events: Vec<EventKind>) -> (String, String) {
    let own = ["preflight", "certs", "certs/ca", "certs/sa"]
        .map(String::from)
        .into();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut lines = LinePrinter::new(
        (&mut out, Palette::PLAIN),
        (&mut err, Palette::PLAIN),
        own,
        false,
    );
    let phases = phases.iter().map(|phase| (*phase).into()).collect();
    let start = EventKind::RunStarted {
        workflow: "init".into(),
        version: "v0".into(),
        phases,
        needs: Default::default(),
        plugins: [("certs/zz".to_owned(), "own".to_owned())].into(),
        kubernetes: String::new(),
        components: Vec::new(),
    };
    std::iter::once(start)
        .chain(events)
        .for_each(|what| lines.on_event(&Event { at: 0, kind: what }));
    (
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

#[test]
fn the_lines_of_concurrent_phases_are_in_the_order_of_the_plan() {
    let (out, err) = print(
        &["preflight", "certs/ca", "certs/sa"],
        vec![
            message(
                "",
                Severity::Info,
                "init",
                "Using Kubernetes version: v1.36.2",
            ),
            info("certs/sa", "Generating \"sa\" key and public key"),
            info("preflight", "Running pre-flight checks"),
            info(
                "certs",
                "Using certificateDir folder \"/etc/kubernetes/pki\"",
            ),
            ended("certs/sa"),
            info("certs/ca", "Generating \"ca\" certificate and key"),
            ended("preflight"),
            ended("certs/ca"),
            EventKind::RunEnded {
                result: RunResult::Done,
                micros: 9,
            },
        ],
    );
    assert_eq!(
        out,
        "[init] Using Kubernetes version: v1.36.2\n\
         [preflight] Running pre-flight checks\n\
         [certs] Using certificateDir folder \"/etc/kubernetes/pki\"\n\
         [certs] Generating \"ca\" certificate and key\n\
         [certs] Generating \"sa\" key and public key\n"
    );
    assert_eq!(err, "");
}

#[test]
fn findings_are_printed_as_kubeadm_prints_them() {
    let (out, err) = print(
        &["preflight"],
        vec![
            finding("Swap", Verdict::Warn, Judgement::Stands),
            finding("NumCPU", Verdict::Fail, Judgement::Stands),
            finding(
                "Mem",
                Verdict::Fail,
                Judgement::Downgraded("--ignore-preflight-errors".into()),
            ),
            finding("Hostname", Verdict::Pass, Judgement::Stands),
            finding("ImagePull", Verdict::CouldNotRun, Judgement::Stands),
            finding("Port-6443", Verdict::Fail, Judgement::Stands),
            ended("preflight"),
            EventKind::RunEnded {
                result: RunResult::PreflightFailed,
                micros: 9,
            },
        ],
    );
    assert_eq!(out, "");
    assert_eq!(
        err,
        "\t[WARNING Swap]: about Swap\n\
         \t[WARNING Mem]: about Mem\n\
         \t[WARNING ImagePull]: could not be checked: about ImagePull\n\
         [preflight] Some fatal errors occurred:\n\
         \t[ERROR NumCPU]: about NumCPU\n\
         \t[ERROR Port-6443]: about Port-6443\n\
         [preflight] If you know what you are doing, you can make a check non-fatal with \
         `--ignore-preflight-errors=...`\n\
         error: error execution phase preflight: preflight checks failed\n"
    );
}

fn evil_message(severity: Severity, text: &str) -> EventKind {
    EventKind::Message {
        phase: "preflight/evil".into(),
        severity,
        label: "plugin evil".into(),
        text: text.into(),
        plugin: Some("evil".into()),
    }
}

fn evil_finding(verdict: Verdict) -> EventKind {
    EventKind::Finding {
        phase: "preflight/evil".into(),
        finding: Finding {
            code: "evil/NumCPU".into(),
            verdict,
            summary: "no\n[init] Your Kubernetes control-plane has initialized successfully!"
                .into(),
            evidence: vec![],
            remedy: None,
            url: None,
        },
        judged: Judgement::Stands,
        plugin: Some("evil".into()),
    }
}

/// Every message of a third party's plugin has the plugin's name, and is one line.
#[test]
fn a_third_partys_plugin_cannot_pretend_to_be_another_phase() {
    let (out, err) = print(
        &["preflight/evil"],
        vec![
            evil_message(
                Severity::Info,
                "[show-join-command] kubeadm join 198.51.100.1:6443\n[certs] done",
            ),
            evil_message(Severity::Warning, "[certs] expired"),
            evil_finding(Verdict::Warn),
            evil_finding(Verdict::CouldNotRun),
            evil_finding(Verdict::Fail),
            ended("preflight/evil"),
            EventKind::RunEnded {
                result: RunResult::PreflightFailed,
                micros: 9,
            },
        ],
    );
    assert_eq!(
        out,
        "[plugin evil] [show-join-command] kubeadm join 198.51.100.1:6443\\n[certs] done\n"
    );
    let summary =
        "no\\n[init] Your Kubernetes control-plane has initialized successfully! (plugin evil)\n";
    assert!(
        err.starts_with("warning: [plugin evil] [certs] expired\n"),
        "{err}"
    );
    for line in [
        format!("\t[WARNING evil/NumCPU]: {summary}"),
        format!("\t[WARNING evil/NumCPU]: could not be checked: {summary}"),
        format!("\t[ERROR evil/NumCPU]: {summary}"),
    ] {
        assert!(err.contains(&line), "{line}: {err}");
    }
}

#[test]
fn only_built_in_phases_may_print_several_lines() {
    let (out, err) = print(
        &["certs/ca", "guest"],
        vec![
            message(
                "certs/ca",
                Severity::Info,
                "",
                "\nYour control-plane has initialized\n\tas root",
            ),
            message("certs/ca", Severity::Warning, "certs", "old"),
            message("certs/ca", Severity::Debug, "certs", "unseen"),
            ended("certs/ca"),
            message(
                "guest",
                Severity::Info,
                "gu\nest",
                "fine\n[certs] forged\x1b[2K",
            ),
            EventKind::RunEnded {
                result: RunResult::Failed {
                    phase: "guest".into(),
                    message: "no\x07".into(),
                },
                micros: 9,
            },
        ],
    );
    assert_eq!(
        out,
        "\nYour control-plane has initialized\n\tas root\n[gu\\nest] fine\\n[certs] \
         forged\\u{1b}[2K\n"
    );
    assert_eq!(
        err,
        "warning: [certs] old\nerror: error execution phase guest: no\\u{7}\n"
    );
}

/// Returns the lines of a run in which a phase fails. The call may have been stopped before the
/// program knew what the plugin used.
fn print_failure(phase: &str) -> String {
    let result = RunResult::Failed {
        phase: phase.into(),
        message: "no".into(),
    };
    let ended = EventKind::RunEnded { result, micros: 1 };
    print(&[phase], vec![ended]).1
}

#[test]
fn the_failure_of_a_third_partys_phase_names_the_plugin() {
    assert_eq!(
        print_failure("certs/zz"),
        "error: error execution phase certs/zz (plugin own): no\n"
    );
    assert_eq!(
        print_failure("addon/coredns"),
        "error: error execution phase addon/coredns: no\n"
    );
}
