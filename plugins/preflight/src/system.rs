//! `SystemVerification`: kernel, operating system, cgroups (the rules of k8s.io/system-validators).
use crate::{Problem, report_check, versions};
use kubephase_sdk::{
    Failure, Verdict, codes::SYSTEM_VERIFICATION as CODE, kubeadm::Config, node, node_fact,
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
/// Kernel options for version 1 of control groups.
const CGROUP_V1: &[&str] = &[
    "CGROUPS",
    "CGROUP_CPUACCT",
    "CGROUP_DEVICE",
    "CGROUP_FREEZER",
    "CGROUP_PIDS",
    "CGROUP_SCHED",
];
/// Kernel options for version 2 of control groups.
const CGROUP_V2: &[&str] = &["CGROUPS", "CGROUP_BPF", "CGROUP_PIDS", "CGROUP_SCHED"];

pub fn check_system(_config: &Config) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let os: String = node_fact("os")?.unwrap_or_default();
    if os != "Linux" {
        problems.push((Verdict::Fail, format!("unsupported operating system: {os}")));
    }
    let release: String = node_fact("kernelRelease")?.unwrap_or_default();
    if !is_supported(&release) {
        let message = format!(
            "kernel release {release} is unsupported. Supported LTS versions from the 5.x series \
             are 5.4, 5.10 and 5.15. Any 6.x version is also supported. For cgroups v2 support, \
             the recommended version is 5.10 or newer"
        );
        problems.push((Verdict::Warn, message));
    }
    let version: u8 = node_fact("cgroupVersion")?.unwrap_or(2);
    let missing = missing_options(version)?;
    if !missing.is_empty() {
        problems.push((
            Verdict::Fail,
            format!("unexpected kernel config: {}", missing.join(" ")),
        ));
    }
    let controllers: Vec<String> = node_fact("cgroupControllers")?.unwrap_or_default();
    let is_v1_refused = version == 1 && versions::refuses_cgroup_v1();
    problems.extend(cgroup_problems(version, &controllers, is_v1_refused));
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

/// Whether a kernel release is 5.4, 5.10, 5.15, or 6.0.0 and later.
fn is_supported(release: &str) -> bool {
    let mut parts = release
        .split(['.', '-', '+'])
        .map(|part| part.parse::<u32>().ok());
    match (
        parts.next().flatten(),
        parts.next().flatten(),
        parts.next().flatten(),
    ) {
        (Some(5), Some(4 | 10 | 15), _) => true,
        (Some(major), Some(_), Some(_)) => major >= 6,
        _ => false,
    }
}

/// Returns the required kernel options that are not set.
fn missing_options(cgroup_version: u8) -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    for name in REQUIRED.iter().chain(if cgroup_version == 1 {
        CGROUP_V1
    } else {
        CGROUP_V2
    }) {
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

/// Returns what is wrong with the control groups.
fn cgroup_problems(version: u8, controllers: &[String], is_v1_refused: bool) -> Vec<Problem> {
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
        let verdict = if is_v1_refused {
            Verdict::Fail
        } else {
            Verdict::Warn
        };
        problems.push((
            verdict,
            "cgroups v1 support is deprecated and will be removed in a \
            future release. Please migrate to cgroups v2. To explicitly enable cgroups v1 support \
            for kubelet v1.35 or newer, you must set the kubelet configuration option \
            'FailCgroupV1' to 'false'. You must also explicitly skip this validation. For more \
            information, see https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1"
                .to_owned(),
        ));
    }
    if !missing_optional.is_empty() {
        problems.push((
            Verdict::Warn,
            format!("missing optional cgroups: {}", missing_optional.join(" ")),
        ));
    }
    problems
}
