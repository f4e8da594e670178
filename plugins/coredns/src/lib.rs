//! CoreDNS, the cluster's DNS, as kubeadm 1.36 installs it: ConfigMap, ClusterRole and its binding,
//! ServiceAccount, Deployment, Service. A Corefile that somebody wrote and a number of replicas
//! that somebody chose are kept.
use kubephase_sdk::{
    Effect, Failure, ObjectRef, Outcome, Phase, PhaseInfo, config, effects, effects_cluster,
    failure, observe_cluster, patched,
};
use serde_json::{Value, json};

const SYSTEM: &str = "kube-system";
const LABEL: &str = "k8s-app=kube-dns";
/// Name and `--patches` target.
const PATCH_TARGET: &str = "corednsdeployment";
const REPLICAS: u64 = 2;

pub struct CoreDns;

impl Phase for CoreDns {
    fn describe() -> PhaseInfo {
        PhaseInfo {
            name: "coredns".into(),
            summary: "Installs CoreDNS as the cluster's DNS".into(),
            annotations: Vec::new(),
        }
    }

    fn run() -> Result<Outcome, Failure> {
        let domain: String = config("/cluster/networking/dnsDomain")?;
        let image: String = config("/run/images/coredns")?;
        let address: String = config("/run/dnsServiceAddress")?;
        let replicas = replicas()?;
        let corefile = corefile(&domain);
        let keep = somebodys_own(&corefile)?;

        let configuration = apply(&config_map(&corefile))?;
        if keep {
            effects_cluster::if_exists(configuration, "retain")?;
            effects::because(
                configuration,
                "the Corefile in the cluster is somebody's own",
            )?;
        }
        for object in access() {
            apply(&object)?;
        }
        apply(&patched(PATCH_TARGET, &deployment(&image, replicas))?)?;
        let service = apply(&service(&address))?;
        effects::announce(service, "[addons] Applied essential addon: CoreDNS")?;
        Ok(Outcome::Settled)
    }
}

kubephase_sdk::export!(CoreDns);

fn apply(object: &Value) -> Result<Effect, Failure> {
    effects_cluster::apply_object(&object.to_string())
}

/// Those of the Deployment that is there, else the default.
fn replicas() -> Result<u64, Failure> {
    let found = observe_cluster::list_objects("apps/v1", "Deployment", Some(SYSTEM), Some(LABEL))?;
    match found.as_slice() {
        [] => Ok(REPLICAS),
        [deployment] => {
            let deployment: Value = serde_json::from_str(deployment).unwrap_or_default();
            Ok(deployment["spec"]["replicas"].as_u64().unwrap_or(REPLICAS))
        }
        several => {
            let message = format!(
                "multiple DNS addon deployments found: {} with the label {LABEL}",
                several.len()
            );
            Err(Failure {
                remedy: Some("delete all but the one that is to stay".into()),
                ..failure("ambiguous", message)
            })
        }
    }
}

/// Whether the cluster has a Corefile that is not ours.
fn somebodys_own(ours: &str) -> Result<bool, Failure> {
    let of = ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some(SYSTEM.into()),
        name: "coredns".into(),
    };
    let Some(text) = observe_cluster::get_object(&of)? else {
        return Ok(false);
    };
    let current: Value = serde_json::from_str(&text).unwrap_or_default();
    let there = current["data"]["Corefile"].as_str();
    let there = there.ok_or_else(|| {
        failure(
            "invalid",
            "the ConfigMap kube-system/coredns is there, but has no Corefile",
        )
    })?;
    Ok(!there.is_empty() && there != ours)
}

fn corefile(domain: &str) -> String {
    format!(
        ".:53 {{
    errors
    health {{
       lameduck 5s
    }}
    ready
    kubernetes {domain} in-addr.arpa ip6.arpa {{
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }}
    prometheus :9153
    forward . /etc/resolv.conf {{
       max_concurrent 1000
    }}
    cache 30 {{
       disable success {domain}
       disable denial {domain}
    }}
    loop
    reload
    loadbalance
}}
"
    )
}

fn config_map(corefile: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": SYSTEM},
        "data": {"Corefile": corefile},
    })
}

/// What CoreDNS may look at, and as whom.
fn access() -> [Value; 3] {
    let watching = json!(["list", "watch"]);
    [
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "system:coredns"},
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["endpoints", "services", "pods", "namespaces"],
                    "verbs": watching,
                },
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": watching,
                },
            ],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "system:coredns"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:coredns",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": SYSTEM}],
        }),
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "coredns", "namespace": SYSTEM},
        }),
    ]
}

fn deployment(image: &str, replicas: u64) -> Value {
    let labels = json!({"k8s-app": "kube-dns"});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": SYSTEM, "labels": labels},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod(image)},
        },
    })
}

fn pod(image: &str) -> Value {
    let port = |name: &str, port: u16, protocol: &str| {
        json!({
            "containerPort": port,
            "name": name,
            "protocol": protocol,
        })
    };
    let http = |path: &str, port: &str| json!({"path": path, "port": port, "scheme": "HTTP"});
    let on_nodes_of_their_own = json!({
        "weight": 100,
        "podAffinityTerm": {
            "labelSelector": {
                "matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}],
            },
            "topologyKey": "kubernetes.io/hostname",
        },
    });
    json!({
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [on_nodes_of_their_own],
            },
        },
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [{
            "name": "coredns",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "resources": {
                "limits": {"memory": "170Mi"},
                "requests": {"cpu": "100m", "memory": "70Mi"},
            },
            "args": ["-conf", "/etc/coredns/Corefile"],
            "volumeMounts": [{
                "name": "config-volume",
                "mountPath": "/etc/coredns",
                "readOnly": true,
            }],
            "ports": [
                port("dns", 53, "UDP"), port("dns-tcp", 53, "TCP"), port("metrics", 9153, "TCP"),
                port("liveness-probe", 8080, "TCP"), port("readiness-probe", 8181, "TCP"),
            ],
            "livenessProbe": {
                "httpGet": http("/health", "liveness-probe"),
                "initialDelaySeconds": 60,
                "timeoutSeconds": 5,
                "successThreshold": 1,
                "failureThreshold": 5,
            },
            "readinessProbe": {"httpGet": http("/ready", "readiness-probe")},
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
            },
        }],
        "dnsPolicy": "Default",
        "volumes": [{
            "name": "config-volume",
            "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]},
        }],
    })
}

fn service(address: &str) -> Value {
    let port = |name: &str, port: u16, protocol: &str| {
        json!({
            "name": name,
            "port": port,
            "protocol": protocol,
            "targetPort": port,
        })
    };
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": SYSTEM,
            "labels": {
                "k8s-app": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
            "annotations": {"prometheus.io/port": "9153", "prometheus.io/scrape": "true"},
            // kubeadm sends it; an API server takes "0" as no version at all.
            "resourceVersion": "0",
        },
        "spec": {
            "clusterIP": address,
            "ports": [
                port("dns", 53, "UDP"),
                port("dns-tcp", 53, "TCP"),
                port("metrics", 9153, "TCP"),
            ],
            "selector": {"k8s-app": "kube-dns"},
        },
    })
}
