//! The Corefile, and the settings of an existing CoreDNS that are kept.
use crate::SYSTEM;
use kubephase_sdk::{Failure, ObjectRef, cluster, failure};
use serde_json::{Value, json};

/// Label selector of CoreDNS's Deployment.
const LABEL: &str = "k8s-app=kube-dns";

/// Number of replicas in a new cluster.
const REPLICAS: u64 = 2;

/// Returns the number of replicas of the existing Deployment, or the default if there is none.
pub fn replicas() -> Result<u64, Failure> {
    let found = cluster::list_objects("apps/v1", "Deployment", Some(SYSTEM), Some(LABEL))?;
    match found.as_slice() {
        [] => Ok(REPLICAS),
        [deployment] => Ok(deployment["spec"]["replicas"].as_u64().unwrap_or(REPLICAS)),
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

/// Whether the cluster has a Corefile that differs from this one.
pub fn has_other_corefile(corefile: &str) -> Result<bool, Failure> {
    let config_map = ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some(SYSTEM.into()),
        name: "coredns".into(),
    };
    let Some(current) = cluster::get_object(&config_map)? else {
        return Ok(false);
    };
    let existing = current["data"]["Corefile"].as_str();
    let existing = existing.ok_or_else(|| {
        failure(
            kubephase_sdk::FailureCode::Invalid,
            "the ConfigMap kube-system/coredns is there, but has no Corefile",
        )
    })?;
    Ok(!existing.is_empty() && existing != corefile)
}

/// Returns the Corefile for a cluster domain.
pub fn corefile(domain: &str) -> String {
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

pub fn config_map(corefile: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": SYSTEM},
        "data": {"Corefile": corefile},
    })
}
