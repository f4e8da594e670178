//! The risk of a grant: some grants make a plugin root on the node, or administrator of the
//! cluster.
mod identities;
mod objects;
mod paths;
mod programs;
mod servers;

pub use objects::{NAMESPACE, is_harmless, is_shared};
pub use paths::{PLUGIN_DIRECTORIES, is_own_or_harmless, owner_of_path};
pub use servers::{
    check_host, dangers_of_nearby_servers, has_to_be_named, identifies_others, names_host,
};

use crate::wasm::request::Request;
use std::fmt;

/// A kind of power that a grant may give. The operator has to allow each with a flag of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// root on the node
    Root,
    /// administrator of the cluster
    ClusterAdmin,
}

impl Risk {
    /// All risks.
    pub const ALL: [Risk; 2] = [Risk::Root, Risk::ClusterAdmin];

    /// Returns the command-line flag by which the operator allows the risk.
    pub fn flag(self) -> &'static str {
        match self {
            Risk::Root => "--allow-root",
            Risk::ClusterAdmin => "--allow-cluster-admin",
        }
    }

    /// Returns the power that a plugin with such a grant has, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Risk::Root => "root on the node",
            Risk::ClusterAdmin => "administrator of the cluster",
        }
    }
}

/// The risk that a request has, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Danger {
    pub risk: Risk,
    /// a sentence without its subject: `writes files in /etc, where the system looks for programs
    /// to run`
    pub why: String,
}

impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "This amounts to {}: {}.", self.risk.describe(), self.why)
    }
}

/// A rule that decides about the risk of a grant.
#[derive(Debug)]
pub struct Rule {
    /// returns the dangers of a request by the plugin of this name, judged only by the patterns of
    /// the request; empty if there are none
    pub decide: fn(&Request, &str) -> Vec<Danger>,
    /// when a request has a risk, for `plugins/SANDBOX.md`; empty if no request has one
    pub when: &'static str,
}

pub(super) const NONE: Rule = Rule {
    decide: |_, _| Vec::new(),
    when: "",
};
pub(super) const UNIT: Rule = Rule {
    decide: |request, _| programs::any_unit(request),
    when: "root, always",
};
pub(super) const KEY: Rule = Rule {
    decide: |request, _| programs::any_key(request),
    when: "root, always",
};
pub(super) const MODULE: Rule = Rule {
    decide: |request, _| programs::any_module(request),
    when: "root, always",
};
pub(super) const PROGRAM: Rule = Rule {
    decide: |request, _| programs::any_program(request),
    when: "root, always",
};
pub(super) const READING_PROGRAM: Rule = Rule {
    decide: |request, _| programs::reading_program(request),
    when: "root, except for a few known command lines of the system's own programs that only read \
        (`chronyc tracking`, `kubelet --version`, `uname -r`, …)",
};
pub(super) const CHANGED_PATHS: Rule = Rule {
    decide: |request, _| paths::dangers_of_changed_paths(request),
    when: "root, except for the plugin's own directory (`/var/lib/kubephase-plugins/NAME`) and \
        `/etc/kubernetes/audit/policy.yaml`",
};
pub(super) const MADE_DIRECTORIES: Rule = Rule {
    decide: |request, _| paths::dangers_of_made_directories(request),
    when: "root, except for the plugin's own directory (`/var/lib/kubephase-plugins/NAME`)",
};
pub(super) const PRIVATE_FILES: Rule = Rule {
    decide: |request, _| paths::private_files(request),
    when: "root, with `private: true`",
};
pub(super) const CHANGED_OBJECTS: Rule = Rule {
    decide: objects::dangers_of_changed_objects,
    when: "cluster-admin, except for objects of the plugin's own, with `kubephase-plugin-NAME` or \
        `kubephase-plugin-NAME-…` as the name of a namespace, as the namespace of ConfigMaps, \
        Services, ServiceAccounts and kinds with Pods, or as the name of ConfigMaps in `default` \
        and the `kube-…` namespaces; always with `hostAccess: true`",
};
pub(super) const READ_OBJECTS: Rule = Rule {
    decide: |request, _| objects::read_objects(request),
    when: "cluster-admin, for Secrets",
};
pub(super) const CERTIFICATE: Rule = Rule {
    decide: identities::identities,
    when: "cluster-admin, except for the subject `kubephase-plugin-NAME` without groups, and for \
        `names` of Services in the namespace `kubephase-plugin-NAME`; root, for paths outside of \
        the plugin's own directory",
};
pub(super) const KUBECONFIG: Rule = Rule {
    decide: identities::identities,
    when: "cluster-admin, except for the subject `kubephase-plugin-NAME` without groups; root, for \
        paths outside of the plugin's own directory",
};
pub(super) const KEY_FILES: Rule = Rule {
    decide: |request, _| identities::key_files(request),
    when: "root, for paths outside of the plugin's own directory",
};
pub(super) const SERVERS: Rule = Rule {
    decide: |request, _| servers::dangers_of_asked_servers(request),
    when: "root, except for servers that other machines reach too: a host name, `*.example.com`, \
        an address of the internet or of a private IPv4 network that is neither this machine's nor \
        a Service's",
};
pub(super) const NODE_IDENTITY: Rule = Rule {
    decide: servers::node_identity,
    when: "root, for the same servers as `http-get`; cluster-admin, except for files in a \
        directory of the plugin's own",
};

/// Makes a danger that amounts to root on the node.
fn root(why: impl Into<String>) -> Danger {
    Danger {
        risk: Risk::Root,
        why: why.into(),
    }
}

/// Makes a danger that amounts to administrator of the cluster.
fn cluster_admin(why: impl Into<String>) -> Danger {
    Danger {
        risk: Risk::ClusterAdmin,
        why: why.into(),
    }
}

#[cfg(test)]
mod tests;
