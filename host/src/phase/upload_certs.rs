//! `upload-certs`: stores the shared keys in the cluster, encrypted, for control planes that join
//! within two hours.
use crate::render::objects;
use kubephase_sdk::{
    Failure, Outcome, config, effects_core, json, kubeadm::Config, say, spec::ShareKeysSpec,
};

/// Lifetime of the token that owns the Secret, in seconds. The Secret is deleted with the token
/// (kubeadm's two hours).
pub(super) const TTL_SECONDS: i64 = 2 * 60 * 60;

/// The phase `upload-certs`: proposes the Secret with the shared keys and certificates.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn upload_certificates() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if !config.run.upload_certs {
        say("Skipping phase. Please see --upload-certs");
        return Ok(Outcome::Skipped("not asked for; see --upload-certs".into()));
    }
    super::require_kubeconfig(&config)?;
    say("Storing the certificates in Secret \"kubeadm-certs\" in the \"kube-system\" Namespace");
    effects_core::share_keys(&json(&ShareKeysSpec {
        files: shared_files(&config),
        ttl_seconds: TTL_SECONDS,
    }))?;
    super::apply_all(objects::certificates_access())?;
    if !config.run.skip_certificate_key_print {
        say("Using certificate key:");
        say(format!("[] {}", config.init.certificate_key));
    }
    Ok(Outcome::Settled)
}

/// Returns the files that all members of the control plane share: the name in the Secret, and the
/// path.
pub(super) fn shared_files(config: &Config) -> Vec<(String, String)> {
    let directory = &config.cluster.certificates_dir;
    let same_names = [
        "ca.crt",
        "ca.key",
        "front-proxy-ca.crt",
        "front-proxy-ca.key",
        "sa.pub",
        "sa.key",
    ];
    let mut files: Vec<(String, String)> = same_names
        .iter()
        .map(|name| (name.to_string(), format!("{directory}/{name}")))
        .collect();
    match &config.cluster.etcd.external {
        None => files.extend([
            ("etcd-ca.crt".into(), format!("{directory}/etcd/ca.crt")),
            ("etcd-ca.key".into(), format!("{directory}/etcd/ca.key")),
        ]),
        Some(etcd) => files.extend([
            ("external-etcd-ca.crt".into(), etcd.ca_file.clone()),
            ("external-etcd.crt".into(), etcd.cert_file.clone()),
            ("external-etcd.key".into(), etcd.key_file.clone()),
        ]),
    }
    files
}
