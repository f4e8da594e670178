//! User names and passwords of proxies, which only proposals of built-in phases get.
use kubephase_sdk::kubeadm::EnvVar;
use serde_json::Value;

/// Replaces masked proxies by proxies with user names and passwords in the environment of an
/// object's containers. Built-in phases write the masked form, because they never see the other.
pub(super) fn fill_in_proxies(value: &mut Value, proxies: &[(EnvVar, EnvVar)]) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Array(variables) if name == "env" => variables
                        .iter_mut()
                        .for_each(|variable| fill_in_proxy(variable, proxies)),
                    other => fill_in_proxies(other, proxies),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| fill_in_proxies(item, proxies)),
        _ => {}
    }
}

fn fill_in_proxy(variable: &mut Value, proxies: &[(EnvVar, EnvVar)]) {
    let known = proxies
        .iter()
        .find(|(shown, _)| variable["name"] == shown.name && variable["value"] == shown.value);
    if let Some((_, real)) = known {
        variable["value"] = real.value.clone().into();
    }
}
