//! `SystemVerification`: kernel, operating system, cgroups (the rules of k8s.io/system-validators).
use crate::{Problem, report_check, versions::kubelet_version};
use kubephase_sdk::{
    Failure, Verdict,
    codes::SYSTEM_VERIFICATION as CODE,
    kubeadm::Config,
    node, node_fact,
    release::{CgroupV1, Checks},
};

/// Kernel options that are required with any version of control groups.
const REQUIRED: &[&str] = &[
    "NAMESPACES",
    "NET_NS",
    "PID_NS",
    "IPC_NS",
    "UTS_NS",
    "CPUSETS",
    "MEMCG",
    "INET",
    "EXT4_FS",
    "PROC_FS",
    "NETFILTER_XT_MATCH_COMMENT",
    "FAIR_GROUP_SCHED",
];
/// Kernel options with two names, one of which is required.
const ALIASES: &[(&str, &str)] = &[("NETFILTER_XT_TARGET_REDIRECT", "IP_NF_TARGET_REDIRECT")];

/// Checks the operating system, the kernel and its options, and the cgroups.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_system(config: &Config) -> Result<(), Failure> {
    let checks = &config.cluster.release().checks;
    let mut problems = Vec::new();
    let os: String = node_fact("os")?.unwrap_or_default();
    if os != "Linux" {
        problems.push((Verdict::Fail, format!("unsupported operating system: {os}")));
    }
    let release: String = node_fact("kernelRelease")?.unwrap_or_default();
    if !checks.kernels.accept(&release) {
        let verdict = if checks.kernels.required {
            Verdict::Fail
        } else {
            Verdict::Warn
        };
        let advice = checks.kernels.advice;
        problems.push((
            verdict,
            format!("kernel release {release} is unsupported. {advice}"),
        ));
    }
    let version: u8 = node_fact("cgroupVersion")?.unwrap_or(2);
    let missing = missing_options(version, checks)?;
    if !missing.is_empty() {
        problems.push((
            Verdict::Fail,
            format!("unexpected kernel config: {}", missing.join(" ")),
        ));
    }
    let controllers: Vec<String> = node_fact("cgroupControllers")?.unwrap_or_default();
    problems.extend(cgroup_problems(version, &controllers, checks.cgroup_v1));
    let evidence = [
        ("kernel", release),
        ("cgroup", format!("v{version}")),
        ("controllers", controllers.join(" ")),
    ];
    if problems.is_empty() {
        report_check(CODE, None, &evidence, None);
    }
    for problem in problems {
        report_check(
            CODE,
            Some(problem),
            &evidence,
            Some("use a kernel and distribution that Kubernetes supports"),
        );
    }
    Ok(())
}

/// Returns the required kernel options that are not set.
fn missing_options(cgroup_version: u8, checks: &Checks) -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    let for_cgroups = if cgroup_version == 1 {
        checks.cgroup_v1_options
    } else {
        checks.cgroup_v2_options
    };
    for name in REQUIRED.iter().chain(for_cgroups) {
        if !node::has_kernel_option(name)? {
            missing.push(format!("CONFIG_{name}"));
        }
    }
    for (name, alias) in ALIASES {
        if !node::has_kernel_option(name)? && !node::has_kernel_option(alias)? {
            missing.push(format!("CONFIG_{alias}"));
        }
    }
    Ok(missing)
}

/// Returns the names that are not in a list of controllers.
fn missing_names(names: &[&str], controllers: &[String]) -> Vec<String> {
    names
        .iter()
        .filter(|name| !controllers.iter().any(|found| found == *name))
        .map(ToString::to_string)
        .collect()
}

/// Returns the problems of the control groups.
fn cgroup_problems(version: u8, controllers: &[String], v1: CgroupV1) -> Vec<Problem> {
    // In version 2, `devices` and `freezer` are not controllers, but always available.
    let (required, optional): (&[&str], &[&str]) = if version == 1 {
        (
            &[
                "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids",
            ],
            &["hugetlb", "blkio"],
        )
    } else {
        (&["cpu", "cpuset", "memory", "pids"], &["hugetlb", "io"])
    };
    let missing = missing_names(required, controllers);
    let missing_optional = missing_names(optional, controllers);
    let mut problems = Vec::new();
    if !missing.is_empty() {
        problems.push((
            Verdict::Fail,
            format!("missing required cgroups: {}", missing.join(" ")),
        ));
    } else if version == 1 {
        let is_refused = v1.refused_from_kubelet.is_some()
            && v1.is_refused_by(&kubelet_version().unwrap_or_default());
        let verdict = if is_refused {
            Verdict::Fail
        } else {
            Verdict::Warn
        };
        problems.push((verdict, v1.message.to_owned()));
    }
    if !missing_optional.is_empty() {
        problems.push((
            Verdict::Warn,
            format!("missing optional cgroups: {}", missing_optional.join(" ")),
        ));
    }
    problems
}
