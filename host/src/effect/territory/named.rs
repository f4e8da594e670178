//! The files that the configurations of the cluster and the kubelet name. Components of the control
//! plane name paths in their Pods, the kubelet names paths of the node. The host alone writes these
//! files, and plugins may not read the files that may hold secrets: they belong to the host's
//! [`Territory`].
use super::Territory;
use crate::{config::Config, world::files::normalise};
use kubephase_sdk::kubeadm::{Arg, ControlPlaneComponent, HostPathMount};
use serde_json::Value;
use std::path::PathBuf;

/// A part of the name of settings whose value looks like a path and is not one.
const NOT_A_PATH: &str = "cgroup";
/// The argument that names a file which plugins may write.
const AUDIT_POLICY_FILE: &str = "audit-policy-file";
/// Ends of the names of settings whose files hold no secret, so plugins may read them. In lower
/// case, without `-`.
const PUBLIC_FILES: &[&str] = &["cafile", "certfile", "resolvconf"];
/// The characters that separate several paths in one value, or a path from the rest of the value.
const SEPARATORS: [char; 2] = [',', ':'];

/// The territory to which the named files are added.
pub(super) struct NamedFiles<'t>(pub &'t mut Territory);

impl NamedFiles<'_> {
    /// Adds the files that the configuration names.
    pub(super) fn add_all(&mut self, config: &Config) {
        let (cluster, etcd) = (&config.cluster, &config.cluster.etcd);
        if let Some(join) = &config.join {
            self.0.add_readable(&join.ca_cert_path);
        }
        self.0.add(&config.run.kubeconfig);
        let components = [
            &cluster.api_server,
            &cluster.controller_manager,
            &cluster.scheduler,
        ];
        for component in components {
            self.add_component_files(component);
        }
        if let Some(local) = &etcd.local {
            self.0.add(&local.data_dir);
            self.add_arguments(&local.extra_args, &[]);
        }
        if let Some(external) = &etcd.external {
            self.0.add(&external.key_file);
            self.0.add_readable(&external.cert_file);
            self.0.add_readable(&external.ca_file);
        }
        self.add_arguments(&config.init.node_registration.kubelet_extra_args, &[]);
        self.add_document_files("", &config.kubelet.document);
    }

    /// Adds the files that the arguments of a component name, and the files and directories of its
    /// extra volumes, because one of these files may name another of them. The audit policy is left
    /// out, because plugins may write it.
    fn add_component_files(&mut self, component: &ControlPlaneComponent) {
        let volumes = &component.extra_volumes;
        self.add_arguments(&component.extra_args, volumes);
        let arguments = component.extra_args.iter();
        let policies: Vec<PathBuf> = arguments
            .filter(|argument| argument.name == AUDIT_POLICY_FILE)
            .map(|argument| path_on_node(&argument.value, volumes))
            .collect();
        for volume in volumes {
            let host_path = normalised(&volume.host_path);
            match policies
                .iter()
                .find(|policy| policy.starts_with(&host_path))
            {
                Some(policy) => self
                    .0
                    .add_except(&volume.host_path, &policy.to_string_lossy()),
                None => self.0.add(&volume.host_path),
            }
        }
    }

    fn add_arguments(&mut self, arguments: &[Arg], volumes: &[HostPathMount]) {
        let named = arguments
            .iter()
            .filter(|argument| argument.name != AUDIT_POLICY_FILE);
        for argument in named {
            self.add_setting(&argument.name, &argument.value, volumes);
        }
    }

    /// Adds the files that a document names, at any depth. `field` is the name that the value has.
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
            if is_public {
                self.0.add_readable(&path.to_string_lossy());
            } else {
                self.0.add(&path.to_string_lossy());
            }
        }
    }
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
