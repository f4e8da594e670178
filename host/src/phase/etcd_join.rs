//! `check-etcd` and `etcd-join`: this node's etcd joins the etcd cluster, before the node's API
//! server needs it.
use crate::render::{MANIFESTS, host_port, static_pod};
use kubephase_sdk::{
    Failure, Outcome, config, effects, effects_core, effects_files, failure, input, json,
    kubeadm::{Config, Timeouts},
    observe_core, observe_files, say,
    spec::{Condition, EtcdMember, EtcdMemberSpec},
};

/// Returns the time limit for requests to etcd, in seconds (kubeadm's `etcdAPICall`).
pub(super) fn timeout(config: &Config) -> i64 {
    let timeouts: Timeouts = config.init.timeouts.clone().unwrap_or_default();
    timeouts.etcd_api_call.unwrap_or_default().as_secs()
}

/// The phase `check-etcd`: waits until the etcd cluster is healthy, and refuses a member that has
/// lost its data.
///
/// # Errors
/// `already-exists` if this node's etcd is a member and has lost its data; or the host cannot
/// answer a question, or refuses a proposal.
pub fn check_health() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if config.cluster.etcd.external.is_some() {
        say("Skipping etcd check in external mode");
        return Ok(Outcome::Skipped("etcd is external".into()));
    }
    if input::round() == 0 {
        say("Checking that the etcd cluster is healthy");
        super::wait_control_plane::propose_wait(Condition::EtcdHealthy {}, timeout(&config))?;
        return Ok(Outcome::Again);
    }
    reject_stale_member(&config)?;
    Ok(Outcome::Settled)
}

/// Refuses to join if this node's etcd is a member and has lost its data: the disk was erased, or
/// `reset` could not remove the member. The other members refuse a member that starts without its
/// data, and kubeadm waits for it until its time is over.
///
/// # Errors
/// `already-exists`, with the command that removes the old member.
fn reject_stale_member(config: &Config) -> Result<(), Failure> {
    let Some(etcd) = &config.cluster.etcd.local else {
        return Ok(());
    };
    let peer_url = peer_url(config);
    let stale = list_members()?
        .into_iter()
        // A member without a name has never started, so it has no data to lose.
        .find(|member| member.has_peer_url(&peer_url) && !member.name.is_empty());
    let Some(EtcdMember { id, name, .. }) = stale else {
        return Ok(());
    };
    for path in [
        format!("{MANIFESTS}/etcd.yaml"),
        format!("{}/member", etcd.data_dir),
    ] {
        if observe_files::stat(&path)?.is_some() {
            return Ok(());
        }
    }
    let message = format!(
        "etcd already has the member {name:?} at {peer_url}, and the data of that member is not in \
         {} any more: the other members refuse a member that starts without its data",
        etcd.data_dir
    );
    let remedy = format!(
        "remove the old member with this command, in which NODE is another control-plane node, \
         then run this again: kubectl -n kube-system exec etcd-NODE -- etcdctl --cacert \
         {pki}/ca.crt --cert {pki}/healthcheck-client.crt --key {pki}/healthcheck-client.key \
         member remove {id:x}",
        pki = format_args!("{}/etcd", config.cluster.certificates_dir)
    );
    Err(Failure {
        remedy: Some(remedy),
        ..failure(kubephase_sdk::FailureCode::AlreadyExists, message)
    })
}

fn peer_url(config: &Config) -> String {
    url_at(config, 2380)
}

/// Returns the URL at which this node's member serves clients.
pub(super) fn client_url(config: &Config) -> String {
    url_at(config, 2379)
}

fn url_at(config: &Config, port: u16) -> String {
    format!(
        "https://{}",
        host_port(&config.init.local_api_endpoint.advertise_address, port)
    )
}

pub(super) fn list_members() -> Result<Vec<EtcdMember>, Failure> {
    let members = observe_core::etcd_members()?;
    members.iter().map(|text| parse_member(text)).collect()
}

fn parse_member(text: &str) -> Result<EtcdMember, Failure> {
    serde_json::from_str(text).map_err(|e| {
        failure(
            kubephase_sdk::FailureCode::Invalid,
            format!("a member of etcd: {e}"),
        )
    })
}

/// The phase `etcd-join`: proposes this node's etcd as a member without a vote, then its static
/// Pod, then its vote.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn join_cluster() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let Some(etcd) = &config.cluster.etcd.local else {
        say("[control-plane-join] Using external etcd - no local stacked instance added");
        return Ok(Outcome::Skipped("etcd is external".into()));
    };
    let (peer_url, client_url) = (peer_url(&config), client_url(&config));
    let spec = |voting| {
        let (peer_url, client_url) = (peer_url.clone(), client_url.clone());
        json(&EtcdMemberSpec {
            peer_url,
            client_url,
            voting,
            timeout_seconds: timeout(&config),
        })
    };
    if input::round() == 0 {
        let data = effects_files::make_dir(&etcd.data_dir)?;
        effects_files::file_mode(data, 0o700)?;
        let member = effects_core::etcd_member(&spec(false))?;
        effects::announce(
            member,
            "[etcd] Announced new etcd member joining to the existing etcd cluster",
        )?;
        return Ok(Outcome::Again);
    }
    let (members, has_vote) =
        list_members_with_names(&config.init.node_registration.name, &peer_url)?;
    if has_vote && observe_files::stat(&format!("{MANIFESTS}/etcd.yaml"))?.is_some() {
        return Ok(Outcome::Skipped(
            "this node's etcd is a member already".into(),
        ));
    }
    let pod = static_pod::etcd_of_joining_member(&config, &members);
    super::propose_static_pod(
        "etcd",
        pod,
        &config,
        "[etcd] Creating static Pod manifest for \"etcd\"",
    )?;
    let member = effects_core::etcd_member(&spec(true))?;
    let limit = kubephase_sdk::duration::Duration::from_secs(timeout(&config));
    effects::announce(
        member,
        &format!(
            "[etcd] Waiting for the new etcd member to join the cluster. This can take up to \
             {limit}"
        ),
    )?;
    Ok(Outcome::Settled)
}

/// Returns all members by name and peer URL, this node's member included, and whether this node's
/// member has a vote. A member that has not started yet is named by its id.
fn list_members_with_names(
    own_name: &str,
    own_url: &str,
) -> Result<(Vec<static_pod::Member>, bool), Failure> {
    let (mut members, mut has_vote) = (Vec::new(), false);
    for member in list_members()? {
        let is_own = member.has_peer_url(own_url);
        has_vote |= is_own && !member.learner;
        let name = match member.name.as_str() {
            _ if is_own => own_name.to_owned(),
            "" => format!("{:x}", member.id),
            name => name.to_owned(),
        };
        members.extend(
            member
                .peer_urls
                .into_iter()
                .map(|peer_url| static_pod::Member {
                    name: name.clone(),
                    peer_url,
                }),
        );
    }
    Ok((members, has_vote))
}
