//! A case of a table: the files of its folder, and the command line that fails.
use crate::component;
use crate::workbench::{Workbench, words};
use serde::Deserialize;
use std::{collections::BTreeMap, fs};

/// The head of each document that a case can have in `config.yaml`.
const INIT: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n";
const CLUSTER: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n";
const JOIN: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n";
const RESET: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\n";
const KUBELET: &str = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
const KUBE_PROXY: &str =
    "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";
const PHASES: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";

/// A command line that fails.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[derive(Default)]
pub struct Case {
    /// the name of the snapshot
    pub name: String,
    /// the arguments of the program, separated by spaces
    pub run: String,
    /// files of the folder beside `cluster.yaml` and `node.yaml`
    files: BTreeMap<String, String>,
    /// further lines of `node.yaml`
    node: String,
    environment: BTreeMap<String, String>,
    /// the manifest of a component in `plugin.wasm`
    manifest: Option<String>,
    /// fields of the documents of `config.yaml`
    init: Option<String>,
    cluster: Option<String>,
    join: Option<String>,
    reset: Option<String>,
    kubelet: Option<String>,
    kube_proxy: Option<String>,
    phases: Option<String>,
    /// command lines that run before, and have to succeed
    before: Vec<String>,
    /// files that are written after `before`; a file without a content is removed
    changes: BTreeMap<String, Option<String>>,
}

impl Case {
    /// Reads a table of cases.
    pub fn parse_table(text: &str) -> Vec<Case> {
        serde_yaml::from_str(text).expect("a table of cases")
    }

    pub fn arguments(&self) -> Vec<String> {
        words(&self.run)
    }

    /// Writes the files of the case, and runs the command lines before it.
    pub fn prepare(&self, bench: &mut Workbench) {
        for (name, value) in &self.environment {
            bench.set_environment(name, value);
        }
        for (name, content) in &self.files {
            bench.write(name, content);
        }
        bench.append("node.yaml", &self.node);
        let config = self.config();
        if !config.is_empty() {
            bench.write("config.yaml", config);
        }
        if let Some(manifest) = &self.manifest {
            bench.write("plugin.wasm", component::with_manifest(manifest));
        }
        for line in &self.before {
            bench.succeed(line);
        }
        for (name, content) in &self.changes {
            match content {
                Some(content) => bench.write(name, content),
                None => fs::remove_file(bench.folder().join(name)).expect("the file is there"),
            }
        }
    }

    /// Returns the documents of `config.yaml`.
    pub fn config(&self) -> String {
        let documents = [
            (INIT, &self.init),
            (CLUSTER, &self.cluster),
            (JOIN, &self.join),
            (RESET, &self.reset),
            (KUBELET, &self.kubelet),
            (KUBE_PROXY, &self.kube_proxy),
            (PHASES, &self.phases),
        ];
        let texts = documents.into_iter().filter_map(|(head, fields)| {
            fields
                .as_ref()
                .map(|fields| format!("{head}{}\n", fields.trim_end()))
        });
        texts.collect::<Vec<_>>().join("---\n")
    }
}
