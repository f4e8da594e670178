//! Members as static Pods start and stop.
use super::{EtcdMembers, MemberStage, MemberState, member_id};
use crate::render::static_pod::flag;
use serde_json::Value;

impl EtcdMembers {
    /// Updates the member of a static Pod that a kubelet finds. The first member makes the cluster.
    /// Any other member starts if it was added and its Pod lists all members, and serves from the
    /// next call on.
    pub fn observe_pod(&self, pod: &Value) {
        let peer_url = peer_url_of(pod);
        let mut members = self.lock();
        if members.is_empty() && flag(pod, "initial-cluster-state") != "existing" {
            members.push(MemberState {
                id: member_id(peer_url, 0),
                name: flag(pod, "name").to_owned(),
                peer_url: peer_url.to_owned(),
                client_urls: client_urls_of(pod),
                learner: false,
                stage: MemberStage::Serving,
            });
            return;
        }
        let lists_all = lists_members(pod, &members);
        let Some(own) = members
            .iter_mut()
            .find(|member| member.peer_url == peer_url)
        else {
            return;
        };
        match own.stage {
            MemberStage::Announced if lists_all => {
                own.name = flag(pod, "name").to_owned();
                own.client_urls = client_urls_of(pod);
                own.stage = MemberStage::Started;
            }
            MemberStage::Started | MemberStage::Down => own.stage = MemberStage::Serving,
            MemberStage::Announced | MemberStage::Serving => {}
        }
    }

    /// Stops the member of a static Pod.
    pub fn stop_pod(&self, pod: &Value) {
        let peer_url = peer_url_of(pod);
        self.lock()
            .iter_mut()
            .filter(|member| member.peer_url == peer_url)
            .for_each(|member| member.stage = MemberStage::Down);
    }

    /// Whether the member of a static Pod serves clients.
    pub fn serves_pod(&self, pod: &Value) -> bool {
        let peer_url = peer_url_of(pod);
        self.lock()
            .iter()
            .any(|member| member.peer_url == peer_url && member.stage == MemberStage::Serving)
    }
}

fn peer_url_of(pod: &Value) -> &str {
    flag(pod, "initial-advertise-peer-urls")
}

fn client_urls_of(pod: &Value) -> Vec<String> {
    flag(pod, "advertise-client-urls")
        .split(',')
        .map(str::to_owned)
        .collect()
}

/// Whether a static Pod lists exactly these members as its cluster.
fn lists_members(pod: &Value, members: &[MemberState]) -> bool {
    let mut listed: Vec<&str> = flag(pod, "initial-cluster")
        .split(',')
        .filter_map(|member| Some(member.split_once('=')?.1))
        .collect();
    listed.sort_unstable();
    let mut all: Vec<&str> = members
        .iter()
        .map(|member| member.peer_url.as_str())
        .collect();
    all.sort_unstable();
    listed == all
}
