//! `certs/*`: serving certificates get the names that the configuration wants. The API server and
//! etcd read their certificates again when these change, so nothing is restarted.
use crate::phase::certs::renewal::renewal_with_names;
use kubephase_sdk::{Failure, Outcome, config, effects_core, json, kubeadm::Config};

/// The certificates with which this machine serves.
pub const SERVING: [&str; 3] = ["apiserver", "etcd-server", "etcd-peer"];

/// Makes a certificate anew if its names are not the wanted ones.
///
/// # Errors
/// An address of the configuration cannot be used, or the host refuses a proposal.
pub fn renew_for_names(name: &str) -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let Some(renewal) = renewal_with_names(name, &config)? else {
        return Ok(Outcome::Skipped("etcd is external".into()));
    };
    effects_core::renew_certificate(&json(&renewal))?;
    Ok(Outcome::Settled)
}
