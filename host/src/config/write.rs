//! Configurations as documents of `kubeadm.k8s.io/v1beta4`, written as kubeadm writes them. They
//! hold the secrets of the configuration, so they are only for its operator.
use super::{
    InitConfiguration, defaults,
    join::{JoinConfiguration, TokenDiscovery},
    reset::ResetConfiguration,
};
use kubephase_sdk::{
    kubeadm::{self, Timeouts},
    yaml,
};
use serde_json::{Map, Value, json};

/// Returns documents as one file.
pub fn join_documents(documents: &[Value]) -> String {
    let documents: Vec<String> = documents.iter().map(yaml::to_string).collect();
    documents.join("---\n")
}

/// Returns fields as a document of a kind.
pub fn with_type(mut fields: Value, kind: &str) -> Value {
    fields["apiVersion"] = "kubeadm.k8s.io/v1beta4".into();
    fields["kind"] = kind.into();
    fields
}

/// Returns an InitConfiguration with its secrets.
pub fn init(init: &InitConfiguration) -> Value {
    let tokens = init.bootstrap_tokens.iter();
    let revealed: kubeadm::InitConfiguration = kubeadm::InitConfiguration {
        bootstrap_tokens: tokens
            .map(|token| token.with_token(token.token.reveal().clone()))
            .collect(),
        dry_run: init.dry_run,
        node_registration: init.node_registration.clone(),
        local_api_endpoint: init.local_api_endpoint.clone(),
        certificate_key: init.certificate_key.reveal().clone(),
        skip_phases: init.skip_phases.clone(),
        patches: init.patches.clone(),
        timeouts: init.timeouts.clone(),
    };
    with_type(json!(revealed), "InitConfiguration")
}

/// Returns a JoinConfiguration with its secrets.
pub fn join(join: &JoinConfiguration) -> Value {
    let control_plane = join.control_plane.as_ref().map(|control_plane| {
        without_empty(json!({
            "certificateKey": control_plane.certificate_key.reveal(),
            "localAPIEndpoint": control_plane.local_api_endpoint,
        }))
    });
    let file = join.discovery.file.as_ref();
    let discovery = without_empty(json!({
        "bootstrapToken": join.discovery.bootstrap_token.as_ref().map(token_discovery),
        "file": file.map(|file| json!({ "kubeConfigPath": file.kube_config_path })),
        "tlsBootstrapToken": join.discovery.tls_bootstrap_token.reveal(),
    }));
    let fields = json!({
        "caCertPath": join.ca_cert_path,
        "controlPlane": control_plane,
        "discovery": discovery,
        "dryRun": join.dry_run,
        "nodeRegistration": join.node_registration,
        "patches": join.patches,
        "skipPhases": join.skip_phases,
        "timeouts": join.timeouts,
    });
    with_type(without_empty(fields), "JoinConfiguration")
}

fn token_discovery(discovery: &TokenDiscovery) -> Value {
    without_empty(json!({
        "apiServerEndpoint": discovery.api_server_endpoint,
        "caCertHashes": discovery.ca_cert_hashes,
        "token": discovery.token.reveal(),
        "unsafeSkipCAVerification": discovery.unsafe_skip_ca_verification,
    }))
}

/// Returns a ResetConfiguration.
pub fn reset(reset: &ResetConfiguration) -> Value {
    let fields = json!({
        "certificatesDir": reset.certificates_dir,
        "cleanupTmpDir": reset.cleanup_tmp_dir,
        "criSocket": reset.cri_socket,
        "dryRun": reset.dry_run,
        "force": reset.force,
        "ignorePreflightErrors": reset.ignore_preflight_errors,
        "skipPhases": reset.skip_phases,
        "timeouts": reset.timeouts,
        "unmountFlags": reset.unmount_flags,
    });
    with_type(without_empty(fields), "ResetConfiguration")
}

/// Returns an UpgradeConfiguration: the fields of a document over the defaults.
pub fn upgrade(document: &Value) -> Value {
    let mut timeouts: Option<Timeouts> = None;
    defaults::complete_timeouts(&mut timeouts);
    let of_node = json!({
        "certificateRenewal": true,
        "etcdUpgrade": true,
        "imagePullPolicy": "IfNotPresent",
        "imagePullSerial": true,
    });
    let mut fields = json!({
        "apply": of_node,
        "diff": {},
        "node": of_node,
        "plan": { "etcdUpgrade": true },
        "timeouts": timeouts,
    });
    json_patch::merge(&mut fields, document);
    with_type(fields, "UpgradeConfiguration")
}

/// Leaves out the fields that Go's `omitempty` leaves out.
fn without_empty(fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        return fields;
    };
    let is_kept = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    let kept: Map<String, Value> = fields
        .into_iter()
        .filter(|(_, value)| is_kept(value))
        .collect();
    Value::Object(kept)
}
