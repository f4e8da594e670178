//! The machine: the user, its size, swap, and programs.
use crate::{error_unless, report_check, warn_unless};
use kubephase_sdk::{
    Failure,
    codes::{self, Family},
    kubeadm::Config,
    node_fact,
};

/// Checks that the program runs as root.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_privileges(_config: &Config) -> Result<(), Failure> {
    let user: u32 = node_fact("userId")?.unwrap_or(u32::MAX);
    let problem = error_unless(user == 0, || "user is not running as root".into());
    report_check(
        codes::IS_PRIVILEGED_USER,
        problem,
        &[("uid", user.to_string())],
        Some("run this as root"),
    );
    Ok(())
}

/// Checks that a control plane has enough processors and memory.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_resources(config: &Config) -> Result<(), Failure> {
    if config.is_worker() {
        return Ok(());
    }
    let checks = &config.cluster.release().checks;
    let (least_cpus, least_memory) = (checks.cpus, checks.memory_mib);
    let cpus: u32 = node_fact("cpus")?.unwrap_or_default();
    let problem = error_unless(cpus >= least_cpus, || {
        format!("the number of available CPUs {cpus} is less than the required {least_cpus}")
    });
    report_check(
        codes::NUM_CPU,
        problem,
        &[("cpus", cpus.to_string())],
        Some("use a machine with more CPUs, or ignore this check where speed does not matter"),
    );
    let memory: u64 = node_fact("memoryMib")?.unwrap_or_default();
    let problem = error_unless(memory >= least_memory, || {
        format!("the system RAM ({memory} MB) is less than the minimum {least_memory} MB")
    });
    report_check(
        codes::MEM,
        problem,
        &[("memoryMib", memory.to_string())],
        Some("use a machine with more memory"),
    );
    Ok(())
}

/// Checks that swap is off (a warning).
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_swap(_config: &Config) -> Result<(), Failure> {
    let swaps: Vec<String> = node_fact("swaps")?.unwrap_or_default();
    let problem = warn_unless(swaps.is_empty(), || {
        "swap is supported for cgroup v2 only. The kubelet must be properly configured to use \
         swap. Please refer to \
         https://kubernetes.io/docs/concepts/architecture/nodes/#swap-memory, or disable swap on \
         the node"
            .into()
    });
    report_check(
        codes::SWAP,
        problem,
        &[("swaps", swaps.join("; "))],
        Some("turn swap off (swapoff -a), or configure the kubelet for it"),
    );
    Ok(())
}

/// Checks that the programs which the kubelet needs are there.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_commands(_config: &Config) -> Result<(), Failure> {
    let found: Vec<String> = node_fact("commands")?.unwrap_or_default();
    for program in ["losetup", "mount", "cp"] {
        let problem = error_unless(found.iter().any(|name| name == program), || {
            format!("{program} not found in system path")
        });
        report_check(
            &Family::FILE_EXISTING.code_for(program),
            problem,
            &[("program", program.to_owned())],
            Some("install the package that provides it"),
        );
    }
    Ok(())
}
