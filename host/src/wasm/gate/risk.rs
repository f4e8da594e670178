//! The risk of a grant: some grants make a plugin root on the node, or administrator of the cluster.
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
    /// a sentence without its subject: `writes files in /etc, where the system looks for programs to run`
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

pub(super) const NONE: Rule = Rule { decide: |_| None, when: "" };
pub(super) const UNIT: Rule = Rule { decide: any_unit, when: "root, always" };
pub(super) const KEY: Rule = Rule { decide: any_key, when: "root, always" };
pub(super) const MODULE: Rule = Rule { decide: any_module, when: "root, always" };
pub(super) const PROGRAM: Rule = Rule { decide: any_program, when: "root, always" };
pub(super) const READING_PROGRAM: Rule = Rule {
    decide: reading_program,
    when: "root, for programs that run others or change the machine (shells, `env`, `tar`, `find`, …), and for arguments that the plugin chooses freely (`*`, `/**`)",
};
pub(super) const CHANGED_PATHS: Rule = Rule {
    decide: changed_paths,
    when: "root, for paths in system directories (`/etc`, `/usr`, `/lib`, `/root`, `/var/spool`, …) but `/etc/cni/net.d` and `/etc/kubernetes`",
};
pub(super) const CHANGED_OBJECTS: Rule = Rule {
    decide: changed_objects,
    when: "cluster-admin, for RBAC, Secrets, nodes, webhooks, certificates, aggregated APIs, and Pods with `hostAccess: true`",
};
pub(super) const READ_OBJECTS: Rule = Rule { decide: read_objects, when: "cluster-admin, for Secrets" };
pub(super) const IDENTITIES: Rule = Rule {
    decide: identities,
    when: "cluster-admin, for names that the API server gives rights to (`system:…`, `kubeadm:…`); root, for paths in system directories",
};
pub(super) const NODE_IDENTITY: Rule =
    Rule { decide: node_identity, when: "cluster-admin, for files of `/etc/kubernetes` and `/var/lib/kubelet`" };

fn root(why: impl Into<String>) -> Option<Danger> {
    Some(Danger { risk: Risk::Root, why: why.into() })
}

fn cluster_admin(why: impl Into<String>) -> Option<Danger> {
    Some(Danger { risk: Risk::ClusterAdmin, why: why.into() })
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

/// Programs whose arguments can make them run other programs or change the machine.
const INTERPRETERS: &[&str] = &[
    "sh",
    "ash",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "csh",
    "tcsh",
    "fish",
    "busybox",
    "toybox",
    "env",
    "python*",
    "perl*",
    "ruby*",
    "node",
    "nodejs",
    "lua*",
    "php*",
    "tclsh*",
    "awk",
    "gawk",
    "mawk",
    "sed",
    "ed",
    "vi",
    "vim",
    "find",
    "xargs",
    "parallel",
    "sudo",
    "su",
    "doas",
    "runuser",
    "setpriv",
    "nsenter",
    "unshare",
    "chroot",
    "systemd-run",
    "systemctl",
    "service",
    "rc-service",
    "ssh",
    "scp",
    "rsync",
    "docker",
    "podman",
    "nerdctl",
    "ctr",
    "crictl",
    "runc",
    "crun",
    "kubectl",
    "kubeadm",
    "make",
    "git",
    "tar",
    "time",
    "timeout",
    "nice",
    "nohup",
    "setsid",
    "stdbuf",
    "strace",
    "ltrace",
    "gdb",
    "ld.so",
    "ld-linux*",
    "curl",
    "wget",
    "nc",
    "ncat",
    "socat",
    "openssl",
    "dd",
    "cp",
    "mv",
    "ln",
    "rm",
    "tee",
    "install",
    "mount",
    "umount",
    "modprobe",
    "insmod",
    "sysctl",
    "chmod",
    "chown",
    "at",
    "crontab",
];

/// Judges a grant to run programs that only read: it amounts to root if the plugin can choose what the program does.
fn reading_program(request: &Request) -> Option<Danger> {
    request.commands.iter().find_map(|command| {
        let (program, arguments) = command.split_first()?;
        let name = program.rsplit('/').next().unwrap_or(program);
        if INTERPRETERS.iter().any(|interpreter| matches(interpreter, name)) {
            return root(format!("{name} runs other programs, or changes the machine, as root"));
        }
        // Any text, any option, or any file of the machine.
        let is_free = |argument: &&String| {
            matches!(argument.as_str(), "*" | "**") || argument.starts_with("/*") || (argument.starts_with('-') && argument.contains('*'))
        };
        arguments.iter().find(is_free).and_then(|_| root(format!("{name} runs as root with arguments that the plugin chooses")))
    })
}

/// Directories in which a file can decide which programs run as root, how they are configured, or what a user may do.
const SYSTEM: &[&str] = &[
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib*",
    "/boot",
    "/dev",
    "/proc",
    "/sys",
    "/root",
    "/run",
    "/var/run",
    "/home",
    "/var/spool",
    "/var/lib/dpkg",
    "/var/lib/rpm",
    "/var/lib/systemd",
    "/var/lib/kubelet",
    "/var/lib/kubephase",
    "/var/lib/etcd",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/crio",
    "/var/lib/docker",
    "/var/lib/cni",
    "/var/lib/cloud",
    "/var/lib/dbus",
    "/var/lib/polkit-1",
    "/var/lib/sudo",
    "/var/lib/pam",
    "/var/lib/AccountsService",
    "/var/cache/kubephase",
    "/opt/cni",
    "/opt/bin",
];
/// Directories below [`SYSTEM`] in which a file only configures the cluster.
const HARMLESS: &[&str] = &["/etc/cni/net.d", "/etc/kubernetes"];

/// Judges a grant to write, make and remove files, and to set their modes.
fn changed_paths(request: &Request) -> Option<Danger> {
    request.paths.iter().find_map(|pattern| {
        if HARMLESS.iter().any(|directory| is_inside(pattern, directory)) {
            return None;
        }
        let directory = SYSTEM.iter().find(|directory| reaches(pattern, directory))?;
        root(format!("{pattern} is in {directory}, where files decide what runs as root and who may do what"))
    })
}

/// Whether a pattern only matches paths below a directory. The directory has no wildcards.
fn is_inside(pattern: &str, directory: &str) -> bool {
    pattern.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
}

/// Whether a pattern matches a directory, a path below it, or a directory above it. Directories above count, because changing
/// their mode opens or closes what is below.
fn reaches(pattern: &str, directory: &str) -> bool {
    let mut place = directory.split('/');
    for component in pattern.trim_end_matches('/').split('/') {
        if component == "**" {
            return true;
        }
        match place.next() {
            None => return true,
            Some(name) if component == name || matches(component, name) || matches(name, component) => {}
            // Two wildcards may fit the same name.
            Some(name) if component.contains('*') && name.contains('*') => {}
            Some(_) => return false,
        }
    }
    true
}

/// API groups and kinds whose objects give rights in the cluster, each with what they do. An empty kind means all kinds of
/// the group; a kind with an empty reason is harmless.
const RIGHTS: &[(&str, &str, &str)] = &[
    ("rbac.authorization.k8s.io", "", "gives rights in the cluster"),
    ("", "Secret", "reads or writes Secrets, tokens and keys among them"),
    ("", "Node", "changes nodes"),
    ("", "ServiceAccount", ""),
    ("admissionregistration.k8s.io", "", "changes or sees every object that is written"),
    ("apiregistration.k8s.io", "", "answers for a part of the API"),
    ("apiextensions.k8s.io", "CustomResourceDefinition", "changes how objects are converted"),
    ("certificates.k8s.io", "", "signs certificates"),
    ("authentication.k8s.io", "", "makes tokens"),
    ("flowcontrol.apiserver.k8s.io", "", "decides who is served"),
];
/// Kinds of objects that have Pods.
pub const WORKLOADS: &[&str] =
    &["Pod", "PodTemplate", "ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// Returns what writing an object does that gives rights; none if it gives none.
fn right_of(pattern: &ObjectPattern) -> Option<&'static str> {
    let group = pattern.api_version.split_once('/').map_or("", |(group, _)| group);
    let of = |(of, kind, _): &&(&str, &str, &str)| *of == group && (kind.is_empty() || *kind == pattern.kind);
    RIGHTS.iter().find(of).map(|(_, _, why)| *why).filter(|why| !why.is_empty())
}

/// Judges a grant to write and delete objects.
fn changed_objects(request: &Request) -> Option<Danger> {
    request.objects.iter().find_map(|pattern| {
        if let Some(why) = right_of(pattern) {
            return cluster_admin(format!("who writes {} {why}", pattern.kind));
        }
        let has_host_access = pattern.host_access && WORKLOADS.contains(&pattern.kind.as_str());
        has_host_access.then(|| cluster_admin(format!("Pods of {} may use the host and every Secret of their namespace", pattern.kind)))?
    })
}

/// Judges a grant to read objects.
fn read_objects(request: &Request) -> Option<Danger> {
    let secrets = |pattern: &&ObjectPattern| pattern.kind == "Secret";
    request.objects.iter().find(secrets).and_then(|_| cluster_admin("Secrets hold the tokens of those who administer the cluster"))
}

/// Whether a pattern could match a user or group that the API server gives rights to.
fn fits_a_right(pattern: &str) -> bool {
    let literal = pattern.split('*').next().unwrap_or(pattern);
    ["system:", "kubeadm:", "kubernetes-"].iter().any(|prefix| {
        if pattern.contains('*') { prefix.starts_with(literal) || literal.starts_with(prefix) } else { pattern.starts_with(prefix) }
    })
}

/// Judges a grant to have certificates and kubeconfigs made.
fn identities(request: &Request) -> Option<Danger> {
    let mut names = request.subjects.iter().chain(&request.groups);
    if let Some(name) = names.find(|name| fits_a_right(name)) {
        return cluster_admin(format!("the API server gives rights to the name {name}"));
    }
    let places = request.paths.iter().chain(&request.directories);
    let place = places.into_iter().find(|pattern| {
        !HARMLESS.iter().any(|directory| is_inside(pattern, directory)) && SYSTEM.iter().any(|directory| reaches(pattern, directory))
    })?;
    root(format!("{place} is where files decide what runs as root"))
}

/// Judges a grant to ask HTTP servers with certificates of the node.
fn node_identity(request: &Request) -> Option<Danger> {
    let path = request.paths.iter().find(|pattern| reaches(pattern, "/etc/kubernetes") || reaches(pattern, "/var/lib/kubelet"))?;
    cluster_admin(format!("who shows {path} to a server is known there as the node or the API server"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(pattern: &str) -> Request {
        Request { paths: vec![pattern.into()], ..Request::default() }
    }

    #[test]
    fn writing_files_of_the_system_amounts_to_root() {
        for pattern in [
            "/etc/cron.d/x",
            "/etc/**",
            "/**",
            "/*/cron.d/x",
            "/e*/cron.d/*",
            "/usr/local/bin/x",
            "/lib/systemd/system/x.service",
            "/lib64/x",
            "/root/.profile",
            "/etc/ld.so.preload",
            "/etc/profile.d/x.sh",
            "/etc",
            "/var/spool/cron/x",
            "/run/systemd/system/x",
            "/etc/cni/**",
            "/var/lib/**",
            "/opt/cni/bin/x",
            "/*",
            "/",
            "/var",
            "/var/*",
        ] {
            assert!(changed_paths(&paths(pattern)).is_some(), "{pattern}");
        }
        for pattern in [
            "/opt/evil/**",
            "/etc/cni/net.d/10-x.conf",
            "/var/lib/probe/**",
            "/var/log/x.log",
            "/srv/*",
            "/etc/kubernetes/audit/policy.yaml",
            "/tmp/x",
        ] {
            assert_eq!(changed_paths(&paths(pattern)), None, "{pattern}");
        }
    }

    #[test]
    fn a_program_amounts_to_root_if_the_plugin_chooses_what_it_does() {
        let command = |line: &[&str]| Request { commands: vec![line.iter().map(ToString::to_string).collect()], ..Request::default() };
        for line in
            [&["sh", "-c", "*"][..], &["bash", "-c", "id"], &["/usr/bin/python3", "/x.py"], &["cat", "*"], &["cat", "**"], &["tar", "x"]]
        {
            assert!(reading_program(&command(line)).is_some(), "{line:?}");
        }
        for line in [&["chronyc", "tracking"][..], &["uname", "-*"], &["cat", "/var/log/app/*"], &["kubelet", "--version"]] {
            let danger = reading_program(&command(line));
            assert!(danger.is_none() || line[1] == "-*", "{line:?}: {danger:?}");
        }
    }

    #[test]
    fn certificates_for_privileged_names_amount_to_cluster_admin() {
        let request = |subject: &str, group: &str| Request {
            directories: vec!["/etc/kubernetes/pki/own".into()],
            subjects: vec![subject.into()],
            groups: vec![group.into()],
            ..Request::default()
        };
        for (subject, group) in
            [("x", "system:masters"), ("system:kube-scheduler", "x"), ("*", "x"), ("x", "s*"), ("kubernetes-admin", "x")]
        {
            assert!(identities(&request(subject, group)).is_some(), "{subject} {group}");
        }
        assert_eq!(identities(&request("monitoring", "readers")), None);
    }
}
