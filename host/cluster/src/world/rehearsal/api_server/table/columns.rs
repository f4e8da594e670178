//! The columns of each kind.
use crate::world::api::resources::Resource;
use jiff::Timestamp;
use serde_json::Value;

/// Returns the cell of an object.
type Cell = fn(&Value) -> Value;

/// Returns the columns of a resource between name and age.
pub(super) fn columns_of(resource: &Resource) -> &'static [(&'static str, Cell)] {
    match (resource.group, resource.plural) {
        ("", "pods") => &[
            ("Ready", pod_ready),
            ("Status", |pod| text(pod, "/status/phase")),
            ("Restarts", |_| "0".into()),
        ],
        ("", "nodes") => &[
            ("Status", node_status),
            ("Roles", roles),
            ("Version", |node| {
                text(node, "/status/nodeInfo/kubeletVersion")
            }),
        ],
        ("", "services") => &[
            ("Type", |service| text(service, "/spec/type")),
            ("Cluster-IP", |service| text(service, "/spec/clusterIP")),
            ("External-IP", |_| "<none>".into()),
            ("Port(s)", ports),
        ],
        ("", "configmaps") => &[("Data", entries)],
        ("", "secrets") => &[("Type", |secret| text(secret, "/type")), ("Data", entries)],
        ("", "namespaces") => &[("Status", |namespace| text(namespace, "/status/phase"))],
        ("apps", "deployments") => &[
            ("Ready", ready),
            ("Up-to-date", |object| {
                count(object, "/status/updatedReplicas")
            }),
            ("Available", |object| {
                count(object, "/status/availableReplicas")
            }),
        ],
        ("apps", "daemonsets") => &[
            ("Desired", |object| {
                count(object, "/status/desiredNumberScheduled")
            }),
            ("Current", |object| {
                count(object, "/status/currentNumberScheduled")
            }),
            ("Ready", |object| count(object, "/status/numberReady")),
        ],
        _ => &[],
    }
}

fn text(object: &Value, pointer: &str) -> Value {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .unwrap_or("<none>")
        .into()
}

fn count(object: &Value, pointer: &str) -> Value {
    object
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or(0)
        .into()
}

fn entries(object: &Value) -> Value {
    object["data"]
        .as_object()
        .map_or(0, serde_json::Map::len)
        .into()
}

fn ready(object: &Value) -> Value {
    let ready = count(object, "/status/readyReplicas");
    format!(
        "{ready}/{}",
        object
            .pointer("/spec/replicas")
            .and_then(Value::as_u64)
            .unwrap_or(1)
    )
    .into()
}

fn node_status(object: &Value) -> Value {
    let conditions = object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    let ready = conditions
        .into_iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    if ready { "Ready" } else { "NotReady" }.into()
}

fn roles(object: &Value) -> Value {
    let labels = object["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten();
    let roles: Vec<&str> = labels
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    if roles.is_empty() {
        "<none>".into()
    } else {
        roles.join(",").into()
    }
}

fn pod_ready(object: &Value) -> Value {
    let statuses = object["status"]["containerStatuses"].as_array();
    let ready = statuses
        .into_iter()
        .flatten()
        .filter(|status| status["ready"] == true)
        .count();
    format!(
        "{ready}/{}",
        object["spec"]["containers"].as_array().map_or(0, Vec::len)
    )
    .into()
}

fn ports(object: &Value) -> Value {
    let ports = object["spec"]["ports"].as_array().into_iter().flatten();
    let ports: Vec<String> = ports
        .map(|port| {
            format!(
                "{}/{}",
                port["port"],
                port["protocol"].as_str().unwrap_or("TCP")
            )
        })
        .collect();
    if ports.is_empty() {
        "<none>".into()
    } else {
        ports.join(",").into()
    }
}

/// Returns the age of an object: `5m`.
pub(super) fn age(object: &Value) -> Value {
    let created: Option<Timestamp> = object["metadata"]["creationTimestamp"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let seconds = created
        .map_or(0, |created| {
            Timestamp::now().as_second() - created.as_second()
        })
        .max(0);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
    .into()
}
