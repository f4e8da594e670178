//! Decides whether the Pods of an object could reach the host or Secrets.
use serde_json::Value;

/// Fields that give a Pod access to the host if they are true, wherever they are in a manifest: the
/// host's namespaces, and more rights than the runtime gives by default.
const FLAGS: &[&str] = &[
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "privileged",
    "hostProcess",
    "shareProcessNamespace",
];
/// Fields that give a Pod access to the host whatever their value is, wherever they are in a
/// manifest: files and ports of the host, kernel parameters, a choice of node.
const SETTINGS: &[&str] = &[
    "hostPath",
    "hostPort",
    "procMount",
    "sysctls",
    "seLinuxOptions",
    "nodeName",
    "flexVolume",
    "csi",
];
/// Fields that give a Pod the content of a Secret of its namespace.
const SECRETS: &[&str] = &[
    "secret",
    "secretRef",
    "secretKeyRef",
    "secretName",
    "nodePublishSecretRef",
];
/// Linux capabilities that a Pod may add: the runtime gives them by default, or they only open
/// ports below 1024.
const HARMLESS_CAPABILITIES: &[&str] = &[
    "NET_BIND_SERVICE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
];

/// Returns why the Pods of an object (or of a patch) would reach the host or Secrets; none if they
/// would not. `is_own_account` tells whether the plugin may make a service account itself: a Pod
/// may run as such an account, or as the namespace's default account.
pub fn host_access(manifest: &Value, is_own_account: &dyn Fn(&str) -> bool) -> Option<String> {
    match manifest {
        Value::Array(items) => items
            .iter()
            .find_map(|item| host_access(item, is_own_account)),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let found = judge_field(name, value, is_own_account);
            found.or_else(|| host_access(value, is_own_account))
        }),
        _ => None,
    }
}

/// Returns why one field of a manifest gives access to the host or to Secrets.
fn judge_field(name: &str, value: &Value, is_own_account: &dyn Fn(&str) -> bool) -> Option<String> {
    let is_set = !value.is_null();
    match name {
        _ if FLAGS.contains(&name) && is_set && *value != Value::Bool(false) => {
            Some(format!("it sets {name}"))
        }
        _ if SETTINGS.contains(&name) && is_set => Some(format!("it sets {name}")),
        _ if SECRETS.contains(&name) && is_set => Some(format!("it uses a Secret ({name})")),
        "hostUsers" if *value == Value::Bool(true) => Some("it sets hostUsers".into()),
        // Directives of a merge patch change lists that are not seen here.
        _ if name.starts_with('$') => Some(format!("it has the directive {name}")),
        "add" if !value.is_array() && is_set => {
            Some("it adds capabilities in a form that is not a list".into())
        }
        "add" => {
            let list = value.as_array()?;
            let more = list.iter().find(|capability| {
                !capability
                    .as_str()
                    .is_some_and(|name| HARMLESS_CAPABILITIES.contains(&name))
            })?;
            Some(format!("it adds the capability {more}"))
        }
        "serviceAccountName" | "serviceAccount" => match value.as_str() {
            Some("" | "default") => None,
            Some(account) if is_own_account(account) => None,
            _ if !is_set => None,
            _ => Some(format!(
                "it runs as the service account {value}, which is not the plugin's own"
            )),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
