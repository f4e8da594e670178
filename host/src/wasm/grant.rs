//! Grants: what a plugin may observe and propose. A plugin may do what its component imports, its
//! manifest asks for and the operator allowed.
mod modes;
mod objects;

pub use objects::{ObjectChange, ObjectContent};

use super::{
    gate::{self, Demand, Origin, Permit, Row},
    request::Request,
};
use crate::{
    arguments::{AbsolutePath, HttpUrl},
    world::reach::{ClusterSubnets, Reach},
};
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
    /// Returns a grant of these requests to a plugin that is not part of the program.
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

    /// Makes this the grant of a plugin that is part of the program. Its patterns limit it like the
    /// grant of any plugin. But the plugin may read files that other users of the machine cannot
    /// read, and apply Pods that reach the host.
    #[must_use]
    pub fn for_embedded_plugin(self) -> Self {
        Grant {
            is_embedded: true,
            ..self
        }
    }

    /// Returns the kind of phase that the grant is for.
    pub fn origin(&self) -> Origin {
        if self.is_embedded {
            Origin::BuiltIn
        } else {
            Origin::Plugin
        }
    }

    /// Returns the name of the plugin.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Returns a digest of where the plugin comes from and who signed it.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Whether the capability was granted. The patterns of the grant do not matter.
    pub fn has(&self, capability: &str) -> bool {
        self.requests
            .iter()
            .any(|request| request.capability == capability)
    }

    /// Returns the granted requests for one host function.
    fn requests(&self, row: &Row) -> impl Iterator<Item = &Request> {
        let capability = row.capability();
        self.requests
            .iter()
            .filter(move |request| request.capability == capability)
    }

    /// Refuses a call unless a single request of the grant covers all demands of the call.
    ///
    /// # Errors
    /// A demand was not granted; the message has all such demands.
    pub fn allows(&self, row: &Row, demands: &[Demand<'_>]) -> Result<(), String> {
        match row.permit {
            Permit::Free => return Ok(()),
            Permit::Core => {
                return Err(format!("{} is only for built-in phases", row.capability()));
            }
            Permit::Granted(_) => {}
        }
        if self
            .requests(row)
            .any(|request| demands.iter().all(|demand| demand.is_covered_by(request)))
        {
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

    /// Decides whether the server of a URL may be asked, before the host of the URL is looked up.
    /// Returns the addresses to which the request may be sent. `demands` are the demands of a call
    /// that is granted, and `cluster_subnets` are the subnets of the cluster.
    ///
    /// # Errors
    /// The grant has to name the host itself, and does not.
    pub fn decide_reach(
        &self,
        row: &Row,
        demands: &[Demand<'_>],
        url: &HttpUrl,
        cluster_subnets: ClusterSubnets,
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
            Reach::OtherMachines(cluster_subnets)
        })
    }

    /// Refuses to identify the client to a server by a file of the host unless the grant names the
    /// file outside of the plugin's own directory. `path` is its real path; `is_hosts` says whether
    /// it belongs to the host.
    ///
    /// # Errors
    /// The file belongs to the host, and the grant covers only the plugin's own files.
    pub fn allows_identity(&self, row: &Row, path: &str, is_hosts: bool) -> Result<(), String> {
        let is_consented = |pattern: &String| {
            gate::pattern_matches(pattern, path) && gate::identifies_others(pattern, &self.plugin)
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

    /// Refuses to show the plugin a file that was opened unless its real path is granted. Also,
    /// every user of the machine has to be able to read the file, unless the grant names exactly
    /// this path and says `private: true`.
    ///
    /// # Errors
    /// The plugin may not see the file; the message says why.
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
        let is_named = self.requests(row).any(|request| {
            request.private && request.paths.iter().any(|named| named == path.as_str())
        });
        if is_public || self.is_embedded || is_named {
            return Ok(());
        }
        Err(format!(
            "{path} is not readable by every user of the machine; a plugin may read it only if its \
             grant names exactly this path and has `private: true`"
        ))
    }
}

/// Paths of files that hold keys or credentials of programs and users. No grant shows them to a
/// plugin. The host's own files are judged where they are opened
/// ([`crate::world::Files::open_for_plugin`]), all others by their content
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
            .any(|pattern| gate::pattern_matches(pattern, path))
}

#[cfg(test)]
mod tests;
