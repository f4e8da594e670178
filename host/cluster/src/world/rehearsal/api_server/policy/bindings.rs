//! The default bindings of cluster roles.

/// Name, role, and the kind and name of each subject.
type Binding = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Bindings of the default roles.
pub(super) const BINDINGS: &[Binding] = &[
    (
        "cluster-admin",
        "cluster-admin",
        &[("Group", "system:masters")],
    ),
    (
        "system:basic-user",
        "system:basic-user",
        &[("Group", "system:authenticated")],
    ),
    (
        "system:discovery",
        "system:discovery",
        &[("Group", "system:authenticated")],
    ),
    (
        "system:public-info-viewer",
        "system:public-info-viewer",
        &[
            ("Group", "system:authenticated"),
            ("Group", "system:unauthenticated"),
        ],
    ),
    (
        "system:kube-scheduler",
        "system:kube-scheduler",
        &[("User", "system:kube-scheduler")],
    ),
    (
        "system:kube-controller-manager",
        "system:kube-controller-manager",
        &[("User", "system:kube-controller-manager")],
    ),
    (
        "system:node-proxier",
        "system:node-proxier",
        &[("User", "system:kube-proxy")],
    ),
];
