//! The versions that run in a cluster: those of its Pods' images, and those of its kubelets.
use super::object::{AvailableUpgrade, ComponentUpgrade};
use crate::{
    render::static_pod::{self, CONTROL_PLANE},
    world::Cluster,
};
use anyhow::{Result, anyhow};
use kubephase_sdk::release::{
    Images,
    upgrade::{Candidate, newest},
};
use regex::Regex;
use semver::Version;
use serde_json::Value;
use std::{collections::BTreeMap, sync::LazyLock};

/// The names of nodes, by the version of a component that runs on them.
type Nodes = BTreeMap<String, Vec<String>>;

/// An image: name, tag and digest (kubeadm's pattern).
static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?U:.*)(?::(\w[\w.-]*))?(?:@sha256:[a-fA-F\d]{64})?$").expect("a valid pattern")
});

/// The versions in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterVersions {
    /// in the order of the components
    pub control_plane: [Nodes; 3],
    /// empty if etcd is not part of the cluster
    pub etcd: Nodes,
    pub kubelets: Nodes,
    /// empty if there is no DNS addon
    pub dns: String,
}

impl ClusterVersions {
    /// Reads the versions.
    ///
    /// # Errors
    /// The cluster cannot be read, or has several DNS addons.
    pub fn read(cluster: &dyn Cluster) -> Result<ClusterVersions> {
        let mut control_plane = <[Nodes; 3]>::default();
        for (nodes, component) in control_plane.iter_mut().zip(CONTROL_PLANE) {
            *nodes = component_nodes(cluster, component)?;
        }
        let listed = cluster.list("v1", "Node", None, None);
        let listed = listed.map_err(|_| anyhow!("couldn't list all nodes in cluster"))?;
        let kubelets = listed.iter().map(|node| {
            let version = text(&node["status"]["nodeInfo"]["kubeletVersion"]);
            (version, text(&node["metadata"]["name"]))
        });
        Ok(ClusterVersions {
            control_plane,
            etcd: component_nodes(cluster, "etcd")?,
            kubelets: by_version(kubelets),
            dns: dns(cluster).map_err(|why| anyhow!(why))?,
        })
    }

    /// Returns the version of the newest API server.
    ///
    /// # Errors
    /// No API server runs as a static Pod, or the tag of an image is not a version.
    pub fn cluster(&self) -> Result<Version> {
        let servers = &self.control_plane[0];
        let found = newest(servers.keys().map(String::as_str)).map_err(|version| {
            let nodes = servers.get(version).map(|nodes| nodes.join(" "));
            anyhow!(
                "couldn't parse kube-apiserver version {version} from nodes [{}]",
                nodes.unwrap_or_default()
            )
        })?;
        found.ok_or_else(|| {
            anyhow!(
                "no Pod of kube-apiserver was found in kube-system, with the labels \
                 component=kube-apiserver and tier=control-plane"
            )
        })
    }

    /// Returns what an upgrade changes. `kubeadm` is the version that this program stands for.
    pub fn upgrade(
        &self,
        candidate: &Candidate,
        kubeadm: &str,
        images: &Images,
        shows_etcd: bool,
    ) -> AvailableUpgrade {
        let version = candidate.version.as_str();
        let mut components = Vec::new();
        // If all kubelets have the version, there is nothing to do.
        if self.kubelets.len() > 1 || !self.kubelets.contains_key(version) {
            add(&mut components, "kubelet", &self.kubelets, version);
        }
        for (nodes, component) in self.control_plane.iter().zip(CONTROL_PLANE) {
            add(&mut components, component, nodes, version);
        }
        let cluster = self.cluster().map(|cluster| cluster.to_string());
        components.extend([
            component("kube-proxy", &cluster.unwrap_or_default(), version, ""),
            component("CoreDNS", &self.dns, images.coredns, ""),
            component("kubeadm", kubeadm, &candidate.kubeadm, ""),
        ]);
        if shows_etcd {
            add(&mut components, "etcd", &self.etcd, images.etcd);
        }
        AvailableUpgrade {
            description: candidate.description.clone(),
            components,
        }
    }
}

fn component(name: &'static str, from: &str, to: &str, node: &str) -> ComponentUpgrade {
    ComponentUpgrade {
        name,
        current_version: from.to_owned(),
        new_version: to.to_owned(),
        node_name: node.to_owned(),
    }
}

fn add(components: &mut Vec<ComponentUpgrade>, name: &'static str, nodes: &Nodes, to: &str) {
    for (from, nodes) in nodes {
        components.extend(nodes.iter().map(|node| component(name, from, to, node)));
    }
}

fn component_nodes(cluster: &dyn Cluster, component: &str) -> Result<Nodes> {
    let selector = format!("component={component},tier=control-plane");
    let pods = cluster.list("v1", "Pod", Some("kube-system"), Some(&selector));
    let pods =
        pods.map_err(|failure| anyhow!("couldn't list pods in cluster: {}", failure.to_text()))?;
    Ok(by_version(pods.iter().map(|pod| {
        let image = static_pod::image(pod, component).unwrap_or_default();
        // A tag has `_` where a version has `+`.
        let version = tag(image).replacen('_', "+", 1);
        (version, text(&pod["spec"]["nodeName"]))
    })))
}

/// Returns the tag of CoreDNS's image; empty if there is no DNS addon.
///
/// # Errors
/// The cluster cannot be read, or has several DNS addons.
pub fn dns(cluster: &dyn Cluster) -> Result<String, String> {
    let selector = Some("k8s-app=kube-dns");
    let found = cluster.list("apps/v1", "Deployment", Some("kube-system"), selector);
    let found = found.map_err(|failure| {
        format!(
            "couldn't retrieve DNS addon deployments: {}",
            failure.to_text()
        )
    })?;
    match found.as_slice() {
        [] => Ok(String::new()),
        [deployment] => {
            let containers = &deployment["spec"]["template"]["spec"]["containers"];
            Ok(tag(&text(&containers[0]["image"])))
        }
        several => {
            let names = several.iter().map(|one| text(&one["metadata"]["name"]));
            Err(format!(
                "multiple DNS addon deployments found: {}",
                names.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}

fn by_version(found: impl Iterator<Item = (String, String)>) -> Nodes {
    let mut nodes = Nodes::new();
    for (version, node) in found {
        nodes.entry(version).or_default().push(node);
    }
    nodes
}

fn tag(image: &str) -> String {
    let found = IMAGE.captures(image).and_then(|found| found.get(1));
    found.map(|tag| tag.as_str().to_owned()).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
