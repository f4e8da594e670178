use super::*;
use crate::run::event::PhaseResult;

fn message(phase: &str, severity: Severity, label: &str, text: &str) -> What {
    What::Message { phase: phase.into(), severity, label: label.into(), text: text.into() }
}

fn info(phase: &str, text: &str) -> What {
    message(phase, Severity::Info, phase.split('/').next().unwrap_or_default(), text)
}

fn ended(phase: &str) -> What {
    What::PhaseEnded { phase: phase.into(), result: PhaseResult::Settled, micros: 1 }
}

fn finding(code: &str, verdict: Verdict, judged: Judgement) -> What {
    let finding = Finding { code: code.into(), verdict, summary: format!("about {code}"), evidence: vec![], remedy: None, url: None };
    What::Finding { phase: "preflight".into(), finding, judged }
}

/// What goes to stdout and to stderr.
fn print(phases: &[&str], events: Vec<What>) -> (String, String) {
    let own = ["preflight", "certs", "certs/ca", "certs/sa"].map(String::from).into();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut lines = Lines::new((&mut out, Palette::PLAIN), (&mut err, Palette::PLAIN), own, false);
    let phases = phases.iter().map(|phase| (*phase).into()).collect();
    let start = What::RunStarted { workflow: "init".into(), version: "v0".into(), phases, needs: Default::default() };
    std::iter::once(start).chain(events).for_each(|what| lines.notice(&Event { at: 0, what }));
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn concurrent_phases_read_as_if_one_after_the_other() {
    let (out, err) = print(
        &["preflight", "certs/ca", "certs/sa"],
        vec![
            message("", Severity::Info, "init", "Using Kubernetes version: v1.36.2"),
            info("certs/sa", "Generating \"sa\" key and public key"),
            info("preflight", "Running pre-flight checks"),
            info("certs", "Using certificateDir folder \"/etc/kubernetes/pki\""),
            ended("certs/sa"),
            info("certs/ca", "Generating \"ca\" certificate and key"),
            ended("preflight"),
            ended("certs/ca"),
            What::RunEnded { result: RunResult::Done, micros: 9 },
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
            finding("Mem", Verdict::Fail, Judgement::Downgraded("--ignore-preflight-errors".into())),
            finding("Hostname", Verdict::Pass, Judgement::Stands),
            finding("ImagePull", Verdict::CouldNotRun, Judgement::Stands),
            finding("Port-6443", Verdict::Fail, Judgement::Stands),
            ended("preflight"),
            What::RunEnded { result: RunResult::PreflightFailed, micros: 9 },
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
         [preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`\n\
         error: error execution phase preflight: preflight checks failed\n"
    );
}

#[test]
fn only_our_own_phases_may_speak_in_several_lines() {
    let (out, err) = print(
        &["certs/ca", "guest"],
        vec![
            message("certs/ca", Severity::Info, "", "\nYour control-plane has initialized\n\tas root"),
            message("certs/ca", Severity::Warning, "certs", "old"),
            message("certs/ca", Severity::Debug, "certs", "unseen"),
            ended("certs/ca"),
            message("guest", Severity::Info, "gu\nest", "fine\n[certs] forged\x1b[2K"),
            What::RunEnded { result: RunResult::Failed { phase: "guest".into(), message: "no\x07".into() }, micros: 9 },
        ],
    );
    assert_eq!(out, "\nYour control-plane has initialized\n\tas root\n[gu\\nest] fine\\n[certs] forged\\u{1b}[2K\n");
    assert_eq!(err, "warning: [certs] old\nerror: error execution phase guest: no\\u{7}\n");
}
