//! `kubeconfig` and `cluster-info`: the address of the control plane in this machine's kubeconfigs,
//! and in the ConfigMap by which machines that join find the cluster.
use super::kubelet::{propose_restart_due, stamp_of};
use crate::{
    phase::{bootstrap_token::read_admin_kubeconfig, wait_control_plane::propose_wait},
    render::{kubeconfig::local_url, objects},
    text::yaml,
};
use kubephase_sdk::{
    Effect, Failure, ObjectRef, Outcome, cluster, config, effects, effects_core, kubeadm::Config,
    net::Url, pki, say, spec::Condition,
};
use serde_json::json;
use std::net::IpAddr;

/// Time limit for the answer of a new endpoint, in seconds.
const ANSWER_SECONDS: i64 = 10;

/// `preflight/endpoint`: before anything is changed, an API server has to answer at a new address
/// of the control plane, with a certificate that has its name.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn check_new_endpoint() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let reconfiguration = config.reconfiguration.clone().unwrap_or_default();
    let mut changes = reconfiguration.changes.iter();
    if !changes.any(|change| change.path == "controlPlaneEndpoint") {
        return Ok(Outcome::Skipped("the endpoint does not change".into()));
    }
    let url = wanted_url(&config);
    say(format!(
        "[apply/preflight] Looking whether the control plane answers at {url}"
    ));
    propose_wait(
        Condition::ControlPlaneAnswers {
            url,
            authorities: format!("{}/ca.crt", config.cluster.certificates_dir),
        },
        ANSWER_SECONDS,
    )?;
    Ok(Outcome::Settled)
}

/// `kubeconfig`: a kubeconfig that names the control plane's address gets the new one. A kubeconfig
/// that names a load balancer on this machine stays, and so does the kubeconfig of a kubelet that
/// uses the API server of this machine.
///
/// # Errors
/// A kubeconfig cannot be read, or the host refuses a proposal.
pub fn change_kubeconfigs() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if config.cluster.control_plane_endpoint.is_empty() {
        return Ok(Outcome::Skipped("there is no controlPlaneEndpoint".into()));
    }
    for name in ["admin", "super-admin", KUBELET] {
        if name == KUBELET && needs_change(name, &config)? {
            // The kubelet reads its kubeconfig only when it starts.
            propose_restart_due(&stamp_of(&config))?;
        }
        change(name, &config)?;
    }
    Ok(Outcome::Settled)
}

const KUBELET: &str = "kubelet";

fn path_of(name: &str, config: &Config) -> String {
    format!("{}/{name}.conf", config.run.kubeconfig_dir)
}

/// Returns the URL of the control plane's new address.
fn wanted_url(config: &Config) -> String {
    format!("https://{}", config.cluster.control_plane_endpoint)
}

/// Whether a kubeconfig names another address of the control plane than the wanted one.
fn needs_change(name: &str, config: &Config) -> Result<bool, Failure> {
    let facts = pki::kubeconfig(&path_of(name, config))?;
    Ok(facts.is_some_and(|facts| {
        let is_own = name == KUBELET && local_url(config).is_ok_and(|own| own == facts.server);
        facts.server != wanted_url(config) && !is_own && !is_loopback(&facts.server)
    }))
}

fn change(name: &str, config: &Config) -> Result<Option<Effect>, Failure> {
    if !needs_change(name, config)? {
        return Ok(None);
    }
    let (path, url) = (path_of(name, config), wanted_url(config));
    let changed = effects_core::kubeconfig_server(&path, &url)?;
    let line = format!("[apply/kubeconfig] {path:?} names {url} now");
    effects::announce(changed, &line)?;
    Ok(Some(changed))
}

/// Whether a URL names an address that only this machine reaches.
fn is_loopback(server: &str) -> bool {
    let url = Url::parse(server).ok();
    let host = url.as_ref().map(Url::host).unwrap_or_default();
    let address: Option<IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// `cluster-info`. A ConfigMap that was removed stays so.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn change_cluster_info() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let of = ObjectRef::cluster_info();
    let Some(current) = cluster::get_object(&of)? else {
        return Ok(Outcome::Skipped("the cluster has no cluster-info".into()));
    };
    let text = current["data"]["kubeconfig"].as_str().unwrap_or_default();
    let kubeconfig = yaml::value(text).unwrap_or_default();
    let server = kubeconfig.pointer("/clusters/0/cluster/server");
    let url = config.run.control_plane_url.as_str();
    if server.is_some_and(|server| server == url) || url.is_empty() {
        return Ok(Outcome::Settled);
    }
    let admin = read_admin_kubeconfig(&config.run.kubeconfig)?;
    let release = config.cluster.release();
    let wanted = objects::cluster_info(url, &admin.authority_pem, release);
    let text = wanted.first().map(|map| &map["data"]["kubeconfig"]);
    // The signatures of tokens in the object stay; the cluster makes them anew.
    let changed = cluster::patch_object(&of, &json!({"data": {"kubeconfig": text}}))?;
    let line = format!("[apply/cluster-info] Machines that join find the cluster at {url} now");
    effects::announce(changed, &line)?;
    Ok(Outcome::Settled)
}
