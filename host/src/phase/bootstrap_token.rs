//! `bootstrap-token`: the tokens with which nodes join, the rights of the tokens, and the public
//! ConfigMap `cluster-info`.
use crate::{render::objects, text::yaml};
use kubephase_sdk::{
    Failure, ObjectRef, Outcome, cluster, config, effects, effects_cluster, effects_core, failure,
    json,
    kubeadm::Config,
    observe_pki, say,
    spec::{BootstrapTokenSpec, KubeconfigFacts},
};
use serde_json::Value;

/// The ClusterRoleBindings that are announced, and kubeadm's words for what each allows.
const ANNOUNCED_BINDINGS: &[(&str, &str)] = &[
    (
        "kubeadm:get-nodes",
        "allow Node Bootstrap tokens to get nodes",
    ),
    (
        "kubeadm:kubelet-bootstrap",
        "allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate \
         credentials",
    ),
    (
        "kubeadm:node-autoapprove-bootstrap",
        "allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token",
    ),
    (
        "kubeadm:node-autoapprove-certificate-rotation",
        "allow certificate rotation for all node client certificates in the cluster",
    ),
    (
        "kubeadm:apiserver-kubelet-client",
        "allow the API server kubelet client certificate to access the kubelet API",
    ),
];

/// The phase `bootstrap-token`: proposes the tokens, their rights, and the ConfigMap
/// `cluster-info`.
///
/// # Errors
/// `not-found` if the admin's kubeconfig does not exist, `invalid` if it cannot be parsed; or the
/// host refuses a proposal.
pub fn propose_tokens() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    super::require_kubeconfig(&config)?;
    let tokens = &config.init.bootstrap_tokens;
    if !config.run.skip_token_print {
        match tokens.as_slice() {
            [token] => say(format!("Using token: {}", token.token)),
            tokens => say(format!(
                "Using tokens: [{}]",
                tokens
                    .iter()
                    .map(|token| token.token.as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            )),
        }
    }
    say("Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles");
    for index in 0..tokens.len() {
        effects_core::ensure_bootstrap_token(&json(&BootstrapTokenSpec { index }))?;
    }
    propose_access()?;
    for (index, object) in cluster_info(&config)?.into_iter().enumerate() {
        let effect = effects_cluster::apply_object(&object.to_string())?;
        // The ConfigMap is first; its Role and RoleBinding follow without a line.
        if index == 0 {
            effects::announce(
                effect,
                "Creating the \"cluster-info\" ConfigMap in the \"kube-public\" namespace",
            )?;
        }
    }
    Ok(Outcome::Settled)
}

/// Proposes the rights of tokens and of the nodes that join with them.
fn propose_access() -> Result<(), Failure> {
    for object in objects::bootstrap_access() {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let name = object["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let effect = effects_cluster::apply_object(&object.to_string())?;
        if let Some((_, line)) = ANNOUNCED_BINDINGS
            .iter()
            .find(|(binding, _)| kind == "ClusterRoleBinding" && name == *binding)
        {
            effects::announce(effect, &format!("Configured RBAC rules to {line}"))?;
        }
    }
    Ok(())
}

/// `bootstrap-token` of `upgrade apply`: the rights that the release needs, without tokens. No
/// release changes the ConfigMap `cluster-info`: it is made again only if no node could join with
/// it.
///
/// # Errors
/// `not-found` if the kubeconfig does not exist; or the host refuses a proposal or a question.
pub fn apply_access() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    super::require_kubeconfig(&config)?;
    say("[upgrade/bootstrap-token] Configuring bootstrap token and cluster-info RBAC rules");
    propose_access()?;
    super::apply_all(objects::cluster_info_access())?;
    repair_cluster_info(&config)?;
    Ok(Outcome::Settled)
}

/// Whether the cluster has a ConfigMap `cluster-info` by which nodes can join.
///
/// # Errors
/// The host cannot answer a question.
pub(super) fn has_usable_cluster_info() -> Result<bool, Failure> {
    let current = cluster::get_object(&ObjectRef::cluster_info())?;
    Ok(current.is_some_and(|map| names_cluster(&map)))
}

/// Returns the ConfigMap `cluster-info` and the rights to read it.
///
/// # Errors
/// The errors of [`read_admin_kubeconfig`].
pub(super) fn cluster_info(config: &Config) -> Result<Vec<Value>, Failure> {
    let admin = read_admin_kubeconfig(&config.run.kubeconfig)?;
    let release = config.cluster.release();
    Ok(objects::cluster_info(
        &admin.server,
        &admin.authority_pem,
        release,
    ))
}

/// Proposes the ConfigMap `cluster-info` if no node could join with the existing one.
fn repair_cluster_info(config: &Config) -> Result<(), Failure> {
    if has_usable_cluster_info()? {
        return Ok(());
    }
    if let Some(effect) = super::apply_all(cluster_info(config)?)? {
        let line = "[upgrade/bootstrap-token] The ConfigMap \"cluster-info\" was missing or of no \
                    use, and is made again";
        effects::announce(effect, line)?;
    }
    Ok(())
}

/// Whether a `cluster-info` names a server and its authority.
fn names_cluster(map: &Value) -> bool {
    let text = map["data"]["kubeconfig"].as_str().unwrap_or_default();
    let kubeconfig = yaml::value(text).unwrap_or_default();
    let cluster = &kubeconfig["clusters"][0]["cluster"];
    ["server", "certificate-authority-data"]
        .iter()
        .all(|field| !cluster[*field].as_str().unwrap_or_default().is_empty())
}

/// Reads the address and the authority of the cluster from the admin's kubeconfig.
///
/// # Errors
/// `not-found` if the file does not exist; `invalid` if it is not a valid kubeconfig.
pub(super) fn read_admin_kubeconfig(path: &str) -> Result<KubeconfigFacts, Failure> {
    let text = observe_pki::kubeconfig(path)?.ok_or_else(|| {
        let message =
            format!("{path} does not exist; it names the cluster's address and authority");
        super::missing_kubeconfig(message)
    })?;
    let facts: KubeconfigFacts = serde_json::from_str(&text)
        .map_err(|e| failure(kubephase_sdk::FailureCode::Invalid, format!("{path}: {e}")))?;
    match facts.error {
        Some(error) => Err(failure(
            kubephase_sdk::FailureCode::Invalid,
            format!("{path}: {error}"),
        )),
        None => Ok(facts),
    }
}
