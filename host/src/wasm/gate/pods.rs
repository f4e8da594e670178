//! Whether an object has Pods that reach the host or other people's secrets.
use serde_json::Value;

/// Fields that take a Pod out of its container, wherever they are in a manifest: the host's namespaces, its files, its
/// ports, more rights than the runtime gives by default.
const FLAGS: &[&str] = &["hostNetwork", "hostPID", "hostIPC", "privileged", "hostProcess", "shareProcessNamespace"];
const SETTINGS: &[&str] = &["hostPath", "hostPort", "procMount", "sysctls", "seLinuxOptions", "nodeName", "flexVolume", "csi"];
/// Fields that show a Secret of the namespace to a Pod.
const SECRETS: &[&str] = &["secret", "secretRef", "secretKeyRef", "secretName", "nodePublishSecretRef"];
/// Capabilities that the runtime gives by default, or that open a low port.
const HARMLESS_CAPABILITIES: &[&str] =
    &["NET_BIND_SERVICE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"];

/// Why Pods of this object (or patch) have access to the host or to secrets; none where they have not. `is_own_account`
/// tells which service accounts the plugin may make itself: a Pod may run as one of these, or as none.
pub fn host_access(manifest: &Value, is_own_account: &dyn Fn(&str) -> bool) -> Option<String> {
    match manifest {
        Value::Array(items) => items.iter().find_map(|item| host_access(item, is_own_account)),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let found = field(name, value, is_own_account);
            found.or_else(|| host_access(value, is_own_account))
        }),
        _ => None,
    }
}

fn field(name: &str, value: &Value, is_own_account: &dyn Fn(&str) -> bool) -> Option<String> {
    let is_set = !value.is_null();
    match name {
        _ if FLAGS.contains(&name) && is_set && *value != Value::Bool(false) => Some(format!("it sets {name}")),
        _ if SETTINGS.contains(&name) && is_set => Some(format!("it sets {name}")),
        _ if SECRETS.contains(&name) && is_set => Some(format!("it uses a Secret ({name})")),
        "hostUsers" if *value == Value::Bool(true) => Some("it sets hostUsers".into()),
        "add" => {
            let list = value.as_array()?;
            let more = list.iter().find(|capability| !capability.as_str().is_some_and(|name| HARMLESS_CAPABILITIES.contains(&name)))?;
            Some(format!("it adds the capability {more}"))
        }
        "serviceAccountName" | "serviceAccount" => match value.as_str() {
            Some("" | "default") => None,
            Some(account) if is_own_account(account) => None,
            _ if !is_set => None,
            _ => Some(format!("it runs as the service account {value}, which is not the plugin's own")),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_that_stays_in_its_container_has_no_host_access() {
        let pod = json!({"spec": {"template": {"spec": {
            "serviceAccountName": "own", "hostNetwork": false,
            "containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}}],
            "volumes": [{"configMap": {"name": "own"}}],
        }}}});
        assert_eq!(host_access(&pod, &|account| account == "own"), None);
    }

    #[test]
    fn whatever_leads_to_the_host_or_to_a_secret_is_found_wherever_it_is() {
        for part in [
            json!({"hostNetwork": true}),
            json!({"hostPID": true}),
            json!({"volumes": [{"hostPath": {"path": "/"}}]}),
            json!({"containers": [{"securityContext": {"privileged": true}}]}),
            json!({"initContainers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]}),
            json!({"containers": [{"ports": [{"hostPort": 53}]}]}),
            json!({"containers": [{"envFrom": [{"secretRef": {"name": "x"}}]}]}),
            json!({"volumes": [{"projected": {"sources": [{"secret": {"name": "x"}}]}}]}),
            json!({"serviceAccountName": "clusterrole-aggregation-controller"}),
            json!({"nodeName": "control-plane"}),
        ] {
            let deployment = json!({"kind": "Deployment", "spec": {"template": {"spec": part}}});
            assert!(host_access(&deployment, &|_| false).is_some(), "{deployment}");
        }
    }
}
