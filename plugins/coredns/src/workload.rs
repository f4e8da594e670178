//! The Deployment and the Service.
use crate::NAMESPACE;
use serde_json::{Value, json};

/// Returns the Deployment. `named` says whether its probes name a port of the container; otherwise
/// they have its number.
pub fn deployment(image: &str, replicas: u64, named: bool) -> Value {
    let labels = json!({"k8s-app": "kube-dns"});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod(image, named)},
        },
    })
}

fn pod(image: &str, named: bool) -> Value {
    json!({
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "affinity": affinity(),
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [container(image, named)],
        "dnsPolicy": "Default",
        "volumes": [{
            "name": "config-volume",
            "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]},
        }],
    })
}

/// Prefers nodes without another replica.
fn affinity() -> Value {
    let term = json!({
        "weight": 100,
        "podAffinityTerm": {
            "labelSelector": {
                "matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}],
            },
            "topologyKey": "kubernetes.io/hostname",
        },
    });
    json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}})
}

/// Returns the resources of the container, which every release of kubeadm has.
pub fn resources() -> Value {
    json!({
        "limits": {"memory": "170Mi"},
        "requests": {"cpu": "100m", "memory": "70Mi"},
    })
}

fn container(image: &str, named: bool) -> Value {
    let mut ports = vec![
        container_port("dns", 53, "UDP"),
        container_port("dns-tcp", 53, "TCP"),
        container_port("metrics", 9153, "TCP"),
    ];
    let (mut liveness, mut readiness) = (json!(8080), json!(8181));
    if named {
        ports.push(container_port("liveness-probe", 8080, "TCP"));
        ports.push(container_port("readiness-probe", 8181, "TCP"));
        (liveness, readiness) = (json!("liveness-probe"), json!("readiness-probe"));
    }
    json!({
        "name": "coredns",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": resources(),
        "args": ["-conf", "/etc/coredns/Corefile"],
        "volumeMounts": [{
            "name": "config-volume",
            "mountPath": "/etc/coredns",
            "readOnly": true,
        }],
        "ports": ports,
        "livenessProbe": {
            "httpGet": http_get("/health", &liveness),
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "successThreshold": 1,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": http_get("/ready", &readiness)},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
    })
}

fn container_port(name: &str, port: u16, protocol: &str) -> Value {
    json!({"containerPort": port, "name": name, "protocol": protocol})
}

fn http_get(path: &str, port: &Value) -> Value {
    json!({"path": path, "port": port, "scheme": "HTTP"})
}

fn service_port(name: &str, port: u16, protocol: &str) -> Value {
    json!({"name": name, "port": port, "protocol": protocol, "targetPort": port})
}

/// Returns the Service of the cluster's DNS, at this address.
pub fn service(address: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": NAMESPACE,
            "labels": {
                "k8s-app": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
            "annotations": {"prometheus.io/port": "9153", "prometheus.io/scrape": "true"},
            // kubeadm sends this field; an API server treats "0" as if it were missing.
            "resourceVersion": "0",
        },
        "spec": {
            "clusterIP": address,
            "ports": [
                service_port("dns", 53, "UDP"),
                service_port("dns-tcp", 53, "TCP"),
                service_port("metrics", 9153, "TCP"),
            ],
            "selector": {"k8s-app": "kube-dns"},
        },
    })
}
