//! The risk of a grant: some grants make a plugin root on the node, or administrator of the
//! cluster.
use super::pattern::matches;
use crate::wasm::manifest::{ObjectPattern, Request};
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
    /// what a request amounts to, by its own patterns
    pub decide: fn(&Request) -> Option<Danger>,
    /// when that is so, for documentation; empty for never
    pub when: &'static str,
}

pub(super) const NONE: Rule = Rule {
    decide: |_| None,
    when: "",
};
pub(super) const UNIT: Rule = Rule {
    decide: any_unit,
    when: "root, always",
};
pub(super) const KEY: Rule = Rule {
    decide: any_key,
    when: "root, always",
};
pub(super) const MODULE: Rule = Rule {
    decide: any_module,
    when: "root, always",
};
pub(super) const PROGRAM: Rule = Rule {
    decide: any_program,
    when: "root, always",
};
pub(super) const READING_PROGRAM: Rule = Rule {
    decide: reading_program,
    when: "root, but for a few command lines that are known to read only (`chronyc tracking`, \
        `kubelet --version`, `uname -r`, …)",
};
pub(super) const CHANGED_PATHS: Rule = Rule {
    decide: changed_paths,
    when: "root, but for directories of one program's own (`/opt/NAME`, `/srv/NAME`, \
        `/var/lib/NAME`, `/var/log/NAME`), `/etc/cni/net.d` and `/etc/kubernetes/audit`",
};
pub(super) const CHANGED_OBJECTS: Rule = Rule {
    decide: changed_objects,
    when: "cluster-admin, for all kinds but ordinary ones (ConfigMap, Service, Deployment, …), for \
        names of the cluster's own objects, and for Pods with `hostAccess: true`",
};
pub(super) const READ_OBJECTS: Rule = Rule {
    decide: read_objects,
    when: "cluster-admin, for Secrets",
};
pub(super) const IDENTITIES: Rule = Rule {
    decide: identities,
    when: "cluster-admin, for names that the API server gives rights to (`system:…`, `kubeadm:…`); \
        root, for paths outside of directories of one program's own",
};
pub(super) const SERVERS: Rule = Rule {
    decide: asked_servers,
    when: "root, for any host (`*`) and for metadata servers of clouds",
};
pub(super) const NODE_IDENTITY: Rule = Rule {
    decide: node_identity,
    when: "cluster-admin, for files of `/etc/kubernetes` and `/var/lib/kubelet`",
};

fn root(why: impl Into<String>) -> Option<Danger> {
    Some(Danger {
        risk: Risk::Root,
        why: why.into(),
    })
}

fn cluster_admin(why: impl Into<String>) -> Option<Danger> {
    Some(Danger {
        risk: Risk::ClusterAdmin,
        why: why.into(),
    })
}

/// Judges a grant to start or stop units: any grant amounts to root.
fn any_unit(_: &Request) -> Option<Danger> {
    root("a unit that is started runs as root")
}

/// Judges a grant to set kernel parameters: any grant amounts to root.
fn any_key(_: &Request) -> Option<Danger> {
    root("kernel parameters decide which programs the kernel runs, and what it protects")
}

/// Judges a grant to load kernel modules: any grant amounts to root.
fn any_module(_: &Request) -> Option<Danger> {
    root("a module is part of the kernel")
}

/// Judges a grant to run programs: any grant amounts to root.
fn any_program(_: &Request) -> Option<Danger> {
    root("the program runs as root")
}

/// In a command line of [`READING`]: any one name that the grant fixes.
const NAME: &str = "NAME";

/// Command lines that only read, whatever else is on the machine: a program by its bare name, and
/// all of its arguments. An empty list stands for any arguments that the grant fixes.
const READING: &[(&str, &[&[&str]])] = &[
    ("aa-enabled", &[&[]]),
    ("arch", &[]),
    (
        "chronyc",
        &[
            &["tracking"],
            &["-n", "tracking"],
            &["sources"],
            &["-n", "sources"],
            &["activity"],
        ],
    ),
    ("date", &[&[], &["-u"]]),
    ("df", &[]),
    ("dpkg", &[&["-s", NAME]]),
    ("echo", &[]),
    ("ethtool", &[&[NAME], &["-i", NAME]]),
    ("findmnt", &[&[], &[NAME]]),
    ("free", &[]),
    ("getconf", &[]),
    ("getenforce", &[]),
    ("hostname", &[&[], &["-f"], &["-s"], &["-i"], &["-I"]]),
    (
        "ip",
        &[
            &["addr"],
            &["link"],
            &["route"],
            &["rule"],
            &["-j", "addr"],
            &["-j", "link"],
            &["-j", "route"],
            &["-j", "rule"],
        ],
    ),
    ("lsblk", &[]),
    ("lscpu", &[]),
    ("lsmod", &[]),
    ("lspci", &[&[], &["-n"], &["-nn"], &["-k"]]),
    ("modinfo", &[&[NAME]]),
    ("mount", &[&[]]),
    ("nproc", &[]),
    ("ntpq", &[&["-p"], &["-pn"]]),
    ("nvidia-smi", &[&[], &["-L"]]),
    ("rpm", &[&["-q", NAME]]),
    ("sestatus", &[&[]]),
    ("ss", &[&["-ltn"], &["-lntp"], &["-lun"], &["-s"]]),
    ("swapon", &[&["--show"], &["-s"]]),
    (
        "systemctl",
        &[
            &["is-active", NAME],
            &["is-enabled", NAME],
            &["is-failed", NAME],
            &["is-system-running"],
        ],
    ),
    (
        "timedatectl",
        &[
            &["show"],
            &["show", "-p", NAME],
            &["show", "-p", NAME, "--value"],
            &["status"],
            &["timesync-status"],
        ],
    ),
    ("uname", &[]),
    ("uptime", &[]),
];

/// Whether a command line is one of those that are known to read only. Any program by its bare name
/// may tell its version: no plugin puts a program where those are found.
fn is_reading(program: &str, arguments: &[&str]) -> bool {
    let is_plain = |text: &str| {
        !text.starts_with('-')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._@:-".contains(&byte))
    };
    let fits = |line: &&[&str]| {
        let of = |(expected, argument): (&&str, &&str)| {
            expected == argument
                || (*expected == NAME && !argument.is_empty() && is_plain(argument))
        };
        line.len() == arguments.len() && line.iter().zip(arguments).all(of)
    };
    let known = READING.iter().find(|(known, _)| *known == program);
    known.is_some_and(|(_, lines)| lines.is_empty() || lines.iter().any(fits))
        || (is_plain(program) && arguments == ["--version"])
}

/// Judges a grant to run programs that only read: it amounts to root unless the command line is one
/// of those that are known to read. A program at a path may be one that a plugin wrote, and nobody
/// can list the programs that run others.
fn reading_program(request: &Request) -> Option<Danger> {
    request.commands.iter().find_map(|command| {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let (&program, arguments) = command.split_first()?;
        let is_fixed = arguments.iter().all(|argument| !argument.contains('*'));
        if is_fixed && is_reading(program, arguments) {
            return None;
        }
        root(format!(
            "{program} runs as root, and is not one of the command lines that are known \
            to read only"
        ))
    })
}

/// Directories in which every program and service has a directory of its own: a file in one of
/// those, named by the grant, is that program's alone.
const SHARED: &[&str] = &["/opt", "/srv", "/var/log", "/var/lib", "/tmp", "/var/tmp"];
/// Directories in these that are read by root's programs, by the system or by the container
/// runtime.
const RESERVED: &[&str] = &[
    "/opt/bin",
    "/opt/cni",
    "/opt/containerd",
    "/opt/puppetlabs",
    "/var/lib/AccountsService",
    "/var/lib/alternatives",
    "/var/lib/amazon",
    "/var/lib/apt",
    "/var/lib/cloud",
    "/var/lib/cni",
    "/var/lib/confexts",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/crio",
    "/var/lib/dbus",
    "/var/lib/dkms",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/etcd",
    "/var/lib/extensions",
    "/var/lib/initramfs-tools",
    "/var/lib/kubelet",
    "/var/lib/kubephase",
    "/var/lib/machines",
    "/var/lib/misc",
    "/var/lib/pam",
    "/var/lib/polkit-1",
    "/var/lib/portables",
    "/var/lib/rpm",
    "/var/lib/snapd",
    "/var/lib/sudo",
    "/var/lib/systemd",
    "/var/lib/waagent",
];
/// Further directories in which a file is configuration of the cluster alone, at any depth.
const CLUSTER: &[&str] = &["/etc/cni/net.d", "/etc/kubernetes/audit"];

/// Returns whether everything that a path pattern fits belongs to one program of the machine, or to
/// the cluster.
fn is_apart(pattern: &str) -> bool {
    let below = |directory: &str| {
        pattern
            .strip_prefix(directory)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|rest| !rest.is_empty())
    };
    if CLUSTER.iter().any(|directory| below(directory).is_some()) {
        return true;
    }
    SHARED.iter().any(|shared| {
        let own = below(shared)
            .and_then(|rest| rest.split('/').next())
            .filter(|name| !name.contains('*'));
        own.is_some_and(|name| !RESERVED.contains(&format!("{shared}/{name}").as_str()))
    })
}

/// Judges a grant to write, make and remove files, and to set their modes: it amounts to root
/// unless the files belong to one program, or to the cluster.
fn changed_paths(request: &Request) -> Option<Danger> {
    let pattern = request.paths.iter().find(|pattern| !is_apart(pattern))?;
    root(format!(
        "{pattern} is not a directory of one program's own: files there may decide what runs as \
         root and who may do what"
    ))
}

/// Whether a pattern matches a directory, a path below it, or a directory above it.
fn reaches(pattern: &str, directory: &str) -> bool {
    let mut place = directory.split('/');
    for component in pattern.trim_end_matches('/').split('/') {
        if component == "**" {
            return true;
        }
        match place.next() {
            None => return true,
            Some(name) if component == name || matches(component, name) => {}
            Some(_) => return false,
        }
    }
    true
}

/// API groups and kinds whose objects give no rights by themselves, where they are not those of the
/// cluster's own. Pods, and what makes Pods, are judged by what is in them.
const ORDINARY: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "ConfigMap",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Service",
            "ServiceAccount",
        ],
    ),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("coordination.k8s.io", &["Lease"]),
    ("networking.k8s.io", &["Ingress", "NetworkPolicy"]),
    ("policy", &["PodDisruptionBudget"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
];
/// Kinds of objects that have Pods.
pub const WORKLOADS: &[&str] = &[
    "Pod",
    "PodTemplate",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
];
/// Names of the objects that the cluster's own addons and its API server have.
const OWN_NAMES: &[&str] = &["coredns", "kube-dns", "kube-proxy", "kubernetes"];

/// Returns what writing an object could do beyond its own Pods; none if it gives no rights.
fn right_of(pattern: &ObjectPattern) -> Option<String> {
    let group = pattern
        .api_version
        .split_once('/')
        .map_or("", |(group, _)| group);
    let kind = pattern.kind.as_str();
    let is_ordinary = WORKLOADS.contains(&kind)
        || ORDINARY
            .iter()
            .any(|(of, kinds)| *of == group && kinds.contains(&kind));
    if !is_ordinary {
        return Some(format!(
            "objects of the kind {kind} may give rights, or decide about others' objects"
        ));
    }
    let is_own = |name: &String| name.contains('*') || OWN_NAMES.contains(&name.as_str());
    let has_controllers = pattern
        .namespace
        .as_deref()
        .is_none_or(|namespace| namespace.starts_with("kube-") || namespace.contains('*'));
    let is_shared =
        has_controllers || (kind == "Service" && pattern.namespace.as_deref() == Some("default"));
    if is_shared
        && kind != "PriorityClass"
        && (pattern.names.is_empty() || pattern.names.iter().any(is_own))
    {
        return Some(format!(
            "every {kind} of that name may be one of the cluster's own"
        ));
    }
    (kind == "ServiceAccount" && has_controllers)
        .then(|| "controllers of the cluster have their accounts there".to_owned())
}

/// Judges a grant to write and delete objects.
fn changed_objects(request: &Request) -> Option<Danger> {
    request.objects.iter().find_map(|pattern| {
        if let Some(why) = right_of(pattern) {
            return cluster_admin(why);
        }
        let has_host_access = pattern.host_access && WORKLOADS.contains(&pattern.kind.as_str());
        has_host_access.then(|| {
            cluster_admin(format!(
                "Pods of {} may use the host and every Secret of their namespace",
                pattern.kind
            ))
        })?
    })
}

/// Judges a grant to ask HTTP servers: a server that answers only this machine may give away what
/// the machine may do.
fn asked_servers(request: &Request) -> Option<Danger> {
    let is_of_machine = |host: &&String| {
        matches!(host.split(':').next(), Some("*" | "**"))
            || ["169.254.", "[fe80:", "[fd00:ec2:", "metadata."]
                .iter()
                .any(|start| host.starts_with(start))
    };
    let host = request.hosts.iter().find(is_of_machine)?;
    root(format!(
        "{host} may be the cloud's metadata server, which gives the machine's own credentials to \
         programs on it"
    ))
}

/// Judges a grant to read objects.
fn read_objects(request: &Request) -> Option<Danger> {
    let secrets = |pattern: &&ObjectPattern| pattern.kind == "Secret";
    request
        .objects
        .iter()
        .find(secrets)
        .and_then(|_| cluster_admin("Secrets hold the tokens of those who administer the cluster"))
}

/// Whether a pattern could match a user or group that the API server gives rights to.
fn fits_a_right(pattern: &str) -> bool {
    let literal = pattern.split('*').next().unwrap_or(pattern);
    ["system:", "kubeadm:", "kubernetes-"].iter().any(|prefix| {
        if pattern.contains('*') {
            prefix.starts_with(literal) || literal.starts_with(prefix)
        } else {
            pattern.starts_with(prefix)
        }
    })
}

/// Judges a grant to have certificates and kubeconfigs made.
fn identities(request: &Request) -> Option<Danger> {
    let mut names = request.subjects.iter().chain(&request.groups);
    if let Some(name) = names.find(|name| fits_a_right(name)) {
        return cluster_admin(format!("the API server gives rights to the name {name}"));
    }
    let mut places = request.paths.iter().chain(&request.directories);
    let place =
        places.find(|pattern| !is_apart(pattern) && !pattern.starts_with("/etc/kubernetes/"))?;
    root(format!("files in {place} may decide what runs as root"))
}

/// Judges a grant to ask HTTP servers with certificates of the node.
fn node_identity(request: &Request) -> Option<Danger> {
    let path = request.paths.iter().find(|pattern| {
        reaches(pattern, "/etc/kubernetes") || reaches(pattern, "/var/lib/kubelet")
    })?;
    cluster_admin(format!(
        "who shows {path} to a server is known there as the node or the API server"
    ))
}

#[cfg(test)]
mod tests;
