//! The risk of a grant: some grants make a plugin root on the node, or administrator of the
//! cluster.
mod identities;
mod objects;
mod paths;
mod programs;
mod servers;

pub use objects::WORKLOADS;

use crate::wasm::manifest::Request;
use std::fmt;

/// A kind of power that a grant may give. The operator has to allow each by a flag of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// root on the node
    Root,
    /// administrator of the cluster
    ClusterAdmin,
}

impl Risk {
    pub const ALL: [Risk; 2] = [Risk::Root, Risk::ClusterAdmin];

    /// The command-line flag by which the operator allows it.
    pub fn flag(self) -> &'static str {
        match self {
            Risk::Root => "--allow-root",
            Risk::ClusterAdmin => "--allow-cluster-admin",
        }
    }

    /// What a plugin with such a grant can become, in words for messages.
    pub fn words(self) -> &'static str {
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
        write!(f, "This amounts to {}: {}.", self.risk.words(), self.why)
    }
}

/// How the risk of a grant is decided.
#[derive(Debug)]
pub struct Rule {
    /// returns everything that a request amounts to, by its own patterns; empty for nothing
    pub decide: fn(&Request) -> Vec<Danger>,
    /// when that is so, for documentation; empty for never
    pub when: &'static str,
}

pub(super) const NONE: Rule = Rule {
    decide: |_| Vec::new(),
    when: "",
};
pub(super) const UNIT: Rule = Rule {
    decide: programs::any_unit,
    when: "root, always",
};
pub(super) const KEY: Rule = Rule {
    decide: programs::any_key,
    when: "root, always",
};
pub(super) const MODULE: Rule = Rule {
    decide: programs::any_module,
    when: "root, always",
};
pub(super) const PROGRAM: Rule = Rule {
    decide: programs::any_program,
    when: "root, always",
};
pub(super) const READING_PROGRAM: Rule = Rule {
    decide: programs::reading_program,
    when: "root, but for a few command lines that are known to read only (`chronyc tracking`, \
        `kubelet --version`, `uname -r`, …)",
};
pub(super) const CHANGED_PATHS: Rule = Rule {
    decide: paths::changed_paths,
    when: "root, but for directories of one program's own (`/opt/NAME`, `/srv/NAME`, \
        `/var/lib/NAME`, `/var/log/NAME`), `/etc/cni/net.d` and `/etc/kubernetes/audit`",
};
pub(super) const CHANGED_OBJECTS: Rule = Rule {
    decide: objects::changed_objects,
    when: "cluster-admin, for all kinds but ordinary ones (ConfigMap, Service, Deployment, …), for \
        names of the cluster's own objects, and for Pods with `hostAccess: true`",
};
pub(super) const READ_OBJECTS: Rule = Rule {
    decide: objects::read_objects,
    when: "cluster-admin, for Secrets",
};
pub(super) const CERTIFICATE: Rule = Rule {
    decide: identities::identities,
    when: "cluster-admin, but for subjects and groups that are one plain word (without `*`, `:`, \
        `kube…` and `…admin…`) and for `names` of Services in a namespace of their own \
        (`metrics.NAMESPACE.svc`); root, for paths outside of directories of one program's own",
};
pub(super) const KUBECONFIG: Rule = Rule {
    decide: identities::identities,
    when: "cluster-admin, but for subjects and groups that are one plain word (without `*`, `:`, \
        `kube…` and `…admin…`); root, for paths outside of directories of one program's own",
};
pub(super) const KEY_FILES: Rule = Rule {
    decide: identities::key_files,
    when: "root, for paths outside of directories of one program's own",
};
pub(super) const SERVERS: Rule = Rule {
    decide: servers::asked_servers,
    when: "root, for any host (`*`) and for metadata servers of clouds",
};
pub(super) const NODE_IDENTITY: Rule = Rule {
    decide: servers::node_identity,
    when: "cluster-admin, for files of `/etc/kubernetes` and `/var/lib/kubelet`",
};

fn root(why: impl Into<String>) -> Danger {
    Danger {
        risk: Risk::Root,
        why: why.into(),
    }
}

fn cluster_admin(why: impl Into<String>) -> Danger {
    Danger {
        risk: Risk::ClusterAdmin,
        why: why.into(),
    }
}

#[cfg(test)]
mod tests;
