//! Grants that allow everything, so that only the arguments of a call can be refused.
use crate::walk::arguments::valid_arguments;
use kubephase::wasm::gate;

/// Returns grants that allow everything in every dimension.
pub fn grants_for_everything() -> Vec<String> {
    granted_capabilities()
        .iter()
        .map(|capability| format!("capability: {capability}, {}", dimensions(capability)))
        .collect()
}

/// Returns patterns that allow everything that a capability can.
pub fn dimensions(capability: &str) -> String {
    let identity = "authorities: ['/**'], subjects: ['**'], groups: ['**']";
    match capability {
        "observe-net.http-get-as" => "hosts: ['*:*'], paths: ['/**']".to_owned(),
        "effects-pki.ensure-certificate" => format!(
            "directories: ['/**'], {identity}, names: ['**'], usages: [clientAuth, serverAuth]"
        ),
        "effects-pki.ensure-key-pair" => "directories: ['/**']".to_owned(),
        "effects-pki.ensure-kubeconfig" => format!("paths: ['/**'], {identity}"),
        "effects-node.ensure-service" => "units: ['**']".to_owned(),
        "effects-node.set-sysctl" => "keys: ['**']".to_owned(),
        "effects-node.load-module" => "modules: ['**']".to_owned(),
        "effects-images.pull-image" | "observe-runtime.image-present" => {
            "images: ['**']".to_owned()
        }
        "observe-command.run-command" | "effects-command.execute" => {
            "commands: [[hostile-tool, '*']]".to_owned()
        }
        capability
            if capability.starts_with("observe-cluster.")
                || capability.starts_with("effects-cluster.") =>
        {
            "objects: [{apiVersion: v1, kind: ConfigMap}]".to_owned()
        }
        "observe-net.resolve" => "hosts: ['*']".to_owned(),
        "observe-net.http-get" => "hosts: ['*:*']".to_owned(),
        _ => "paths: ['/**']".to_owned(),
    }
}

/// Returns the capabilities that need a grant and take texts.
fn granted_capabilities() -> Vec<String> {
    let rows = gate::rows().filter(|row| matches!(row.permit, gate::Permit::Granted(_)));
    rows.map(|row| row.capability())
        .filter(|capability| valid_arguments(capability).is_some())
        .collect()
}
