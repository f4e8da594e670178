//! Defaults of a description: a machine on which kubeadm's preflight checks pass.
use super::{NodeFacts, RuntimeFacts, ServiceState, UsedIds};
use crate::release::Release;
use std::{collections::BTreeMap, net::IpAddr};

impl Default for NodeFacts {
    fn default() -> Self {
        let kubelet = ServiceState {
            exists: true,
            enabled: true,
            active: false,
        };
        NodeFacts {
            hostname: "node-1".into(),
            addresses: vec![IpAddr::from([192, 0, 2, 2])],
            default_route_interface_address: Some(IpAddr::from([192, 0, 2, 2])),
            loopback_addresses: Vec::new(),
            ca_directories: strings(&["/etc/ssl/certs", "/usr/share/ca-certificates"]),
            cri_sockets: Vec::new(),
            systemd_resolved_active: false,
            internet: false,
            user_id: 0,
            cpus: 4,
            memory_mib: 8192,
            swaps: Vec::new(),
            os: "Linux".into(),
            kernel_release: "6.12.0".into(),
            kernel_options: BTreeMap::new(),
            cgroup_version: 2,
            cgroup_controllers: strings(&[
                "cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc",
            ]),
            sysctls: [
                ("net.ipv4.ip_forward", "1"),
                ("net.ipv6.conf.default.forwarding", "1"),
            ]
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .into(),
            commands: strings(&[
                "systemctl",
                "losetup",
                "mount",
                "cp",
                "conntrack",
                "kubelet",
            ]),
            outputs: BTreeMap::new(),
            kubelet_version: Some(Release::newest().kubeadm.into()),
            init_system: Some("systemd".into()),
            services: [("kubelet".to_string(), kubelet)].into(),
            ports_in_use: Vec::new(),
            hosts: BTreeMap::new(),
            environment: BTreeMap::new(),
            runtime: RuntimeFacts::default(),
            files: BTreeMap::new(),
            used_system_ids: UsedIds::default(),
            note: String::new(),
        }
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
