//! The Corefile, and the settings of an existing CoreDNS that are kept.
use crate::NAMESPACE;
use kubephase_sdk::{Failure, ObjectRef, cluster, corefile, failure, image::version_text};
use serde_json::{Value, json};

/// Label selector of CoreDNS's Deployment.
const LABEL: &str = "k8s-app=kube-dns";

/// Number of replicas in a new cluster.
const REPLICAS: u64 = 2;

/// The CoreDNS that the cluster has.
#[derive(Default)]
pub struct Installed {
    /// the Deployment; null if there is none
    deployment: Value,
}

impl Installed {
    /// Finds the CoreDNS of the cluster.
    ///
    /// # Errors
    /// `ambiguous` if there are several; or the host cannot list them.
    pub fn find() -> Result<Installed, Failure> {
        let found = cluster::list_objects("apps/v1", "Deployment", Some(NAMESPACE), Some(LABEL))?;
        match found.as_slice() {
            [] => Ok(Installed::default()),
            [deployment] => Ok(Installed {
                deployment: deployment.clone(),
            }),
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

    /// Returns the number of replicas of the Deployment, which the operator may have changed;
    /// [`REPLICAS`] if there is no Deployment.
    pub fn replicas(&self) -> u64 {
        self.deployment["spec"]["replicas"]
            .as_u64()
            .unwrap_or(REPLICAS)
    }

    /// Returns the resources of the container if they differ from `default`. All releases of
    /// kubeadm write `default`, so the operator changed them.
    pub fn other_resources(&self, default: &Value) -> Option<Value> {
        let resources = self.container()?.get("resources")?;
        (resources != default).then(|| resources.clone())
    }

    /// Returns the version of CoreDNS, without `v`; empty if there is none.
    pub fn version(&self) -> &str {
        let image = self
            .container()
            .and_then(|container| container["image"].as_str());
        version_text(image.unwrap_or_default())
    }

    fn container(&self) -> Option<&Value> {
        let containers = self.deployment.pointer("/spec/template/spec/containers")?;
        containers
            .as_array()?
            .iter()
            .find(|container| container["name"] == "coredns")
    }
}

/// Returns the Corefile of the cluster; `None` if there is none.
///
/// # Errors
/// `invalid` if the ConfigMap exists without a Corefile; or the host cannot read it.
pub fn current_corefile() -> Result<Option<String>, Failure> {
    let config_map = ObjectRef::config_map(NAMESPACE, "coredns");
    let Some(current) = cluster::get_object(&config_map)? else {
        return Ok(None);
    };
    let existing = current["data"]["Corefile"].as_str();
    let existing = existing.ok_or_else(|| {
        failure(
            kubephase_sdk::FailureCode::Invalid,
            "the ConfigMap kube-system/coredns is there, but has no Corefile",
        )
    })?;
    Ok(Some(existing.to_owned()).filter(|corefile| !corefile.is_empty()))
}

/// The change that the Corefile of the cluster needs.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// the default is written: the cluster has no Corefile, or has the default of some release
    Default,
    /// the operator's Corefile is kept as it is
    Kept,
    /// the operator's Corefile is migrated to the new version of CoreDNS
    Migrated { corefile: String },
    /// the operator's Corefile is kept, and with it the old version of CoreDNS, because the
    /// migration failed
    NotMigrated { why: String },
}

/// Decides how the Corefile of the cluster changes from one version of CoreDNS to another. With an
/// empty `from` (no CoreDNS is installed), the operator's Corefile is kept.
pub fn change_of(current: Option<&str>, default: &str, from: &str, to: &str) -> Change {
    let Some(current) = current.filter(|current| *current != default) else {
        return Change::Default;
    };
    if corefile::is_default(current) {
        return Change::Default;
    }
    if from.is_empty() || from == to {
        return Change::Kept;
    }
    let migrated = match corefile::needs_migration(current, from, to) {
        Ok(false) => return Change::Kept,
        Ok(true) => corefile::migrate(current, from, to),
        Err(why) => Err(why),
    };
    match migrated {
        Ok(corefile) => Change::Migrated { corefile },
        Err(why) => Change::NotMigrated { why },
    }
}

/// Returns the Corefile for a cluster domain.
pub fn default_corefile(domain: &str) -> String {
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

/// Returns the ConfigMap. `before` is the Corefile before a migration; it is kept under
/// `Corefile-backup` (kubeadm behaviour).
pub fn config_map(corefile: &str, before: Option<&str>) -> Value {
    let mut map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": NAMESPACE},
        "data": {"Corefile": corefile},
    });
    if let Some(before) = before {
        map["data"]["Corefile-backup"] = before.into();
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = ".:53 {\n    errors\n}\n";
    const OWN: &str = ".:53 {\n  errors\n  kubernetes cluster.local {\n    upstream\n  }\n  \
        forward . 192.0.2.53\n}\n";

    #[test]
    fn only_a_corefile_of_the_operator_is_kept_or_migrated() {
        for current in [None, Some(DEFAULT)] {
            let change = change_of(current, DEFAULT, "1.13.1", "1.14.2");
            assert_eq!(change, Change::Default);
        }
        for (from, to) in [("", "1.14.2"), ("1.14.2", "1.14.2")] {
            assert_eq!(change_of(Some(OWN), DEFAULT, from, to), Change::Kept);
        }
        let plain = OWN.replace("    upstream\n", "");
        let kept = change_of(Some(&plain), DEFAULT, "1.13.1", "1.14.2");
        assert_eq!(kept, Change::Kept);
        // 1.7.0 removes the option `upstream`.
        let Change::Migrated { corefile } = change_of(Some(OWN), DEFAULT, "1.6.7", "1.14.2") else {
            panic!("it is migrated");
        };
        assert!(!corefile.contains("upstream"), "{corefile}");
        assert!(corefile.contains("forward . 192.0.2.53"), "{corefile}");
        let change = change_of(Some(OWN), DEFAULT, "0.9", "1.14.2");
        assert!(matches!(change, Change::NotMigrated { .. }), "{change:?}");
    }
}
