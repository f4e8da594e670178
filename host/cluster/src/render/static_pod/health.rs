//! The health endpoint of a component of the control plane.
use super::flag::{command, flag};
use crate::{render::host_port, text::yaml};
use kubephase_sdk::kubeadm::Config;
use serde_json::Value;

/// Returns the URL of a component's health. It is read from the manifest on disk, because patches
/// may have changed it.
///
/// # Errors
/// The manifest is not a Pod with a command.
pub fn health_url(component: &str, manifest: &str, config: &Config) -> Result<String, String> {
    let pod = yaml::value(manifest).map_err(|why| format!("not a Pod: {why}"))?;
    command(&pod)
        .next()
        .ok_or("the Pod's first container has no command")?;
    let local = &config.init.local_api_endpoint;
    let (address, port, path) = match component {
        "kube-apiserver" => (
            flag_or(&pod, "advertise-address", &local.advertise_address),
            "6443",
            "livez",
        ),
        "kube-controller-manager" => (
            flag_or(&pod, "bind-address", "127.0.0.1"),
            "10257",
            "healthz",
        ),
        _ => (flag_or(&pod, "bind-address", "127.0.0.1"), "10259", "livez"),
    };
    Ok(format!(
        "https://{}/{path}",
        host_port(&address, flag_or(&pod, "secure-port", port))
    ))
}

/// Returns the value of a flag, or the default if the flag is not given.
fn flag_or(pod: &Value, name: &str, default: &str) -> String {
    let value = flag(pod, name);
    let value = if value.is_empty() { default } else { value };
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_on_disk_decides() {
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
