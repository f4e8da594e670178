//! What gates each host function. Every function of the WIT package is here exactly once; a test holds the table
//! against the package.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// anyone may
    Free,
    /// by path patterns
    Paths,
    /// by host names
    Hosts,
    /// by program and arguments
    Commands,
    /// by verb, apiVersion, kind and namespace
    Objects,
    /// by naming the capability in the manifest
    Named,
    /// the distribution's own phases alone
    Core,
}

pub const GATES: &[(&str, &[(&str, Gate)])] = &[
    (
        "input",
        &[
            ("phase-id", Gate::Free),
            ("round", Gate::Free),
            ("config", Gate::Free),
            ("settings", Gate::Free),
            ("patched", Gate::Free),
            ("fact", Gate::Free),
        ],
    ),
    ("report", &[("message", Gate::Free), ("submit", Gate::Free), ("set-fact", Gate::Free), ("progress", Gate::Free)]),
    ("observe-node", &[("node-fact", Gate::Free), ("sysctl", Gate::Free), ("kernel-option", Gate::Free), ("service", Gate::Free)]),
    ("observe-files", &[("stat", Gate::Paths), ("read-file", Gate::Paths), ("list-dir", Gate::Paths)]),
    (
        "observe-net",
        &[
            ("port-free", Gate::Free),
            ("resolve", Gate::Hosts),
            ("proxy-for", Gate::Free),
            ("http-get", Gate::Hosts),
            ("http-get-as", Gate::Hosts),
        ],
    ),
    ("observe-runtime", &[("runtime-status", Gate::Named), ("runtime-config", Gate::Named), ("image-present", Gate::Named)]),
    ("observe-pki", &[("certificate", Gate::Named), ("private-key", Gate::Named), ("kubeconfig", Gate::Named)]),
    ("observe-cluster", &[("get-object", Gate::Objects), ("list-objects", Gate::Objects)]),
    ("observe-command", &[("run-command", Gate::Commands)]),
    ("observe-core", &[("etcd-members", Gate::Core)]),
    ("effects", &[("because", Gate::Free), ("requires", Gate::Free), ("announce", Gate::Free)]),
    (
        "effects-files",
        &[
            ("write-file", Gate::Paths),
            ("make-dir", Gate::Paths),
            ("remove-file", Gate::Paths),
            ("set-mode", Gate::Paths),
            ("file-mode", Gate::Free),
            ("file-owner", Gate::Free),
        ],
    ),
    (
        "effects-pki",
        &[
            ("ensure-certificate", Gate::Named),
            ("ensure-key-pair", Gate::Named),
            ("ensure-kubeconfig", Gate::Named),
            ("ensure-rotated-kubeconfig", Gate::Named),
        ],
    ),
    (
        "effects-cluster",
        &[("apply-object", Gate::Objects), ("patch-object", Gate::Objects), ("delete-object", Gate::Objects), ("if-exists", Gate::Free)],
    ),
    ("effects-node", &[("ensure-service", Gate::Named), ("set-sysctl", Gate::Named), ("load-module", Gate::Named)]),
    ("effects-images", &[("pull-image", Gate::Named)]),
    ("effects-command", &[("execute", Gate::Commands)]),
    (
        "effects-core",
        &[
            ("static-pod", Gate::Core),
            ("ensure-bootstrap-token", Gate::Core),
            ("share-keys", Gate::Core),
            ("fetch-keys", Gate::Core),
            ("bootstrap-kubeconfig", Gate::Core),
            ("kubeconfig-server", Gate::Core),
            ("etcd-member", Gate::Core),
            ("control-plane-users", Gate::Core),
            ("give-tree", Gate::Core),
            ("clear", Gate::Core),
            ("attempt", Gate::Core),
            ("regardless", Gate::Core),
            ("wait-until", Gate::Core),
        ],
    ),
];

/// The gate of `interface.function`; none for a function that the host does not have.
pub fn of(capability: &str) -> Option<Gate> {
    let (interface, function) = capability.split_once('.')?;
    let (_, functions) = GATES.iter().find(|(name, _)| *name == interface)?;
    functions.iter().find(|(name, _)| *name == function).map(|(_, gate)| *gate)
}

/// Every capability there is.
pub fn all() -> impl Iterator<Item = String> {
    GATES.iter().flat_map(|(interface, functions)| functions.iter().map(move |(function, _)| format!("{interface}.{function}")))
}

/// What was probably meant, as the end of a message.
pub fn nearest(capability: &str) -> String {
    let nearest = all().min_by_key(|known| strsim::damerau_levenshtein(known, capability));
    nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Functions of the package, as the WIT parser has them.
    fn functions() -> BTreeSet<String> {
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
        let mut found = BTreeSet::new();
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve.push_dir(wit).unwrap();
        for (name, id) in &resolve.packages[package].interfaces {
            if name != "phase" {
                found.extend(resolve.interfaces[*id].functions.keys().map(|function| format!("{name}.{function}")));
            }
        }
        found
    }

    #[test]
    fn every_host_function_is_gated_once() {
        let listed: Vec<String> = all().collect();
        let set: BTreeSet<String> = listed.iter().cloned().collect();
        assert_eq!(listed.len(), set.len(), "a function stands twice");
        assert_eq!(set, functions());
        assert_eq!(of("effects-core.static-pod"), Some(Gate::Core));
        assert_eq!(of("effects-core.nothing"), None);
    }
}
