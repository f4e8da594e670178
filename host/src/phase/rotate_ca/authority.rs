//! Makes, shares and publishes the new authority, and then lets it sign.
use super::{Exchange, LABEL, command};
use crate::{
    phase::{certs, upload_certs},
    pki::Kubeconfig,
};
use data_encoding::BASE64;
use kubephase_sdk::{
    Failure, FailureCode, ObjectRef, Outcome, effects, effects_cluster, effects_core,
    effects_files, effects_pki, failure, json,
    kubeadm::ClusterAuthority,
    observe_cluster, say,
    spec::{CertificateSpec, ExchangeSpec, FetchKeysSpec, ShareKeysSpec, exchange_file::SIGNER},
};
use serde_json::{Value, json};

/// `trust/authority`: proposes to make the new authority on the control plane that begins the
/// exchange, or to fetch it from the cluster on another one.
pub(super) fn make_or_fetch(exchange: &Exchange) -> Result<Outcome, Failure> {
    if exchange.rotation.fetches {
        let keys = effects_core::fetch_keys(&json(&FetchKeysSpec {
            files: next_files(exchange),
        }))?;
        let line = format!("[{LABEL}] Fetching the new authority from the cluster");
        effects::announce(keys, &line)?;
        return Ok(Outcome::Settled);
    }
    if !exchange.rotation.begins {
        return Ok(Outcome::Skipped("this node has the new authority".into()));
    }
    let (authorities, _) = certs::shared_specs(&exchange.config)?;
    let authority = exchange.rotation.authority;
    let own = authorities
        .into_iter()
        .find(|spec| spec.name == authority.base());
    let own = own.ok_or_else(|| {
        let message = format!("the cluster has no authority of the name {authority}");
        failure(FailureCode::NotFound, message)
    })?;
    effects_pki::ensure_certificate(&json(&CertificateSpec {
        name: authority.next(),
        ..own
    }))?;
    Ok(Outcome::Settled)
}

/// Returns the files of the new authority: the name in the Secret, and the path.
fn next_files(exchange: &Exchange) -> Vec<(String, String)> {
    ["crt", "key"]
        .map(|ending| {
            let name = format!("{}-next.{ending}", exchange.rotation.authority);
            (name, exchange.next_file(ending))
        })
        .into()
}

/// `trust/share`: proposes to share the new authority with the other control planes, in the Secret
/// `kubeadm-certs` for two hours.
pub(super) fn share(exchange: &Exchange) -> Result<Outcome, Failure> {
    if !exchange.rotation.shares {
        return Ok(Outcome::Skipped(
            "no other control plane gets the new authority from this node".into(),
        ));
    }
    let config = &exchange.config;
    let mut files = upload_certs::shared_files(config);
    files.extend(next_files(exchange));
    effects_core::share_keys(&json(&ShareKeysSpec {
        files,
        ttl_seconds: upload_certs::TTL_SECONDS,
    }))?;
    say(format!(
        "[{LABEL}] The new authority is in Secret \"kubeadm-certs\" for two hours. Run this on \
         each other control plane:"
    ));
    let rest = format!("--certificate-key {}", config.init.certificate_key);
    say(format!(
        "[] {}",
        command(exchange.rotation.authority, &rest)
    ));
    Ok(Outcome::Settled)
}

/// `reissue/signer`: proposes that the new authority signs from now on, in place of the old one.
pub(super) fn sign_with_new(exchange: &Exchange) -> Result<Outcome, Failure> {
    let signer = effects_core::exchange_authority(&json(&ExchangeSpec::SignWithNew {
        authority: exchange.rotation.authority,
        directory: exchange.config.cluster.certificates_dir.clone(),
        old_authority: exchange.rotation.old_authority.clone(),
        new_authority: exchange.new_authority()?,
    }))?;
    let line = format!(
        "[{LABEL}] {} is the key of the new authority from now on",
        exchange.authority_file("key")
    );
    effects::announce(signer, &line)?;
    Ok(Outcome::Settled)
}

/// `…/cluster-info`: proposes to publish the authorities of the stage in the ConfigMap from which
/// nodes, and machines that join, get them.
pub(super) fn publish(exchange: &Exchange) -> Result<Outcome, Failure> {
    let reference = ObjectRef::cluster_info();
    let info: Value = observe_cluster::get_object(&reference)?
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let text = info["data"]["kubeconfig"].as_str().unwrap_or_default();
    let kubeconfig = Kubeconfig::parse(text, "the kubeconfig in the ConfigMap cluster-info")?;
    let changed = kubeconfig.with_authority(&BASE64.encode(exchange.authorities()?.as_bytes()));
    let patch = json!({ "data": { "kubeconfig": changed.reveal() } });
    effects_cluster::patch_object(&reference, &patch.to_string())?;
    Ok(Outcome::Settled)
}

/// `drop/leftovers`: proposes to remove the files of the exchange, among them the key of the old
/// authority.
pub(super) fn remove_leftovers(exchange: &Exchange) -> Result<Outcome, Failure> {
    let authority = exchange.rotation.authority;
    let removed = effects_files::remove_file(&exchange.pki(&authority.old_key()))?;
    let line = format!("[{LABEL}] Removing the key of the old authority, which nobody trusts");
    effects::announce(removed, &line)?;
    let signer = (authority == ClusterAuthority::Ca).then(|| exchange.pki(SIGNER));
    let next = ["crt", "key"].map(|ending| exchange.next_file(ending));
    for path in signer.into_iter().chain(next) {
        effects_files::remove_file(&path)?;
    }
    Ok(Outcome::Settled)
}
