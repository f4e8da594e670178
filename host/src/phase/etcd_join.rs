//! `check-etcd` and `etcd-join`: this node's etcd becomes a member of the cluster's, before its API server needs it.
use crate::render::{MANIFESTS, host_port, static_pod};
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, config, effects, effects_core, effects_files, failure, input, json,
    kubeadm::{Config, Timeouts},
    observe_core, observe_files, say,
    spec::{Condition, EtcdMember, EtcdMemberSpec},
};

fn timeout(config: &Config) -> i64 {
    let timeouts: Timeouts = config.init.timeouts.clone().unwrap_or_default();
    timeouts.etcd_api_call.unwrap_or_default().as_secs()
}

/// `check-etcd`
pub struct Check;

impl Phase for Check {
    fn describe() -> PhaseInfo {
        super::info("check-etcd", "Checks that etcd is well before it gets another member")
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        if config.cluster.etcd.external.is_some() {
            say("Skipping etcd check in external mode");
            return Ok(Outcome::Skipped("etcd is external".into()));
        }
        say("Checking that the etcd cluster is healthy");
        super::wait_control_plane::wait(Condition::EtcdHealthy {}, timeout(&config))?;
        Ok(Outcome::Settled)
    }
}

/// `etcd-join`
pub struct Join;

impl Phase for Join {
    fn describe() -> PhaseInfo {
        super::info("etcd-join", "Adds this node's etcd to the cluster's")
    }

    fn run() -> Result<Outcome, Failure> {
        let config: Config = config("")?;
        let Some(etcd) = &config.cluster.etcd.local else {
            say("[control-plane-join] Using external etcd - no local stacked instance added");
            return Ok(Outcome::Skipped("etcd is external".into()));
        };
        let at = |port: u16| format!("https://{}", host_port(&config.init.local_api_endpoint.advertise_address, port));
        let (peer_url, client_url) = (at(2380), at(2379));
        let spec = |voting| {
            let (peer_url, client_url) = (peer_url.clone(), client_url.clone());
            json(&EtcdMemberSpec { peer_url, client_url, voting, timeout_seconds: timeout(&config) })
        };
        if input::round() == 0 {
            let data = effects_files::make_dir(&etcd.data_dir)?;
            effects_files::file_mode(data, 0o700)?;
            let member = effects_core::etcd_member(&spec(false))?;
            effects::announce(member, "[etcd] Announced new etcd member joining to the existing etcd cluster")?;
            return Ok(Outcome::Again);
        }
        let (members, voting) = members(&config.init.node_registration.name, &peer_url)?;
        if voting && observe_files::stat(&format!("{MANIFESTS}/etcd.yaml"))?.is_some() {
            return Ok(Outcome::Skipped("this node's etcd is a member already".into()));
        }
        let pod = static_pod::etcd_joining(&config, &members);
        super::static_pod("etcd", pod, &config, "[etcd] Creating static Pod manifest for \"etcd\"")?;
        let member = effects_core::etcd_member(&spec(true))?;
        let limit = kubephase_sdk::duration::Duration::from_secs(timeout(&config));
        effects::announce(member, &format!("[etcd] Waiting for the new etcd member to join the cluster. This can take up to {limit}"))?;
        Ok(Outcome::Settled)
    }
}

/// All members by name and peer URL, this node's among them, and whether that one has a vote. One that has not started yet
/// is known by its id.
fn members(own_name: &str, own_url: &str) -> Result<(Vec<static_pod::Member>, bool), Failure> {
    let (mut members, mut voting) = (Vec::new(), false);
    for text in observe_core::etcd_members()? {
        let member: EtcdMember = serde_json::from_str(&text).map_err(|e| failure("invalid", format!("a member of etcd: {e}")))?;
        let own = member.peer_urls.iter().any(|url| url == own_url);
        voting |= own && !member.learner;
        let name = match member.name.as_str() {
            _ if own => own_name.to_owned(),
            "" => format!("{:x}", member.id),
            name => name.to_owned(),
        };
        members.extend(member.peer_urls.into_iter().map(|peer_url| static_pod::Member { name: name.clone(), peer_url }));
    }
    Ok((members, voting))
}
