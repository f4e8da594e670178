//! `SystemVerification`: kernel, operating system, cgroups (the rules of k8s.io/system-validators).
use crate::tell;
use kubephase_sdk::{
    Failure, Verdict, codes::SYSTEM_VERIFICATION as CODE, kubeadm::Config, node_fact, observe_node,
};

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
/// Either name will do.
const ALIASES: &[(&str, &str)] = &[("NETFILTER_XT_TARGET_REDIRECT", "IP_NF_TARGET_REDIRECT")];
const CGROUP_V1: &[&str] = &[
    "CGROUPS",
    "CGROUP_CPUACCT",
    "CGROUP_DEVICE",
    "CGROUP_FREEZER",
    "CGROUP_PIDS",
    "CGROUP_SCHED",
];
const CGROUP_V2: &[&str] = &["CGROUPS", "CGROUP_BPF", "CGROUP_PIDS", "CGROUP_SCHED"];

pub fn system(_config: &Config) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    let os: String = node_fact("os")?.unwrap_or_default();
    if os != "Linux" {
        wrong.push((Verdict::Fail, format!("unsupported operating system: {os}")));
    }
    let release: String = node_fact("kernelRelease")?.unwrap_or_default();
    if !supported(&release) {
        let message = format!(
            "kernel release {release} is unsupported. Supported LTS versions from the 5.x series \
             are 5.4, 5.10 and 5.15. Any 6.x version is also supported. For cgroups v2 support, \
             the recommended version is 5.10 or newer"
        );
        wrong.push((Verdict::Warn, message));
    }
    let version: u8 = node_fact("cgroupVersion")?.unwrap_or(2);
    let missing = options(version)?;
    if !missing.is_empty() {
        wrong.push((
            Verdict::Fail,
            format!("unexpected kernel config: {}", missing.join(" ")),
        ));
    }
    let controllers: Vec<String> = node_fact("cgroupControllers")?.unwrap_or_default();
    wrong.extend(cgroups(version, &controllers));
    let evidence = [
        ("kernel", release),
        ("cgroup", format!("v{version}")),
        ("controllers", controllers.join(" ")),
    ];
    if wrong.is_empty() {
        tell(CODE, None, &evidence, None);
    }
    for one in wrong {
        tell(
            CODE,
            Some(one),
            &evidence,
            Some("use a kernel and distribution that Kubernetes supports"),
        );
    }
    Ok(())
}

/// 5.4, 5.10, 5.15, and 6.0.0 and later.
fn supported(release: &str) -> bool {
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

fn options(cgroup_version: u8) -> Result<Vec<String>, Failure> {
    let there = |name: &str| {
        Ok::<_, Failure>(matches!(
            observe_node::kernel_option(name)?.as_deref(),
            Some("y" | "m")
        ))
    };
    let mut missing = Vec::new();
    for name in REQUIRED.iter().chain(if cgroup_version == 1 {
        CGROUP_V1
    } else {
        CGROUP_V2
    }) {
        if !there(name)? {
            missing.push(format!("CONFIG_{name}"));
        }
    }
    for (name, alias) in ALIASES {
        if !there(name)? && !there(alias)? {
            missing.push(format!("CONFIG_{alias}"));
        }
    }
    Ok(missing)
}

fn cgroups(version: u8, controllers: &[String]) -> Vec<(Verdict, String)> {
    // In the second version `devices` and `freezer` are no controllers any more, and always there.
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
    let lacking = |wanted: &[&str]| -> Vec<String> {
        wanted
            .iter()
            .filter(|name| !controllers.iter().any(|found| found == *name))
            .map(ToString::to_string)
            .collect()
    };
    let (missing, nice) = (lacking(required), lacking(optional));
    let mut wrong = Vec::new();
    if !missing.is_empty() {
        wrong.push((
            Verdict::Fail,
            format!("missing required cgroups: {}", missing.join(" ")),
        ));
    } else if version == 1 {
        wrong.push((
            Verdict::Fail,
            "cgroups v1 support is deprecated and will be removed in a \
            future release. Please migrate to cgroups v2. To explicitly enable cgroups v1 support \
            for kubelet v1.35 or newer, you must set the kubelet configuration option \
            'FailCgroupV1' to 'false'. You must also explicitly skip this validation. For more \
            information, see https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1"
                .to_owned(),
        ));
    }
    if !nice.is_empty() {
        wrong.push((
            Verdict::Warn,
            format!("missing optional cgroups: {}", nice.join(" ")),
        ));
    }
    wrong
}
