//! Finding the cluster that a node joins: where its API server is, whom to trust, and with what the
//! kubelet asks for its certificate. Nothing is changed, here or there.
mod file;
#[cfg(test)]
mod served;
#[cfg(test)]
mod tests;
mod token;

use crate::{
    config::{FoundCluster, JoinConfiguration},
    pki::{Certificate, Kubeconfig},
    render,
    secret::Secret,
    world::{Cluster, Net, Tried},
};
use kubephase_wit::{Failure, ObjectRef};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The user of the kubeconfig with which a kubelet asks for its certificate (kubeadm's name).
const USER: &str = "tls-bootstrap-token-user";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// While a cluster that was just made gets to sign what it tells.
const BRISK_PAUSE: Duration = Duration::from_millis(250);
const SOON: Duration = Duration::from_secs(30);
/// kubeadm's interval.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Finds the cluster by token, or by a kubeconfig. `named` says that the operator named that
/// kubeconfig on the command line.
///
/// # Errors
/// Why it is not found, or not trusted, and what to do.
pub fn discover(
    join: &JoinConfiguration,
    api: &dyn Cluster,
    net: &dyn Net,
    named: bool,
) -> Tried<FoundCluster> {
    let limit = join
        .timeouts
        .as_ref()
        .and_then(|timeouts| timeouts.discovery)
        .unwrap_or_default()
        .as_secs();
    let limit = Duration::from_secs(u64::try_from(limit).unwrap_or(0));
    let wrap = |failure: Failure| Failure {
        message: format!(
            "couldn't validate the identity of the API Server: {}",
            failure.message
        ),
        ..failure
    };
    let discovered = match (&join.discovery.bootstrap_token, &join.discovery.file) {
        (Some(token), _) => token::discover(token, api, limit),
        (None, Some(file)) => file::discover(file, api, net, limit, named && !join.dry_run),
        (None, None) => Err(Failure::new(
            "invalid",
            "neither a token nor a file says how the cluster is to be found",
        )),
    };
    let Discovered {
        server,
        authority_pem,
        credentials,
        may_run_programs,
        warnings,
    } = discovered.map_err(wrap)?;
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
            return Err(Failure::new("invalid", message));
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

/// What one way of discovery came to.
struct Discovered {
    server: String,
    authority_pem: String,
    /// a kubeconfig with credentials of its own
    credentials: Option<Secret<String>>,
    /// a program in it that authenticates the user may be run
    may_run_programs: bool,
    warnings: Vec<String>,
}

/// The certificates of an authority.
fn parse_authorities(pem: &str) -> Tried<Vec<Certificate>> {
    let all = Certificate::parse_all(pem).map_err(|why| {
        Failure::new(
            "invalid",
            format!("the cluster's authority cannot be read: {why}"),
        )
    })?;
    if all.is_empty() {
        return Err(Failure::new(
            "invalid",
            "the cluster's authority holds no certificate",
        ));
    }
    Ok(all.into_iter().map(Certificate::from_der).collect())
}

fn cluster_info() -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some("kube-public".into()),
        name: "cluster-info".into(),
    }
}

/// The data of `cluster-info`, once it is as wanted.
///
/// # Errors
/// The last thing seen, when the time is over; at once where trying again will not help.
fn wait_for_cluster_info(
    cluster: &dyn Cluster,
    limit: Duration,
    wanted: impl Fn(&Value) -> Tried<()>,
) -> Tried<Value> {
    let (began, mut pause) = (Instant::now(), FIRST_PAUSE.min(limit));
    loop {
        let seen = cluster.get(&cluster_info()).and_then(|found| {
            let missing = || Failure::new("not-found", "configmaps \"cluster-info\" not found");
            let data = found.ok_or_else(missing)?["data"].clone();
            wanted(&data).map(|()| data)
        });
        let failure = match seen {
            Ok(data) => return Ok(data),
            // A server that does not stop talking is asked once.
            Err(failure) if failure.code == "limit" => {
                let remedy = "what answers at this address is not the API server of a cluster: \
                    compare the address with the one that init printed";
                return Err(Failure {
                    remedy: Some(remedy.into()),
                    ..failure
                });
            }
            Err(failure)
                if matches!(
                    failure.code.as_str(),
                    "forbidden" | "given-up" | "cancelled" | "denied"
                ) =>
            {
                return Err(failure);
            }
            Err(failure) => failure,
        };
        if began.elapsed() + pause > limit {
            let remedy = "look whether the API server is reached from here, and whether the \
                cluster was made by kubephase or kubeadm; the discovery timeout is \
                timeouts.discovery";
            return Err(Failure {
                message: format!(
                    "failed to request the cluster-info ConfigMap: {}",
                    failure.message
                ),
                remedy: failure.remedy.clone().or(Some(remedy.into())),
                ..failure
            });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(if began.elapsed() < SOON {
            BRISK_PAUSE
        } else {
            LONGEST_PAUSE
        });
    }
}

/// Server and authority of the cluster that a kubeconfig is about: the one without a name, else its
/// context's.
fn server_and_authority(kubeconfig: &Kubeconfig) -> Option<(String, Option<String>)> {
    let cluster = kubeconfig.main_cluster()?;
    let server = cluster["server"].as_str()?.to_owned();
    let authority = cluster["certificate-authority-data"]
        .as_str()
        .and_then(|data| data_encoding::BASE64.decode(data.as_bytes()).ok());
    Some((
        server,
        authority.and_then(|pem| String::from_utf8(pem).ok()),
    ))
}
