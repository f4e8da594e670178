//! Where a component of the control plane tells its health.
use crate::render::host_port;
use kubephase_sdk::kubeadm::Config;
use serde_json::Value;

/// The URL to ask, from the manifest as it is on disk: patches may have moved it.
///
/// # Errors
/// A manifest that is no Pod with a command.
pub fn health_url(component: &str, manifest: &str, config: &Config) -> Result<String, String> {
    let pod: Value = serde_yaml::from_str(manifest).map_err(|error| format!("not a Pod: {error}"))?;
    let command = pod.pointer("/spec/containers/0/command").and_then(Value::as_array).filter(|command| !command.is_empty());
    let command: Vec<&str> = command.ok_or("the Pod's first container has no command")?.iter().filter_map(Value::as_str).collect();
    // The last of several wins, as with any Go flag; one dash is as good as two.
    let flag = |name: &str| {
        let value = |argument: &&str| argument.trim_start_matches('-').strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        command.iter().rev().find_map(value)
    };
    let local = &config.init.local_api_endpoint;
    let (address, port, path) = match component {
        "kube-apiserver" => (flag("advertise-address").unwrap_or_else(|| local.advertise_address.clone()), "6443", "livez"),
        "kube-controller-manager" => (flag("bind-address").unwrap_or_else(|| "127.0.0.1".into()), "10257", "healthz"),
        _ => (flag("bind-address").unwrap_or_else(|| "127.0.0.1".into()), "10259", "livez"),
    };
    Ok(format!("https://{}/{path}", host_port(&address, flag("secure-port").as_deref().unwrap_or(port))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_disk_decides() {
        let manifest =
            "spec: {containers: [{command: [kube-scheduler, --bind-address=127.0.0.1, -bind-address=0.0.0.0, --secure-port=1]}]}";
        assert_eq!(health_url("kube-scheduler", manifest, &Config::default()).unwrap(), "https://0.0.0.0:1/livez");
        let manifest = "spec: {containers: [{command: [kube-apiserver, '--advertise-address=2001:db8::1']}]}";
        assert_eq!(health_url("kube-apiserver", manifest, &Config::default()).unwrap(), "https://[2001:db8::1]:6443/livez");
        assert!(health_url("kube-apiserver", "spec: {containers: [{name: x}]}", &Config::default()).is_err());
        assert!(health_url("kube-apiserver", "]", &Config::default()).is_err());
    }
}
