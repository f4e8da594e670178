//! The roles and bindings that an API server comes with, as far as anything here leans on them.
use super::store::{Store, rbac};
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Verbs, groups and resources.
type Rule = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const ALL: &[&str] = &["*"];
const READ: &[&str] = &["get", "list", "watch"];
const CSR: &str = "certificates.k8s.io";
const PATHS: &[&str] = &[
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

const ROLES: &[(&str, &[Rule])] = &[
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

/// Name, role, and the kind and name of each subject.
type Binding = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const BINDINGS: &[Binding] = &[
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

/// Creates all of them, where they are not there.
pub fn install(store: &mut Store) {
    let labels = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    let role = |name: &str, rules: Vec<Value>| {
        json!({
            "apiVersion": format!("{GROUP}/v1"),
            "kind": "ClusterRole",
            "metadata": {"name": name, "labels": labels},
            "rules": rules,
        })
    };
    let mut roles: Vec<Value> = ROLES
        .iter()
        .map(|(name, rules)| {
            role(
                name,
                rules
                    .iter()
                    .map(|(verbs, groups, resources)| {
                        json!({
                            "verbs": verbs,
                            "apiGroups": groups,
                            "resources": resources,
                        })
                    })
                    .collect(),
            )
        })
        .collect();
    roles[0]["rules"]
        .as_array_mut()
        .into_iter()
        .for_each(|rules| rules.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]})));
    roles.push(role(
        "system:discovery",
        vec![json!({"verbs": ["get"], "nonResourceURLs": PATHS})],
    ));
    roles.push(role(
        "system:public-info-viewer",
        vec![json!({
            "verbs": ["get"],
            "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"],
        })],
    ));
    for role in roles {
        // One that a snapshot brought back is there already.
        let _ = store.create(rbac("clusterroles"), role);
    }
    for (name, role, subjects) in BINDINGS {
        let subjects: Vec<Value> = subjects
            .iter()
            .map(|(kind, name)| json!({"kind": kind, "name": name, "apiGroup": GROUP}))
            .collect();
        let _ = store.create(
            rbac("clusterrolebindings"),
            json!({
                "apiVersion": format!("{GROUP}/v1"),
                "kind": "ClusterRoleBinding",
                "metadata": {"name": name, "labels": labels},
                "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
                "subjects": subjects,
            }),
        );
    }
}
