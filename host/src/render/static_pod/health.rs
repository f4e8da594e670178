//! Where a component of the control plane tells its health.
use super::flag::{command, flag};
use crate::render::host_port;
use kubephase_sdk::kubeadm::Config;
use serde_json::Value;

/// The URL to ask, from the manifest as it is on disk: patches may have moved it.
///
/// # Errors
/// A manifest that is no Pod with a command.
pub fn health_url(component: &str, manifest: &str, config: &Config) -> Result<String, String> {
    let pod: Value =
        serde_yaml::from_str(manifest).map_err(|error| format!("not a Pod: {error}"))?;
    command(&pod)
        .next()
        .ok_or("the Pod's first container has no command")?;
    let told = |name: &str, default: &str| {
        Some(flag(&pod, name))
            .filter(|value| !value.is_empty())
            .unwrap_or(default)
            .to_owned()
    };
    let local = &config.init.local_api_endpoint;
    let (address, port, path) = match component {
        "kube-apiserver" => (
            told("advertise-address", &local.advertise_address),
            "6443",
            "livez",
        ),
        "kube-controller-manager" => (told("bind-address", "127.0.0.1"), "10257", "healthz"),
        _ => (told("bind-address", "127.0.0.1"), "10259", "livez"),
    };
    Ok(format!(
        "https://{}/{path}",
        host_port(&address, told("secure-port", port))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_disk_decides() {
        let manifest = "spec: {containers: [{command: [kube-scheduler, --bind-address=127.0.0.1, \
            -bind-address=0.0.0.0, --secure-port=1]}]}";
        assert_eq!(
            health_url("kube-scheduler", manifest, &Config::default()).unwrap(),
            "https://0.0.0.0:1/livez"
        );
        let manifest =
            "spec: {containers: [{command: [kube-apiserver, '--advertise-address=2001:db8::1']}]}";
        assert_eq!(
            health_url("kube-apiserver", manifest, &Config::default()).unwrap(),
            "https://[2001:db8::1]:6443/livez"
        );
        assert!(
            health_url(
                "kube-apiserver",
                "spec: {containers: [{name: x}]}",
                &Config::default()
            )
            .is_err()
        );
        assert!(health_url("kube-apiserver", "]", &Config::default()).is_err());
    }
}
