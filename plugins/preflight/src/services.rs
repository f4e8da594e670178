//! Services: firewalld and the kubelet.
use crate::{Problem, report_check, warn_unless};
use kubephase_sdk::{Failure, Verdict, codes, kubeadm::Config, kubelet_unit, node, node_fact};

/// Checks the services of firewalld and of the kubelet.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_services(config: &Config) -> Result<(), Failure> {
    if !config.is_worker() {
        check_firewalld(config)?;
    }
    check_kubelet()?;
    check_kubelet_unit()
}

fn no_init_system() -> Problem {
    (
        Verdict::Warn,
        "no supported init system detected, skipping checking for services".to_owned(),
    )
}

fn check_firewalld(config: &Config) -> Result<(), Failure> {
    let port = config.init.local_api_endpoint.bind_port;
    let problem = match node::service("firewalld")? {
        None => Some(no_init_system()),
        Some(state) => warn_unless(!(state.exists && state.active), || {
            format!(
                "firewalld is active, please ensure ports [{port} 10250] are open or your cluster \
                 may not function correctly"
            )
        }),
    };
    report_check(
        codes::FIREWALLD,
        problem,
        &[],
        Some("open the ports in firewalld, or stop it"),
    );
    Ok(())
}

/// Checks that the service of the kubelet starts with the machine.
fn check_kubelet() -> Result<(), Failure> {
    let enable = match node_fact::<String>("initSystem")?.as_deref() {
        Some("openrc") => "rc-update add kubelet default",
        _ => "systemctl enable kubelet.service",
    };
    let problem = match node::service("kubelet")? {
        None => Some(no_init_system()),
        Some(state) if !state.exists => {
            Some((Verdict::Warn, "kubelet service does not exist".to_owned()))
        }
        Some(state) => warn_unless(state.enabled, || {
            format!("kubelet service is not enabled, please run '{enable}'")
        }),
    };
    report_check(codes::SERVICE_KUBELET, problem, &[], Some(enable));
    Ok(())
}

/// Checks that the unit of the kubelet passes it the files that `kubelet-start` writes. A unit that
/// does not exist, or whose files do not show what it passes, is not judged.
fn check_kubelet_unit() -> Result<(), Failure> {
    let Some(unit) = kubelet_unit::read()? else {
        return Ok(());
    };
    let missing = unit.passed.missing_parts();
    let problem = warn_unless(missing.is_empty(), || {
        let missing = missing.join(", ");
        format!("the unit of the kubelet does not pass it {missing}; it may not become a node")
    });
    let remedy = unit.remedy.map_or_else(
        || "add them as the drop-in 10-kubeadm.conf of kubeadm's packages does".to_owned(),
        |file| format!("kubelet-start writes {} with them", file.path),
    );
    let files = [("files", unit.files.join(" "))];
    report_check(codes::KUBELET_DROP_IN, problem, &files, Some(&remedy));
    Ok(())
}
