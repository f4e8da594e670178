//! Grants: what a plugin may observe and propose. A plugin may do what its component imports, its
//! manifest asks for and the operator allowed.
mod objects;

use super::{
    gate::{self, Demand, Origin, Permit, Row},
    request::Request,
};
use crate::{
    arguments::{AbsolutePath, HttpUrl},
    effect::{
        Effect,
        objects::owner::{Claim, Mark},
    },
    world::reach::{Reach, Services},
};
use objects::change_of_object;
use std::net::IpAddr;

/// The requests of one plugin that the operator allowed.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    plugin: String,
    /// a digest of the plugin's source and signer
    identity: String,
    requests: Vec<Request>,
    /// whether the plugin is part of the program
    is_embedded: bool,
}

impl Grant {
    /// A grant of these requests to a plugin that is not part of the program.
    pub fn new(plugin: &str, requests: Vec<Request>) -> Self {
        Grant {
            plugin: plugin.to_owned(),
            identity: String::new(),
            requests,
            is_embedded: false,
        }
    }

    /// Sets the identity of the plugin, a digest of its source and signer. It distinguishes plugins
    /// of one name.
    #[must_use]
    pub fn with_identity(self, identity: String) -> Self {
        Grant { identity, ..self }
    }

    /// Makes this the grant of a plugin that is part of the program. The patterns bound it like the
    /// grant of any plugin. But the plugin may read files that other users of the machine cannot
    /// read, and apply Pods that reach the host.
    #[must_use]
    pub fn for_embedded_plugin(self) -> Self {
        Grant {
            is_embedded: true,
            ..self
        }
    }

    /// The kind of phase that the grant is for.
    pub fn origin(&self) -> Origin {
        if self.is_embedded {
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
                return Err(format!("{} is only for built-in phases", row.capability()));
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

    /// Decides about the server of a URL, which the demands of a granted call name, before the host
    /// of the URL is looked up, and about the addresses that may be found. `services` are those of
    /// the cluster.
    ///
    /// # Errors
    /// The grant has to name the host itself, and does not.
    pub fn reach(
        &self,
        row: &Row,
        demands: &[Demand<'_>],
        url: &HttpUrl,
        services: Services,
    ) -> Result<Reach, String> {
        if self.is_embedded {
            return Ok(Reach::All);
        }
        let mut covering = self
            .requests(row)
            .filter(|request| demands.iter().all(|demand| demand.is_covered_by(request)));
        let is_named =
            covering.any(|request| request.hosts.iter().any(|host| gate::names_host(host, url)));
        gate::check_host(url, is_named)?;
        let is_address = url.host().parse::<IpAddr>().is_ok();
        Ok(if is_named && (is_address || gate::has_to_be_named(url)) {
            Reach::All
        } else {
            Reach::OtherMachines(services)
        })
    }

    /// Decides about a file that identifies the client to a server. `path` is its real path;
    /// `is_hosts` says whether it belongs to the host.
    ///
    /// # Errors
    /// The file belongs to the host, and the grant covers only the plugin's own files.
    pub fn allows_identity(&self, row: &Row, path: &str, is_hosts: bool) -> Result<(), String> {
        let is_consented = |pattern: &String| {
            gate::fits_pattern(pattern, path) && gate::identifies_others(pattern, &self.plugin)
        };
        let mut patterns = self.requests(row).flat_map(|request| &request.paths);
        if self.is_embedded || !is_hosts || patterns.any(is_consented) {
            return Ok(());
        }
        Err(format!(
            "{path} belongs to the host; a plugin may use it for a connection only if its grant \
             has a pattern for it outside of the plugin's own directory"
        ))
    }

    /// Decides about a file that was opened. Its real path has to be granted. Also, every user of
    /// the machine has to be able to read the file, unless the grant names exactly this path and
    /// says `private: true`.
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
        if is_public || self.is_embedded || self.requests(row).any(is_private) {
            return Ok(());
        }
        Err(format!(
            "{path} is not readable by every user of the machine; a plugin may read it only if its \
             grant names exactly this path and has `private: true`"
        ))
    }

    /// Decides about a proposal before it is carried out.
    ///
    /// # Errors
    /// The part of the proposal that was not granted.
    pub fn allows_effect(&self, effect: &Effect) -> Result<(), String> {
        use super::gate::*;
        self.allows_owner(effect)?;
        match effect {
            Effect::File(file) => self.allows(&WRITE_FILE.row, &[Demand::Path(&file.path)]),
            Effect::Directory(directory) => {
                self.allows(&MAKE_DIR.row, &[Demand::Path(&directory.path)])
            }
            Effect::Mode(mode) => self.allows(&SET_MODE.row, &[Demand::Path(&mode.path)]),
            Effect::RemoveFile { path } => self.allows(&REMOVE_FILE.row, &[Demand::Path(path)]),
            Effect::Object { .. } | Effect::Patch { .. } | Effect::Delete { .. } => {
                change_of_object(effect).map_or(Ok(()), |change| self.allows_object(&change?))
            }
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
            | Effect::Wait(_) => Err("only built-in phases may propose this".into()),
        }
    }

    /// Returns the claim that an object has to satisfy before the effect changes it. Returns none
    /// if the grant amounts to administrator of the cluster, or the effect does not change an
    /// object.
    pub fn claim(&self, effect: &Effect) -> Option<Claim> {
        let change = change_of_object(effect)?.ok()?;
        let namespace = self.claimed_namespace(&change)?;
        let mark = Mark {
            plugin: self.plugin.clone(),
            identity: self.identity.clone(),
        };
        Some(Claim { mark, namespace })
    }

    /// Refuses changes in the directory of another plugin, even if the grant covers them: that
    /// plugin may be root, and run programs from its own directory.
    fn allows_owner(&self, effect: &Effect) -> Result<(), String> {
        let changed = effect.paths().into_iter().chain([effect.summary().1]);
        for path in changed.filter(|_| !self.is_embedded) {
            if let Some(owner) = gate::owner_of_path(&path).filter(|owner| *owner != self.plugin) {
                return Err(format!(
                    "{path} is in the directory of the plugin {owner}; no other plugin may change \
                     it"
                ));
            }
        }
        Ok(())
    }
}

/// Paths of files that hold keys or credentials of programs and users. No grant shows them to a
/// plugin. The host's own files are judged where they are opened
/// ([`crate::world::Files::open_shown`]), all others by their content
/// ([`crate::secret::classify`]).
const CREDENTIAL_PATHS: &[&str] = &[
    "/**/*.key",
    "/etc/shadow*",
    "/etc/gshadow*",
    "/etc/sudoers*",
    "/etc/sudoers.d/**",
    "/**/.ssh/**",
    "/**/.kube/**",
    "/**/.docker/**",
    "/**/.gnupg/**",
    "/**/.aws/**",
    "/**/.azure/**",
    "/**/.config/gcloud/**",
    "/**/.netrc",
    "/**/.pgpass",
    "/**/.vault-token",
    "/**/.git-credentials",
    "/run/secrets/**",
    "/var/run/secrets/**",
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
