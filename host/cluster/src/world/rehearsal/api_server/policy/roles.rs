//! The default cluster roles.

/// Verbs, groups and resources.
pub(super) type RoleRule = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const ALL: &[&str] = &["*"];
const READ: &[&str] = &["get", "list", "watch"];
const CSR: &str = "certificates.k8s.io";
/// Paths that every authenticated user may get.
pub(super) const READ_PATHS: &[&str] = &[
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
];
/// Paths that every client may get.
pub(super) const PUBLIC_PATHS: &[&str] =
    &["/healthz", "/livez", "/readyz", "/version", "/version/"];

/// Roles by name, with their rules for resources.
pub(super) const ROLES: &[(&str, &[RoleRule])] = &[
    ("cluster-admin", &[(ALL, ALL, ALL)]),
    (
        "system:basic-user",
        &[
            (
                &["create"],
                &["authorization.k8s.io"],
                &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            ),
            (
                &["create"],
                &["authentication.k8s.io"],
                &["selfsubjectreviews"],
            ),
        ],
    ),
    (
        "system:node-bootstrapper",
        &[(
            &["create", "get", "list", "watch"],
            &[CSR],
            &["certificatesigningrequests"],
        )],
    ),
    (
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        &[(
            &["create"],
            &[CSR],
            &["certificatesigningrequests/nodeclient"],
        )],
    ),
    (
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        &[(
            &["create"],
            &[CSR],
            &["certificatesigningrequests/selfnodeclient"],
        )],
    ),
    (
        "system:kubelet-api-admin",
        &[
            (READ, &[""], &["nodes"]),
            (&["proxy"], &[""], &["nodes"]),
            (
                ALL,
                &[""],
                &[
                    "nodes/log",
                    "nodes/metrics",
                    "nodes/proxy",
                    "nodes/stats",
                    "nodes/pods",
                    "nodes/healthz",
                    "nodes/configz",
                ],
            ),
        ],
    ),
    (
        "system:node-proxier",
        &[
            (&["list", "watch"], &[""], &["services", "endpoints"]),
            (READ, &[""], &["nodes"]),
            (
                &["create", "patch", "update"],
                &["", "events.k8s.io"],
                &["events"],
            ),
            (
                &["list", "watch"],
                &["discovery.k8s.io"],
                &["endpointslices"],
            ),
        ],
    ),
    (
        "system:kube-scheduler",
        &[
            (
                READ,
                &[""],
                &[
                    "nodes",
                    "namespaces",
                    "pods",
                    "services",
                    "replicationcontrollers",
                    "persistentvolumes",
                    "persistentvolumeclaims",
                ],
            ),
            (&["create"], &[""], &["bindings", "pods/binding"]),
            (&["patch", "update"], &[""], &["pods/status"]),
            (&["delete"], &[""], &["pods"]),
            (READ, &["apps"], &["replicasets", "statefulsets"]),
            (READ, &["policy"], &["poddisruptionbudgets"]),
            (
                READ,
                &["storage.k8s.io"],
                &["csinodes", "csidrivers", "storageclasses"],
            ),
            (
                &["create", "get", "list", "watch", "update"],
                &["coordination.k8s.io"],
                &["leases"],
            ),
            (
                &["create", "patch", "update"],
                &["", "events.k8s.io"],
                &["events"],
            ),
        ],
    ),
    (
        "system:kube-controller-manager",
        &[
            (&["list", "watch"], ALL, ALL),
            (
                &["create", "get", "update"],
                &["coordination.k8s.io"],
                &["leases"],
            ),
            (
                &["create", "patch", "update"],
                &["", "events.k8s.io"],
                &["events"],
            ),
            (&["create"], &[""], &["secrets", "serviceaccounts"]),
            (
                &["get", "update"],
                &[""],
                &["configmaps", "namespaces", "secrets", "serviceaccounts"],
            ),
            (&["delete"], &[""], &["secrets"]),
        ],
    ),
    (
        "view",
        &[
            (
                READ,
                &[""],
                &[
                    "configmaps",
                    "endpoints",
                    "events",
                    "persistentvolumeclaims",
                    "pods",
                    "replicationcontrollers",
                    "serviceaccounts",
                    "services",
                    "namespaces",
                ],
            ),
            (
                READ,
                &["apps"],
                &["daemonsets", "deployments", "replicasets", "statefulsets"],
            ),
            (READ, &["batch"], &["cronjobs", "jobs"]),
            (
                READ,
                &["networking.k8s.io"],
                &["ingresses", "networkpolicies"],
            ),
            (READ, &["policy"], &["poddisruptionbudgets"]),
        ],
    ),
];
