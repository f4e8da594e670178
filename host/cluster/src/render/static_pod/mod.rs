//! Manifests of the control plane's static Pods, as kubeadm writes them.

mod environment;
mod etcd;
mod flag;
mod health;
mod kube_apiserver;
mod kube_controller_manager;
mod kube_scheduler;
mod probe;
pub mod rootless;
mod shown;
pub mod used_files;
mod volume;

pub use etcd::{Member, etcd, etcd_of_joining_member};
pub use flag::flag;
pub use health::health_url;
pub use kube_apiserver::{ENDPOINT_ANNOTATION, authorization_warnings, kube_apiserver};
pub use kube_controller_manager::kube_controller_manager;
pub use kube_scheduler::kube_scheduler;
pub use shown::{container, image, manifest_hash, mirror_reference};
pub use volume::OTHER_CA_DIRECTORIES;

use super::{MANIFESTS, join_path};
use kubephase_sdk::{
    kubeadm::{Config, EnvVar},
    release::Release,
};
use probe::Probes;
use serde_json::{Value, json};
use volume::Mount;

/// A function that renders a component's manifest.
pub type Renderer = fn(&Config) -> Value;

/// The static Pods: the name of each, and the function that renders it.
pub const COMPONENTS: [(&str, Renderer); 4] = [
    ("etcd", etcd),
    ("kube-apiserver", kube_apiserver),
    ("kube-controller-manager", kube_controller_manager),
    ("kube-scheduler", kube_scheduler),
];

/// The components of a control-plane node, without etcd.
pub const CONTROL_PLANE: [&str; 3] = [
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

/// Returns the function that renders a component's manifest; `None` if no component has this name.
pub fn renderer(component: &str) -> Option<Renderer> {
    let mut components = COMPONENTS.iter();
    let (_, render) = components.find(|(name, _)| *name == component)?;
    Some(*render)
}

/// Returns the path of a component's manifest.
pub fn manifest_path(component: &str) -> String {
    format!("{MANIFESTS}/{component}.yaml")
}

/// Returns the path of a file in the certificates directory.
fn certificate_file(config: &Config, name: &str) -> String {
    join_path(&config.cluster.certificates_dir, name)
}

/// The parts in which the Pods of the components differ.
struct Component<'a> {
    name: &'a str,
    image: String,
    arguments: Vec<String>,
    environment: Vec<EnvVar>,
    annotations: Vec<(&'a str, String)>,
    requests: Value,
    probes: Probes<'a>,
    port: i32,
    /// in the order of the container's mounts
    mounts: Vec<Mount>,
}

impl Component<'_> {
    /// Returns the manifest of the Pod, as kubeadm of this release writes it.
    fn pod(self, release: &Release) -> Value {
        let command: Vec<String> = std::iter::once(self.name.to_string())
            .chain(self.arguments)
            .collect();
        let mut container = json!({
            "name": self.name,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": command,
            "resources": { "requests": self.requests },
            "volumeMounts": self.mounts.iter().map(Mount::to_volume_mount).collect::<Vec<_>>(),
        });
        let port = if release.named_probe_ports {
            container["ports"] =
                json!([{ "name": probe::PORT, "containerPort": self.port, "protocol": "TCP" }]);
            json!(probe::PORT)
        } else {
            json!(self.port)
        };
        self.probes.add_to(&mut container, &port);
        if !self.environment.is_empty() {
            container["env"] = json!(self.environment);
        }
        let mut mounts = self.mounts;
        mounts.sort_by(|a, b| a.name.cmp(&b.name));
        let mut pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "namespace": "kube-system",
                "labels": { "component": self.name, "tier": "control-plane" },
            },
            "spec": {
                "containers": [container],
                "hostNetwork": true,
                "priority": 2_000_001_000,
                "priorityClassName": "system-node-critical",
                "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } },
                "volumes": mounts.iter().map(Mount::to_volume).collect::<Vec<_>>(),
            },
            "status": {},
        });
        for (name, value) in self.annotations {
            pod["metadata"]["annotations"][name] = value.into();
        }
        pod
    }
}
