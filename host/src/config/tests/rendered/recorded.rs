//! Recorded runs of kubeadm: in the directory `KUBEPHASE_GOLDEN`, or beside the sources. Without
//! the recordings there are no cases.
use crate::{
    config::component,
    render::{host_port, kubelet, patches::Patches},
};
use kubephase_sdk::kubeadm::{
    ClusterConfiguration, Config, Duration, EnvVar, InitConfiguration, LocalEtcd, Taint,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// Cases about reading a configuration or its defaults, which these tests do in a simple way only.
const ABOUT_READING: [&str; 12] = [
    "skip-phases-config",
    "skip-phases-flag",
    "skip-phases-many",
    "v1beta3",
    "flags-only",
    "node-name-flag-only",
    "node-name-uppercase-flag",
    "cri-socket-no-scheme",
    "ipv6-noncanonical",
    "version-release-prefix",
    "alg-ecdsa-p256",
    "gate-ecdsa-true",
];

/// One recorded run: its completed configuration, and the recorded files.
pub(super) struct Case {
    pub name: String,
    directory: PathBuf,
    pub config: Config,
    pub warnings: Vec<String>,
}

impl Case {
    /// Returns a recorded file.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.directory.join(path)).ok()
    }

    /// Loads the patches of the run, and the messages about them.
    pub(super) fn patches(&self) -> Option<(Patches, Vec<String>)> {
        let directory = self.config.init.patches.as_ref()?.directory.clone();
        let files = fs::read_dir(self.directory.join(&directory))
            .ok()?
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                Some((
                    path.file_name()?.to_str()?.to_string(),
                    fs::read(&path).ok()?,
                ))
            });
        let targets = self.config.cluster.release().patch_targets;
        Some(
            Patches::load(&directory, files.collect(), targets)
                .expect("the recorded patches are good"),
        )
    }
}

/// Returns all recorded runs.
pub(super) fn cases() -> Vec<Case> {
    let Some(recordings) = crate::requirements::recorded_runs() else {
        return Vec::new();
    };
    let mut cases: Vec<_> = fs::read_dir(recordings)
        .unwrap()
        .filter_map(|entry| case(entry.ok()?.path()))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn case(directory: PathBuf) -> Option<Case> {
    let name = directory.file_name()?.to_str()?.to_string();
    if ABOUT_READING.contains(&name.as_str()) {
        return None;
    }
    let host: Value =
        serde_json::from_str(&fs::read_to_string(directory.join("host.json")).ok()?).ok()?;
    let text = fs::read_to_string(directory.join("config.yaml")).ok()?;
    let documents: BTreeMap<String, Value> = (text.split("\n---"))
        .filter_map(|document| serde_yaml::from_str::<Value>(document).ok())
        .filter_map(|document| Some((document.get("kind")?.as_str()?.to_string(), document)))
        .collect();
    let mut config = Config {
        init: parse_document(documents.get("InitConfiguration")),
        cluster: parse_document(documents.get("ClusterConfiguration")),
        ..Config::default()
    };
    complete(&mut config, &host);
    config.run.external_ca = name == "external-ca";
    for line in fs::read_to_string(directory.join("env"))
        .unwrap_or_default()
        .lines()
    {
        let (name, value) = line.split_once('=')?;
        config.run.proxy_environment.push(EnvVar {
            name: name.into(),
            value: value.into(),
            value_from: None,
        });
    }
    let (kubelet, mut warnings) = component::kubelet(
        documents.get("KubeletConfiguration").cloned(),
        &config.init,
        &config.cluster,
    );
    let (proxy, more) = component::kube_proxy(
        documents.get("KubeProxyConfiguration").cloned(),
        &config.init,
        &config.cluster,
    );
    (config.kubelet, config.kube_proxy) = (kubelet, proxy);
    warnings.extend(more);
    warnings.extend(kubelet::document(&config).1);
    Some(Case {
        name,
        directory,
        config,
        warnings,
    })
}

fn parse_document<T: DeserializeOwned + Default>(document: Option<&Value>) -> T {
    document
        .map(|document| serde_json::from_value(document.clone()).unwrap())
        .unwrap_or_default()
}

fn fill(field: &mut String, default: &str) {
    if field.is_empty() {
        *field = default.into();
    }
}

/// Sets kubeadm's defaults on which the rendered files and objects depend.
pub(super) fn complete(config: &mut Config, host: &Value) {
    let hostname = host["hostname"].as_str().unwrap();
    complete_init(&mut config.init, host, hostname);
    complete_cluster(
        &mut config.cluster,
        config.init.local_api_endpoint.bind_port,
    );
    let run = &mut config.run;
    run.os_hostname = hostname.into();
    run.ca_directories = serde_json::from_value(host["caDirectories"].clone()).unwrap();
    run.systemd_resolved = host["systemdResolvedActive"] == true;
}

fn complete_init(init: &mut InitConfiguration, host: &Value, hostname: &str) {
    let registration = &mut init.node_registration;
    registration.name.make_ascii_lowercase();
    fill(&mut registration.name, hostname);
    fill(
        &mut registration.cri_socket,
        "unix:///var/run/containerd/containerd.sock",
    );
    registration.taints.get_or_insert_with(|| {
        vec![Taint {
            key: "node-role.kubernetes.io/control-plane".into(),
            effect: "NoSchedule".into(),
            ..Taint::default()
        }]
    });
    fill(
        &mut init.local_api_endpoint.advertise_address,
        host["defaultRouteInterfaceAddress"]
            .as_str()
            .unwrap_or_default(),
    );
    if init.local_api_endpoint.bind_port == 0 {
        init.local_api_endpoint.bind_port = 6443;
    }
}

fn complete_cluster(cluster: &mut ClusterConfiguration, bind_port: i32) {
    fill(&mut cluster.networking.service_subnet, "10.96.0.0/12");
    fill(&mut cluster.networking.dns_domain, "cluster.local");
    fill(&mut cluster.certificates_dir, "/etc/kubernetes/pki");
    fill(&mut cluster.cluster_name, "kubernetes");
    fill(&mut cluster.image_repository, "registry.k8s.io");
    fill(&mut cluster.kubernetes_version, "v1.36.2");
    cluster.encryption_algorithm.get_or_insert_default();
    cluster
        .certificate_validity_period
        .get_or_insert(Duration::from_secs(8760 * 3600));
    cluster
        .ca_certificate_validity_period
        .get_or_insert(Duration::from_secs(87600 * 3600));
    if cluster.etcd.external.is_none() {
        fill(
            &mut cluster
                .etcd
                .local
                .get_or_insert_with(LocalEtcd::default)
                .data_dir,
            "/var/lib/etcd",
        );
    }
    if let Some(etcd) = cluster
        .etcd
        .external
        .as_mut()
        .filter(|etcd| etcd.http_endpoints.is_empty())
    {
        etcd.http_endpoints = etcd.endpoints.clone();
    }
    let endpoint = &mut cluster.control_plane_endpoint;
    if !endpoint.is_empty() && endpoint.split(':').count() != 2 {
        *endpoint = host_port(endpoint, bind_port);
    }
    for variable in &mut cluster.api_server.extra_envs {
        if let Some(field) = variable
            .value_from
            .as_mut()
            .and_then(|from| from.get_mut("fieldRef"))
        {
            field["apiVersion"] = "v1".into();
        }
    }
}
