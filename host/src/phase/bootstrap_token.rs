//! `bootstrap-token`: the tokens that nodes join with, what they may do, and the public cluster-info.
use crate::render::objects;
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, config, effects_core, failure, json,
    kubeadm::Config,
    observe_pki, say,
    spec::{BootstrapTokenSpec, KubeconfigFacts},
};

pub struct BootstrapToken;

impl Phase for BootstrapToken {
    fn describe() -> PhaseInfo {
        super::info("bootstrap-token", "Makes the tokens that nodes join with")
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let tokens = &config.init.bootstrap_tokens;
        if !config.run.skip_token_print {
            match tokens.as_slice() {
                [token] => say(format!("Using token: {}", token.token)),
                tokens => say(format!("Using tokens: [{}]", tokens.iter().map(|token| token.token.as_str()).collect::<Vec<_>>().join(" "))),
            }
        }
        say("Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles");
        for index in 0..tokens.len() {
            effects_core::ensure_bootstrap_token(&json(&BootstrapTokenSpec { index }))?;
        }
        for (line, rules) in objects::bootstrap_rbac() {
            super::apply_all(rules)?;
            say(line);
        }
        say("Creating the \"cluster-info\" ConfigMap in the \"kube-public\" namespace");
        let admin = admin(&config.run.kubeconfig)?;
        super::apply_all(objects::cluster_info(&admin.server, &admin.authority_pem))?;
        Ok(Outcome::Settled)
    }
}

/// What the admin's kubeconfig says of the cluster.
pub(super) fn admin(path: &str) -> Result<KubeconfigFacts, Failure> {
    let missing = || Failure {
        remedy: Some("run the phase kubeconfig/admin first".into()),
        ..failure("not-found", format!("{path} does not exist; it names the cluster's address and authority"))
    };
    let text = observe_pki::kubeconfig(path)?.ok_or_else(missing)?;
    let facts: KubeconfigFacts = serde_json::from_str(&text).map_err(|e| failure("invalid", format!("{path}: {e}")))?;
    match facts.error {
        Some(error) => Err(failure("invalid", format!("{path}: {error}"))),
        None => Ok(facts),
    }
}
