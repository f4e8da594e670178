//! Finding the cluster that a node joins: the address of its API server, the authority to trust,
//! and the credentials with which the kubelet requests its certificate. Discovery changes nothing,
//! neither on the node nor in the cluster.
//!
//! The configuration that the cluster keeps is read by `config::from_cluster`.
mod administrator;
mod cluster_info;
mod file;
#[cfg(test)]
mod tests;
mod token;

pub use administrator::find_in_admin_kubeconfig;
pub use token::anonymous_kubeconfig;

use crate::{
    config::{FoundCluster, JoinConfiguration},
    pki::Certificate,
    render,
    secret::Secret,
    world::{Cluster, Net, WorldResult},
};
use kubephase_wit::{Failure, FailureCode};
use std::time::Duration;

/// The user of the kubeconfig with which a kubelet requests its certificate (kubeadm's name).
const USER: &str = "tls-bootstrap-token-user";
/// The longest time in which a server that works accepts a connection.
const FIRST_CONNECTION: Duration = Duration::from_secs(1);

/// Finds the cluster by a token or by a kubeconfig. `is_named` says that the operator named the
/// kubeconfig on the command line. `longest` is the time after which a wait in this world ends;
/// `None` if it has no end of its own.
///
/// # Errors
/// The cluster is not found or not trusted. The remedy says what to do.
pub fn discover(
    join: &JoinConfiguration,
    api: &dyn Cluster,
    net: &dyn Net,
    is_named: bool,
    longest: Option<Duration>,
) -> WorldResult<FoundCluster> {
    let limit = time_limit(join).min(longest.unwrap_or(Duration::MAX));
    discover_within(limit, join, api, net, is_named)
}

/// Finds the cluster as [`discover`] does, if it answers at once.
pub fn discover_at_once(
    join: &JoinConfiguration,
    api: &dyn Cluster,
    net: &dyn Net,
    is_named: bool,
) -> Option<FoundCluster> {
    let token = join.discovery.bootstrap_token.as_ref();
    let accepts =
        token.is_none_or(|token| net.accepts(&token.api_server_endpoint, FIRST_CONNECTION));
    let found = accepts.then(|| discover_within(Duration::ZERO, join, api, net, is_named));
    found?.ok()
}

fn discover_within(
    limit: Duration,
    join: &JoinConfiguration,
    api: &dyn Cluster,
    net: &dyn Net,
    is_named: bool,
) -> WorldResult<FoundCluster> {
    let discovered = match (&join.discovery.bootstrap_token, &join.discovery.file) {
        (Some(token), _) => token::discover(token, api, limit),
        (None, Some(file)) => file::discover(file, api, net, limit, is_named && !join.dry_run),
        (None, None) => Err(Failure::new(
            FailureCode::Invalid,
            "discovery names neither a token nor a file; set discovery.bootstrapToken or \
             discovery.file in the JoinConfiguration",
        )),
    };
    let Discovered {
        server,
        authority_pem,
        credentials,
        may_run_programs,
        warnings,
    } = discovered.map_err(|failure| Failure {
        message: format!(
            "couldn't validate the identity of the API Server: {}",
            failure.message
        ),
        ..failure
    })?;
    parse_authorities(&authority_pem)?;
    let tls = &join.discovery.tls_bootstrap_token;
    let kubeconfig = match (tls.is_empty(), credentials) {
        (false, _) => {
            render::kubeconfig::with_token("kubernetes", &server, &authority_pem, USER, tls)
        }
        (true, Some(kubeconfig)) => kubeconfig,
        (true, None) => {
            let message = "could not find authentication credentials for the TLS bootstrap \
                process. Please use Token discovery, a discovery file with embedded authentication \
                credentials or a discovery file without authentication credentials but with the \
                TLSBootstrapToken flag";
            return Err(Failure::new(FailureCode::Invalid, message));
        }
    };
    Ok(FoundCluster {
        server,
        authority_pem,
        kubeconfig,
        may_run_programs,
        warnings,
    })
}

/// Returns how long discovery may take. The loader sets kubeadm's default, 5 minutes.
fn time_limit(join: &JoinConfiguration) -> Duration {
    let timeouts = join.timeouts.as_ref();
    let discovery = timeouts.and_then(|timeouts| timeouts.discovery);
    let seconds = discovery.unwrap_or_default().as_secs();
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// The result of discovery by a token or by a file.
struct Discovered {
    server: String,
    authority_pem: String,
    /// a kubeconfig that has credentials
    credentials: Option<Secret<String>>,
    /// whether the program in the kubeconfig that authenticates the user may be run
    may_run_programs: bool,
    warnings: Vec<String>,
}

/// Parses the certificates of an authority.
fn parse_authorities(pem: &str) -> WorldResult<Vec<Certificate>> {
    let all = Certificate::parse_all(pem)
        .map_err(|why| invalid(format!("the cluster's authority cannot be read: {why}")))?;
    if all.is_empty() {
        return Err(invalid("the cluster's authority holds no certificate"));
    }
    Ok(all.into_iter().map(Certificate::from_der).collect())
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, message)
}
