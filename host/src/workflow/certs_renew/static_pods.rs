//! The parts of the cluster's configuration that the static Pods of the node show. Where the
//! cluster cannot be read, they tell which files belong to the host.
use crate::{
    render::static_pod::{
        CONTROL_PLANE, manifest_path,
        used_files::{arguments, volumes},
    },
    text::yaml,
    world::{Files, text_file::read_text},
};
use kubephase_sdk::kubeadm::{ClusterConfiguration, Config, ControlPlaneComponent, Renewal};
use serde_json::Value;

/// The flag of the API server that names a file directly in the directory of certificates.
const CLIENT_AUTHORITY: &str = "client-ca-file";
/// The volume with the data of etcd.
const ETCD_DATA: &str = "etcd-data";
/// Volumes of every control plane. They hold files that belong to the machine, or that have rules
/// of their own.
const USUAL_VOLUMES: &[&str] = &[
    "ca-certs",
    "etc-ca-certificates",
    "etc-pki",
    "etc-pki-ca-trust",
    "etc-pki-tls-certs",
    "etcd-certs",
    ETCD_DATA,
    "flexvolume-dir",
    "k8s-certs",
    "kubeconfig",
    "usr-local-share-ca-certificates",
    "usr-share-ca-certificates",
];

/// Adds to a configuration what the node's static Pods say about files of the cluster. A manifest
/// that is missing or cannot be read says nothing.
pub fn add_files_of_static_pods<S>(config: &mut Config<S>, files: &dyn Files) {
    let renewal = config.renewal.get_or_insert_default();
    for name in CONTROL_PLANE {
        let pod = read_pod(name, files);
        if let Some(component) = component_of(&mut config.cluster, name) {
            add_to_component(component, &pod, name, renewal);
        }
    }
    let etcd = read_pod("etcd", files);
    let data = volumes(&etcd)
        .into_iter()
        .find(|volume| volume.name == ETCD_DATA);
    if let (Some(data), Some(local)) = (data, &mut config.cluster.etcd.local) {
        local.data_dir = data.host_path;
    }
}

fn component_of<'a>(
    cluster: &'a mut ClusterConfiguration,
    name: &str,
) -> Option<&'a mut ControlPlaneComponent> {
    match name {
        "kube-apiserver" => Some(&mut cluster.api_server),
        "kube-controller-manager" => Some(&mut cluster.controller_manager),
        "kube-scheduler" => Some(&mut cluster.scheduler),
        _ => None,
    }
}

fn add_to_component(
    component: &mut ControlPlaneComponent,
    pod: &Value,
    name: &str,
    renewal: &mut Renewal,
) {
    component.extra_args = arguments(pod);
    component
        .extra_args
        .retain(|argument| !argument.name.is_empty());
    let authority = component
        .extra_args
        .iter()
        .find(|argument| argument.name == CLIENT_AUTHORITY);
    if name == "kube-apiserver"
        && let Some((directory, _)) = authority.and_then(|found| found.value.rsplit_once('/'))
    {
        directory.clone_into(&mut renewal.kept_certificates_dir);
    }
    component.extra_volumes = volumes(pod)
        .into_iter()
        .filter(|volume| !USUAL_VOLUMES.contains(&volume.name.as_str()))
        .collect();
}

/// Reads the manifest of a static Pod; null if it is missing or cannot be read.
fn read_pod(name: &str, files: &dyn Files) -> Value {
    let text = read_text(files, &manifest_path(name)).ok().flatten();
    text.and_then(|text| yaml::value(&text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        effect::territory::territory_of,
        render::{patches::Patches, static_pod},
        world::{World, fake::FakeWorld},
    };
    use kubephase_sdk::{
        kubeadm::{Arg, HostPathMount},
        testing::Case,
    };

    /// Writes the manifests of a cluster, with its own directory of certificates and a file that
    /// an argument names.
    fn write_manifests(files: &dyn Files) {
        let mut config = Config::default();
        config.cluster.certificates_dir = "/srv/pki".into();
        config.cluster.api_server.extra_args = vec![Arg {
            name: "encryption-provider-config".into(),
            value: "/encryption/config.yaml".into(),
        }];
        config.cluster.api_server.extra_volumes = vec![HostPathMount {
            name: "encryption".into(),
            host_path: "/srv/encryption".into(),
            mount_path: "/encryption".into(),
            ..HostPathMount::default()
        }];
        config.cluster.etcd.local.get_or_insert_default().data_dir = "/srv/etcd".into();
        for (name, render) in static_pod::COMPONENTS {
            let manifest = render(&config).to_string();
            files
                .write(&manifest_path(name), manifest.as_bytes(), 0o600, None)
                .unwrap();
        }
    }

    #[test]
    fn files_of_the_static_pods_belong_to_the_host() {
        let root = tempfile::tempdir().unwrap();
        let world = FakeWorld::new(&Case::parse("{}").unwrap(), root.path()).unwrap();
        write_manifests(world.files());
        let mut config = crate::config::Config::default();
        config.cluster.etcd.local.get_or_insert_default();
        let named = [
            "/srv/pki/front-proxy-ca.crt",
            "/srv/pki/etcd/ca.key",
            "/srv/encryption/config.yaml",
            "/srv/etcd/member",
        ];
        let territory = territory_of(&config, &Patches::default());
        assert!(named.iter().all(|path| !territory.owns(path)));
        add_files_of_static_pods(&mut config, world.files());
        let territory = territory_of(&config, &Patches::default());
        for path in named {
            assert!(territory.owns(path), "{path}");
        }
        for path in ["/srv/other", "/etc/ssl/certs/own.crt"] {
            assert!(!territory.owns(path), "{path}");
        }
    }

    #[test]
    fn a_node_without_manifests_adds_nothing() {
        let root = tempfile::tempdir().unwrap();
        let world = FakeWorld::new(&Case::parse("{}").unwrap(), root.path()).unwrap();
        let damaged = manifest_path("kube-apiserver");
        world
            .files()
            .write(&damaged, b"{ no YAML", 0o600, None)
            .unwrap();
        let mut config = crate::config::Config::default();
        add_files_of_static_pods(&mut config, world.files());
        assert_eq!(config.cluster, ClusterConfiguration::default());
    }
}
