//! Grants: what a plugin may observe and propose. A plugin may do what its component imports, its
//! manifest asks for and the operator allowed.
use super::{
    gate::{self, Demand, Origin, Permit, Row, covers_object, host_access},
    manifest::Request,
};
use crate::{
    arguments::{AbsolutePath, ObjectName},
    effect::{Effect, IfExists, objects},
};
use serde_json::Value;

/// A change that a plugin proposes of an object of the cluster.
#[derive(Clone, Copy)]
enum Change<'a> {
    /// all of the object would be this
    Whole(&'a Value),
    Part,
    Deletion,
}

/// What one plugin may observe and propose.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    plugin: String,
    requests: Vec<Request>,
    /// whether the plugin is part of the program
    is_distribution: bool,
}

impl Grant {
    /// A grant of these requests to a plugin that is not part of the program.
    pub fn new(plugin: &str, requests: Vec<Request>) -> Self {
        Grant {
            plugin: plugin.to_owned(),
            requests,
            is_distribution: false,
        }
    }

    /// Makes this the grant of a plugin that is part of the program. Its patterns bound it like any
    /// plugin, but it may look at files that other users of the machine cannot read, and apply Pods
    /// that reach the host.
    #[must_use]
    pub fn of_distribution(self) -> Self {
        Grant {
            is_distribution: true,
            ..self
        }
    }

    /// The kind of phase that the grant is for.
    pub fn origin(&self) -> Origin {
        if self.is_distribution {
            Origin::Distribution
        } else {
            Origin::Plugin
        }
    }

    /// The name of the plugin.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Whether the capability was granted, with whatever patterns.
    pub fn has(&self, capability: &str) -> bool {
        self.requests
            .iter()
            .any(|request| request.capability == capability)
    }

    /// The granted requests for one host function.
    fn requests(&self, row: &Row) -> impl Iterator<Item = &Request> {
        let capability = row.capability();
        self.requests
            .iter()
            .filter(move |request| request.capability == capability)
    }

    /// Decides about a call: a single request has to cover all demands of the call.
    ///
    /// # Errors
    /// The demands that were not granted.
    pub fn allows(&self, row: &Row, demands: &[Demand<'_>]) -> Result<(), String> {
        match row.permit {
            Permit::Free => return Ok(()),
            Permit::Core => {
                return Err(format!(
                    "{} is for the distribution's own phases",
                    row.capability()
                ));
            }
            Permit::Granted(_) => {}
        }
        let is_covered =
            |request: &Request| demands.iter().all(|demand| demand.is_covered_by(request));
        if self.requests(row).any(is_covered) {
            return Ok(());
        }
        let shown: Vec<String> = demands.iter().map(ToString::to_string).collect();
        let of = if shown.is_empty() {
            String::new()
        } else {
            format!(" of {}", shown.join(", "))
        };
        Err(format!(
            "plugin {} was not granted {}{of}",
            self.plugin,
            row.capability()
        ))
    }

    /// Decides about a file that was opened. Its real path has to be granted. Also, every user of
    /// the machine has to be able to read the file, or the grant names exactly this path and says
    /// `private`.
    ///
    /// # Errors
    /// The reason why the plugin may not see the file.
    pub fn allows_file(
        &self,
        row: &Row,
        path: &AbsolutePath,
        real_path: &str,
        is_public: bool,
    ) -> Result<(), String> {
        let is_link = path.as_str() != real_path;
        let file = if is_link {
            format!("{path} leads to {real_path}, which")
        } else {
            path.to_string()
        };
        if row.function == gate::READ_FILE.row.function && is_hidden(real_path) {
            return Err(format!("{file} is never shown to a plugin"));
        }
        if is_link && self.allows(row, &[Demand::Path(real_path)]).is_err() {
            return Err(format!("{file} plugin {} was not granted", self.plugin));
        }
        let is_private = |request: &Request| {
            request.private && request.paths.iter().any(|named| named == path.as_str())
        };
        if is_public || self.is_distribution || self.requests(row).any(is_private) {
            return Ok(());
        }
        Err(format!(
            "{path} is not readable by every user of the machine; a plugin sees it only where its \
             grant names exactly this path and says `private: true`"
        ))
    }

    /// Decides about a proposal before it is carried out.
    ///
    /// # Errors
    /// The part of the proposal that was not granted.
    pub fn allows_effect(&self, effect: &Effect) -> Result<(), String> {
        use super::gate::*;
        match effect {
            Effect::File(file) => self.allows(&WRITE_FILE.row, &[Demand::Path(&file.path)]),
            Effect::Directory(directory) => {
                self.allows(&MAKE_DIR.row, &[Demand::Path(&directory.path)])
            }
            Effect::Mode(mode) => self.allows(&SET_MODE.row, &[Demand::Path(&mode.path)]),
            Effect::RemoveFile { path } => self.allows(&REMOVE_FILE.row, &[Demand::Path(path)]),
            Effect::Object {
                manifest,
                if_exists,
            } => {
                let of = objects::reference(manifest).map_err(|failure| failure.message)?;
                let change = if *if_exists == IfExists::Apply {
                    Change::Part
                } else {
                    Change::Whole(manifest)
                };
                self.allows_object(&APPLY_OBJECT.row, &ObjectName::parse(&of)?, change)
            }
            Effect::Patch { of, .. } => {
                self.allows_object(&PATCH_OBJECT.row, &ObjectName::parse(of)?, Change::Part)
            }
            Effect::Delete { of } => self.allows_object(
                &DELETE_OBJECT.row,
                &ObjectName::parse(of)?,
                Change::Deletion,
            ),
            Effect::Command(command) => self.allows(&EXECUTE.row, &[Demand::Command(command)]),
            Effect::Certificate(spec) => self.allows(&ENSURE_CERTIFICATE.row, &spec.demands()),
            Effect::KeyPair(spec) => self.allows(&ENSURE_KEY_PAIR.row, &spec.demands()),
            Effect::Kubeconfig(spec) => self.allows(&ENSURE_KUBECONFIG.row, &spec.demands()),
            Effect::RotatedKubeconfig(spec) => {
                self.allows(&ENSURE_ROTATED_KUBECONFIG.row, &spec.demands())
            }
            Effect::Service { name, .. } => self.allows(&ENSURE_SERVICE.row, &[Demand::Unit(name)]),
            Effect::Sysctl { key, .. } => self.allows(&SET_SYSCTL.row, &[Demand::Key(key)]),
            Effect::Module { name } => self.allows(&LOAD_MODULE.row, &[Demand::Module(name)]),
            Effect::Image { image } => self.allows(&PULL_IMAGE.row, &[Demand::Image(image)]),
            Effect::StaticPod { .. }
            | Effect::BootstrapToken(_)
            | Effect::ShareKeys(_)
            | Effect::FetchKeys(_)
            | Effect::BootstrapKubeconfig { .. }
            | Effect::KubeconfigServer { .. }
            | Effect::EtcdMember(_)
            | Effect::Users(_)
            | Effect::Owner(_)
            | Effect::Clear(_)
            | Effect::Wait(_) => {
                Err("only phases of the distribution itself may propose this".into())
            }
        }
    }

    /// Decides about a change of an object.
    fn allows_object(&self, row: &Row, of: &ObjectName, change: Change<'_>) -> Result<(), String> {
        self.allows(row, &[Demand::Object(of)])?;
        if self.is_distribution {
            return Ok(());
        }
        let demand = Demand::Object(of);
        if let Some(owner) = owner_of(of) {
            return Err(format!("{demand} is {owner}; no plugin changes it"));
        }
        let mut patterns = self.requests(row).flat_map(|request| &request.objects);
        let has_host_access =
            patterns.any(|pattern| pattern.host_access && covers_object(pattern, of));
        if has_host_access || !gate::WORKLOADS.contains(&of.kind()) {
            return Ok(());
        }
        match change {
            Change::Deletion => Ok(()),
            // What comes of a part depends on the rest of the object, which may be anybody's.
            Change::Part => Err(format!(
                "a part of {demand} would be changed; a grant for that says `hostAccess: true`"
            )),
            Change::Whole(manifest) => host_access(manifest, &|account| {
                self.makes_account(account, of.namespace())
            })
            .map_or(Ok(()), |why| {
                Err(format!(
                    "Pods of {demand} would reach the host or secrets: {why}; a grant \
                        for that says `hostAccess: true`"
                ))
            }),
        }
    }

    /// Whether the plugin may make a service account itself. Accounts of `kube-system` may be those
    /// of the cluster's controllers.
    fn makes_account(&self, account: &str, namespace: Option<&str>) -> bool {
        if namespace.is_none_or(|namespace| namespace.starts_with("kube-")) {
            return false;
        }
        let of = ObjectName::of_kind("v1", "ServiceAccount", namespace);
        let mut requests = self
            .requests(&gate::APPLY_OBJECT.row)
            .flat_map(|request| &request.objects);
        of.is_ok()
            && requests.any(|pattern| {
                pattern.kind == "ServiceAccount"
                && pattern.namespace.as_deref() == namespace
                // Only by its exact name: a pattern could also match accounts that the plugin did
                // not make.
                && pattern.names.iter().any(|name| name == account)
            })
    }
}

/// Describes an object of the cluster that no plugin may change, as the end of a message; none for
/// all other objects.
fn owner_of(of: &ObjectName) -> Option<&'static str> {
    let name = of.name().unwrap_or_default();
    match (of.kind(), of.namespace(), name) {
        (
            "ConfigMap",
            Some("kube-system"),
            "kubeadm-config" | "kubelet-config" | "kubephase-config",
        ) => Some("what nodes go by that join, and the host's own"),
        ("ConfigMap", Some("kube-system"), "extension-apiserver-authentication") => {
            Some("the API server's own")
        }
        ("ConfigMap", Some("kube-public"), "cluster-info") => {
            Some("what nodes trust that join, and the host's own")
        }
        ("Secret", Some("kube-system"), "kubeadm-certs") => {
            Some("the control plane's keys, and the host's own")
        }
        ("Secret", Some("kube-system"), name) if name.starts_with("bootstrap-token-") => {
            Some("a bootstrap token, and the host's own")
        }
        _ => None,
    }
}

/// Paths of files that hold keys or credentials. No grant shows them to a plugin. Files elsewhere
/// are judged by their content ([`crate::secret::classify`]).
const CREDENTIAL_PATHS: &[&str] = &[
    "/**/*.key",
    "/etc/kubernetes/*.conf",
    "/var/lib/kubelet/pki/**",
    "/var/lib/kubelet/pods/**",
    "/var/lib/kubelet/kubeconfig",
    "/var/lib/kubelet/config.json",
    "/var/lib/kubephase/**",
    "/var/cache/kubephase/**",
    "/var/lib/etcd/**",
    "/etc/shadow*",
    "/etc/gshadow*",
    "/etc/sudoers*",
    "/etc/sudoers.d/**",
    "/**/.ssh/**",
    "/**/.kube/**",
    "/**/.docker/**",
    "/**/.gnupg/**",
    "/**/.aws/**",
    "/run/secrets/**",
    "/var/run/secrets/**",
    "/run/containers/**",
    "/proc/self/**",
    "/proc/thread-self/**",
    "/dev/**",
];

/// Whether a path matches a pattern of [`CREDENTIAL_PATHS`], or belongs to a process below `/proc`.
fn is_hidden(path: &str) -> bool {
    // Directories of processes show their environment, arguments and memory.
    let is_process = path
        .strip_prefix("/proc/")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_process
        || CREDENTIAL_PATHS
            .iter()
            .any(|pattern| gate::fits_pattern(pattern, path))
}

#[cfg(test)]
mod tests;
