//! The files that the configurations of the cluster and the kubelet name, with the operator's
//! patches. Components of the control plane name paths in their Pods, the kubelet names paths of
//! the node. The host alone writes these files, and plugins may not read the files that may hold
//! secrets: they belong to the host's [`Territory`].
use super::Territory;
use crate::{
    config::Config,
    render::{
        MANIFESTS,
        patches::Patches,
        static_pod::{
            COMPONENTS, OTHER_CA_DIRECTORIES,
            used_files::{arguments, variables, volumes},
        },
    },
    text::yaml,
    world::{Files, files::normalise, text_file::read_text},
};
use kubephase_sdk::kubeadm::{self, Arg, ControlPlaneComponent, HostPathMount, InitConfiguration};
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf};

/// A part of the name of settings whose value looks like a path and is not one.
const NOT_A_PATH: &str = "cgroup";
/// The argument that names a file which plugins may write.
const AUDIT_POLICY_FILE: &str = "audit-policy-file";
/// The variable with directories of programs in the container.
const PROGRAM_DIRECTORIES: &str = "PATH";
/// Ends of the names of settings whose files hold no secret, so plugins may read them. In lower
/// case, without `-`.
const PUBLIC_FILES: &[&str] = &["cafile", "certfile", "resolvconf"];
/// The characters that separate several paths in one value, or a path from the rest of the value.
const SEPARATORS: [char; 9] = [',', ':', ';', '=', ' ', '\t', '\n', '"', '\''];
/// The characters between the words of an environment file.
const WORD_ENDS: [char; 5] = [' ', '\t', '\n', '"', '\''];
/// Files of the node from which the kubelet gets its configuration.
const KUBELET_CONFIGURATIONS: [&str; 2] = [
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/instance-config.yaml",
];
/// Files of the node from which the kubelet's unit takes arguments (kubeadm's drop-in).
const KUBELET_ARGUMENTS: [&str; 3] = [
    "/var/lib/kubelet/kubeadm-flags.env",
    "/etc/default/kubelet",
    "/etc/sysconfig/kubelet",
];

/// The territory to which the named files are added.
pub(super) struct NamedFiles<'t>(pub &'t mut Territory);

impl NamedFiles<'_> {
    /// Adds the files that the configuration and its static Pods name.
    pub(super) fn add_all(&mut self, config: &Config, patches: &Patches) {
        let etcd = &config.cluster.etcd;
        if let Some(join) = &config.join {
            self.0.add_readable(&join.ca_cert_path);
        }
        self.0.add(&config.run.kubeconfig);
        if let Some(local) = &etcd.local {
            self.0.add(&local.data_dir);
        }
        if let Some(external) = &etcd.external {
            self.0.add(&external.key_file);
            self.0.add_readable(&external.cert_file);
            self.0.add_readable(&external.ca_file);
        }
        let shown = of_pods(config);
        let own = without_extras(shown.clone());
        let is_local = etcd.local.is_some();
        let components = COMPONENTS.iter();
        for (name, render) in components.filter(|(name, _)| *name != "etcd" || is_local) {
            // Patches that do not fit the Pod end the run where they are applied.
            let patched = patches.apply(name, render(&shown));
            let pod = patched.map_or_else(|_| render(&shown), |(pod, _)| pod);
            self.add_pod(&render(&own), &pod);
        }
        let registration = &config.init.node_registration;
        self.add_setting("", &registration.cri_socket, &[]);
        for argument in &registration.kubelet_extra_args {
            self.add_setting(&argument.name, &argument.value, &[]);
        }
    }

    /// Adds the files that the node's control plane and kubelet use now. A file that is missing or
    /// cannot be read names nothing.
    pub(super) fn add_in_use(&mut self, config: &Config, files: &dyn Files) {
        let read = |path: &str| read_text(files, path).ok().flatten();
        let read_document = |path: &str| yaml::value(&read(path)?).ok();
        let mut manifests = vec![MANIFESTS.to_owned()];
        for document in KUBELET_CONFIGURATIONS.into_iter().filter_map(read_document) {
            if let Some(path) = document["staticPodPath"].as_str() {
                self.0.add_linked_directory(path);
                manifests.push(path.to_owned());
            }
            self.add_document(&document);
        }
        for text in KUBELET_ARGUMENTS.into_iter().filter_map(read) {
            for (name, value) in text.split(WORD_ENDS).filter_map(flag_of_word) {
                self.add_setting(name, value, &[]);
            }
        }
        let own = without_extras(of_pods(config));
        for (name, render) in COMPONENTS {
            let own = render(&own);
            for directory in &manifests {
                if let Some(pod) = read_document(&format!("{directory}/{name}.yaml")) {
                    self.add_pod(&own, &pod);
                }
            }
        }
    }

    /// Adds the files that a static Pod (`pod`) names and mounts, except those that it has without
    /// the settings of the configuration (`own`): these are added elsewhere, or belong to the
    /// machine. The files of a volume belong to the host too, because one of them may name another.
    /// The audit policy is left out, because plugins may write it.
    fn add_pod(&mut self, own: &Value, pod: &Value) {
        let mounted = volumes(pod);
        let named = |pod: &Value| arguments(pod).into_iter().chain(variables(pod));
        let of_kubeadm: Vec<Arg> = named(own).collect();
        let (policies, others): (Vec<Arg>, Vec<Arg>) = named(pod)
            .filter(|argument| !of_kubeadm.contains(argument))
            .filter(|argument| argument.name != PROGRAM_DIRECTORIES)
            .partition(|argument| argument.name == AUDIT_POLICY_FILE);
        for argument in others {
            self.add_setting(&argument.name, &argument.value, &mounted);
        }
        let policies: Vec<PathBuf> = policies
            .iter()
            .map(|argument| path_on_node(&argument.value, &mounted))
            .collect();
        let usual: BTreeSet<_> = volumes(own).into_iter().map(place_of).collect();
        for (_, path) in mounted
            .into_iter()
            .map(place_of)
            .collect::<BTreeSet<_>>()
            .difference(&usual)
        {
            let mut policies = policies.iter();
            match policies.find(|policy| policy.starts_with(normalised(path))) {
                Some(policy) => self.0.add_except(path, &policy.to_string_lossy()),
                None => self.0.add(path),
            }
        }
    }

    /// Adds the files that a document of the kubelet names, at any depth.
    pub(super) fn add_document(&mut self, document: &Value) {
        self.add_document_files("", document);
    }

    /// Adds the files that a value of a document names. `field` is the name that the value has.
    fn add_document_files(&mut self, field: &str, value: &Value) {
        match value {
            Value::String(text) => self.add_setting(field, text, &[]),
            Value::Array(values) => {
                for value in values {
                    self.add_document_files(field, value);
                }
            }
            Value::Object(fields) => {
                for (field, value) in fields {
                    self.add_document_files(field, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Adds the files that a setting names, with their paths on the node.
    fn add_setting(&mut self, name: &str, value: &str, volumes: &[HostPathMount]) {
        let name = name.replace('-', "").to_ascii_lowercase();
        if name.contains(NOT_A_PATH) {
            return;
        }
        let is_public = PUBLIC_FILES.iter().any(|end| name.ends_with(end));
        // The whole value may be a path as well.
        for path in value.split(SEPARATORS).chain([value]) {
            let path = path_on_node(path.trim(), volumes);
            let path = path.to_string_lossy();
            if is_public {
                self.0.add_readable(&path);
            } else if !self.0.is_public(&path) {
                self.0.add(&path);
            }
        }
    }
}

/// Returns the name and the value of a flag in a word, such as `ARGUMENTS=--name=value`.
fn flag_of_word(word: &str) -> Option<(&str, &str)> {
    word.split_once("--")?.1.split_once('=')
}

/// Returns the name and the path on the node of a volume.
fn place_of(volume: HostPathMount) -> (String, String) {
    (volume.name, volume.host_path)
}

/// Returns the parts of a configuration that determine the static Pods.
fn of_pods(config: &Config) -> kubeadm::Config {
    let init = &config.init;
    kubeadm::Config {
        cluster: config.cluster.clone(),
        init: InitConfiguration {
            node_registration: init.node_registration.clone(),
            local_api_endpoint: init.local_api_endpoint.clone(),
            timeouts: init.timeouts.clone(),
            ..InitConfiguration::default()
        },
        run: config.run.clone(),
        ..kubeadm::Config::default()
    }
}

/// Returns the configuration without the settings that add to the static Pods of kubeadm.
fn without_extras(mut config: kubeadm::Config) -> kubeadm::Config {
    let cluster = &mut config.cluster;
    cluster.api_server = ControlPlaneComponent::default();
    cluster.controller_manager = ControlPlaneComponent::default();
    cluster.scheduler = ControlPlaneComponent::default();
    if let Some(local) = &mut cluster.etcd.local {
        local.extra_args.clear();
        local.extra_envs.clear();
    }
    config.run.ca_directories = OTHER_CA_DIRECTORIES.map(str::to_owned).to_vec();
    config
}

/// Returns the path on the node of a path in a Pod with these volumes.
fn path_on_node(path: &str, volumes: &[HostPathMount]) -> PathBuf {
    let path = normalised(path);
    let mounted = volumes
        .iter()
        .map(|volume| (volume, normalised(&volume.mount_path)))
        .filter_map(|(volume, mount)| Some((volume, path.strip_prefix(&mount).ok()?)))
        .min_by_key(|(_, below)| below.components().count());
    mounted.map_or_else(
        || path.clone(),
        |(volume, below)| normalised(&volume.host_path).join(below),
    )
}

/// Returns a path without `.`, `..` and empty names. A path that is not absolute stays as it is.
fn normalised(path: &str) -> PathBuf {
    normalise(path).unwrap_or_else(|| path.to_owned()).into()
}

#[cfg(test)]
mod tests;
