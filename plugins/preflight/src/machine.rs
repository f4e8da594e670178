//! The machine: who runs this, how large it is, swap, programs, services.
use crate::{error_unless, is_worker, tell, warn_unless};
use kubephase_sdk::{
    Failure, Verdict,
    codes::{self, Family},
    kubeadm::Config,
    node_fact, observe_node,
};
use serde::Deserialize;

const MIN_CPUS: u32 = 2;
const MIN_MEMORY_MIB: u64 = 1700;

pub fn privileges(_config: &Config) -> Result<(), Failure> {
    let user: u32 = node_fact("userId")?.unwrap_or(u32::MAX);
    let wrong = error_unless(user == 0, || "user is not running as root".into());
    tell(
        codes::IS_PRIVILEGED_USER,
        wrong,
        &[("uid", user.to_string())],
        Some("run this as root"),
    );
    Ok(())
}

pub fn resources(config: &Config) -> Result<(), Failure> {
    if is_worker(config) {
        return Ok(());
    }
    let cpus: u32 = node_fact("cpus")?.unwrap_or_default();
    let wrong = error_unless(cpus >= MIN_CPUS, || {
        format!("the number of available CPUs {cpus} is less than the required {MIN_CPUS}")
    });
    tell(
        codes::NUM_CPU,
        wrong,
        &[("cpus", cpus.to_string())],
        Some("use a machine with more CPUs, or ignore this check where speed does not matter"),
    );
    let memory: u64 = node_fact("memoryMib")?.unwrap_or_default();
    let wrong = error_unless(memory >= MIN_MEMORY_MIB, || {
        format!("the system RAM ({memory} MB) is less than the minimum {MIN_MEMORY_MIB} MB")
    });
    tell(
        codes::MEM,
        wrong,
        &[("memoryMib", memory.to_string())],
        Some("use a machine with more memory"),
    );
    Ok(())
}

pub fn swap(_config: &Config) -> Result<(), Failure> {
    let swaps: Vec<String> = node_fact("swaps")?.unwrap_or_default();
    let wrong = warn_unless(swaps.is_empty(), || {
        "swap is supported for cgroup v2 only. The kubelet must be properly configured to use \
         swap. Please refer to \
         https://kubernetes.io/docs/concepts/architecture/nodes/#swap-memory, or disable swap on \
         the node"
            .into()
    });
    tell(
        codes::SWAP,
        wrong,
        &[("swaps", swaps.join("; "))],
        Some("turn swap off (swapoff -a), or configure the kubelet for it"),
    );
    Ok(())
}

pub fn commands(_config: &Config) -> Result<(), Failure> {
    let found: Vec<String> = node_fact("commands")?.unwrap_or_default();
    for program in ["losetup", "mount", "cp"] {
        let wrong = error_unless(found.iter().any(|name| name == program), || {
            format!("{program} not found in system path")
        });
        tell(
            &Family::FILE_EXISTING.of(program),
            wrong,
            &[("program", program.to_owned())],
            Some("install the package that provides it"),
        );
    }
    Ok(())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    exists: bool,
    enabled: bool,
    active: bool,
}

fn state(name: &str) -> Result<Option<State>, Failure> {
    Ok(observe_node::service(name)?.map(|text| serde_json::from_str(&text).unwrap_or_default()))
}

pub fn services(config: &Config) -> Result<(), Failure> {
    let no_init = || {
        (
            Verdict::Warn,
            "no supported init system detected, skipping checking for services".to_owned(),
        )
    };
    let port = config.init.local_api_endpoint.bind_port;
    let wrong = match state("firewalld")? {
        None => Some(no_init()),
        Some(state) => warn_unless(!(state.exists && state.active), || {
            format!(
                "firewalld is active, please ensure ports [{port} 10250] are open or your cluster \
                 may not function correctly"
            )
        }),
    };
    if !is_worker(config) {
        tell(
            codes::FIREWALLD,
            wrong,
            &[],
            Some("open the ports in firewalld, or stop it"),
        );
    }
    let enable = match node_fact::<String>("initSystem")?.as_deref() {
        Some("openrc") => "rc-update add kubelet default",
        _ => "systemctl enable kubelet.service",
    };
    let wrong = match state("kubelet")? {
        None => Some(no_init()),
        Some(state) if !state.exists => {
            Some((Verdict::Warn, "kubelet service does not exist".to_owned()))
        }
        Some(state) => warn_unless(state.enabled, || {
            format!("kubelet service is not enabled, please run '{enable}'")
        }),
    };
    tell(codes::SERVICE_KUBELET, wrong, &[], Some(enable));
    Ok(())
}
