//! Components that are restarted because they read their certificate only when they start. A
//! rehearsal has no containers, so it says what it would restart.
use crate::{ControlPlane, QUICK};

const CONTROLLER_MANAGER: &str = "[dryrun] Would restart kube-controller-manager";
const SCHEDULER: &str = "[dryrun] Would restart kube-scheduler";

/// Returns a control plane with its static Pods.
fn control_plane() -> ControlPlane {
    let machine = ControlPlane::new(QUICK);
    machine.init_phases("control-plane");
    machine
}

/// Returns the lines about restarts, in their order.
fn restarts(machine: &ControlPlane, line: &str) -> Vec<String> {
    let output = machine.certs(&format!("{line} --config cluster.yaml"));
    assert_eq!(output.status, 0, "{}", output.stderr);
    let lines = output.stdout.lines();
    lines
        .filter(|line| line.contains("Would restart"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn components_that_read_their_kubeconfig_once_are_restarted_after_all_renewals() {
    let machine = control_plane();
    assert_eq!(
        restarts(&machine, "renew all"),
        [CONTROLLER_MANAGER, SCHEDULER]
    );
    let output = machine.certs("renew all --config cluster.yaml");
    let last_renewal = output.stdout.find("super-admin renewed").unwrap();
    assert!(output.stdout.find("[restart]").unwrap() > last_renewal);
    assert!(
        output
            .stdout
            .ends_with("kube-apiserver and etcd read their new certificates without a restart.\n"),
        "{}",
        output.stdout
    );
}

#[test]
fn only_the_component_of_a_renewed_kubeconfig_is_restarted() {
    let machine = control_plane();
    let nothing: [&str; 0] = [];
    assert_eq!(restarts(&machine, "renew scheduler.conf"), [SCHEDULER]);
    assert_eq!(restarts(&machine, "renew apiserver"), nothing);
    assert_eq!(restarts(&machine, "renew all --no-restart"), nothing);
    std::fs::remove_file(machine.kubeconfig("scheduler.conf")).unwrap();
    assert_eq!(restarts(&machine, "renew all"), [CONTROLLER_MANAGER]);
    let output = machine.certs_as_kubeadm("renew all --config cluster.yaml");
    assert!(!output.stdout.contains("restart]"), "{}", output.stdout);
}
