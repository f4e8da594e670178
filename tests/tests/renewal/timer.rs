//! The timer that renews certificates, and renewals of certificates that end soon.
use crate::{ControlPlane, QUICK};
use harness::kubephase;
use std::{fs, path::PathBuf};

const UNITS: [&str; 2] = [
    "kubephase-certs-renew.service",
    "kubephase-certs-renew.timer",
];

fn units(machine: &ControlPlane) -> [PathBuf; 2] {
    UNITS.map(|name| machine.root().join("etc/systemd/system").join(name))
}

/// Returns the command line that describes the machine, which has this init system.
fn with_init_system(machine: &ControlPlane, line: &str, name: &str) -> String {
    let node = machine.path("node.yaml");
    let example = harness::workspace().join("examples/single-node/node.yaml");
    let text = fs::read_to_string(example).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("initSystem:"))
        .collect();
    fs::write(&node, format!("{}\ninitSystem: {name}\n", lines.join("\n"))).unwrap();
    format!("{line} --config cluster.yaml --node {}", node.display())
}

#[test]
fn a_timer_is_installed_and_removed() {
    let machine = ControlPlane::new(QUICK);
    let before = fs::read(machine.pki("apiserver.crt")).unwrap();
    let line = with_init_system(&machine, "renew all --install-timer", "systemd");
    let output = machine.certs(&line).expect_success();
    assert!(
        output.contains("renews the certificates of this node each month"),
        "{output}"
    );
    assert_eq!(
        fs::read(machine.pki("apiserver.crt")).unwrap(),
        before,
        "nothing is renewed"
    );
    let [service, timer] = units(&machine).map(|path| fs::read_to_string(path).unwrap());
    let command = format!(
        "ExecStart=\"{}\" certs renew all --expiring-within 60\n",
        crate::PROGRAM
    );
    assert!(service.contains(&command), "{service}");
    for line in [
        "OnCalendar=monthly",
        "RandomizedDelaySec=12h",
        "Persistent=true",
    ] {
        assert!(timer.contains(line), "{timer}");
    }
    machine.certs(&line).expect_success();
    let line = with_init_system(&machine, "renew all --remove-timer", "systemd");
    machine.certs(&line).expect_success();
    assert!(units(&machine).iter().all(|path| !path.exists()));
}

#[test]
fn reset_removes_the_timer() {
    let machine = ControlPlane::new(QUICK);
    let line = with_init_system(&machine, "renew all --install-timer", "systemd");
    machine.certs(&line).expect_success();
    let reset = harness::run(
        kubephase(crate::PROGRAM)
            .args(["reset", "--force", "--root"])
            .arg(machine.root())
            .arg("--node")
            .arg(machine.path("node.yaml")),
    );
    let output = reset.expect_success();
    assert!(output.contains("kubephase-certs-renew.timer"), "{output}");
    assert!(
        units(&machine).iter().all(|path| !path.exists()),
        "{output}"
    );
}

#[test]
fn a_timer_needs_systemd_and_all_certificates() {
    let machine = ControlPlane::new(QUICK);
    let line = with_init_system(&machine, "renew all --install-timer", "openrc");
    let output = machine.certs(&line);
    assert_ne!(output.status, 0);
    let text = output.stdout + &output.stderr;
    assert!(text.contains("there is no systemd on this node"), "{text}");
    assert!(
        text.contains("certs renew all --expiring-within 60"),
        "{text}"
    );
    let line = with_init_system(&machine, "renew apiserver --install-timer", "systemd");
    let output = machine.certs(&line);
    assert_ne!(output.status, 0);
    assert!(
        output.stderr.contains("the timer renews all certificates"),
        "{}",
        output.stderr
    );
    assert!(units(&machine).iter().all(|path| !path.exists()));
}

#[test]
fn only_certificates_that_end_soon_are_renewed() {
    let machine = ControlPlane::new(QUICK);
    let read = || fs::read(machine.pki("apiserver.crt")).unwrap();
    let before = read();
    let line = "renew all --config cluster.yaml --expiring-within";
    machine.certs(&format!("{line} 60")).expect_success();
    assert_eq!(read(), before);
    machine.certs(&format!("{line} 400")).expect_success();
    assert_ne!(read(), before);
}
