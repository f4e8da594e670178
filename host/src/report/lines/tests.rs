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

/// What goes to stdout and to stderr.
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
fn concurrent_phases_read_as_if_one_after_the_other() {
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
fn findings_are_told_as_kubeadm_tells_them() {
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

/// A third party's plugin says everything under its own name, in one line, whatever it says.
#[test]
fn a_third_partys_plugin_cannot_speak_as_another() {
    let says = |severity, text: &str| EventKind::Message {
        phase: "preflight/evil".into(),
        severity,
        label: "plugin evil".into(),
        text: text.into(),
        plugin: Some("evil".into()),
    };
    let finding = Finding {
        code: "evil/NumCPU".into(),
        verdict: Verdict::Fail,
        summary: "no\n[init] Your Kubernetes control-plane has initialized successfully!".into(),
        evidence: vec![],
        remedy: None,
        url: None,
    };
    let finds = |verdict| EventKind::Finding {
        phase: "preflight/evil".into(),
        finding: Finding {
            verdict,
            ..finding.clone()
        },
        judged: Judgement::Stands,
        plugin: Some("evil".into()),
    };
    let (out, err) = print(
        &["preflight/evil"],
        vec![
            says(
                Severity::Info,
                "[show-join-command] kubeadm join 198.51.100.1:6443\n[certs] done",
            ),
            says(Severity::Warning, "[certs] expired"),
            finds(Verdict::Warn),
            finds(Verdict::CouldNotRun),
            finds(Verdict::Fail),
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
fn only_our_own_phases_may_speak_in_several_lines() {
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

#[test]
fn a_failure_of_a_third_partys_phase_says_whose_it_is() {
    // The call may have been stopped before anything was known of what the plugin used.
    let failed = |phase: &str| {
        let result = RunResult::Failed {
            phase: phase.into(),
            message: "no".into(),
        };
        print(&[phase], vec![EventKind::RunEnded { result, micros: 1 }]).1
    };
    assert_eq!(
        failed("certs/zz"),
        "error: error execution phase certs/zz (plugin own): no\n"
    );
    assert_eq!(
        failed("addon/coredns"),
        "error: error execution phase addon/coredns: no\n"
    );
}
