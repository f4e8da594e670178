//! The client as phases and effects see it.
use super::{CALL, RealEtcd, etcd_endpoints};
use crate::world::{Cluster, Etcd, EtcdMember, TakePart, WorldResult};
use etcd_client::{Member, MemberAddOptions};
use std::time::Duration;

/// Limit of a call of a member that is not expected to answer yet.
const SHORT_CALL: Duration = Duration::from_millis(300);
/// The key that is read when only the success of the read matters, as `etcdctl endpoint health`
/// does.
const HEALTH_KEY: &str = "health";

fn to_etcd_member(member: &Member) -> EtcdMember {
    EtcdMember {
        id: member.id(),
        name: member.name().to_owned(),
        peer_urls: member.peer_urls().to_vec(),
        client_urls: member.client_urls().to_vec(),
        learner: member.is_learner(),
    }
}

impl<C: Cluster> Etcd for RealEtcd<C> {
    fn members(&self) -> WorldResult<Vec<EtcdMember>> {
        let listed = self.call_any(async |mut etcd| {
            // A member lists the members that it knows, which may be out of date. After a
            // linearizable read it knows what all members agree on; without quorum the read fails.
            etcd.get(HEALTH_KEY, None).await?;
            etcd.member_list().await
        })?;
        Ok(listed.members().iter().map(to_etcd_member).collect())
    }

    fn add_learner(&self, peer_url: &str) -> WorldResult<()> {
        let options = MemberAddOptions::new().with_is_learner();
        self.call_any(async |mut etcd| {
            etcd.member_add([peer_url.to_owned()], Some(options.clone()))
                .await
        })
        .map(drop)
    }

    fn promote(&self, id: u64) -> WorldResult<()> {
        self.call_any(async |mut etcd| etcd.member_promote(id).await)
            .map(drop)
    }

    fn remove(&self, id: u64) -> WorldResult<()> {
        self.call_any(async |mut etcd| etcd.member_remove(id).await)
            .map(drop)
    }

    fn health(&self) -> WorldResult<(usize, usize)> {
        let endpoints = etcd_endpoints(&self.cluster)?;
        let healthy = endpoints
            .iter()
            .filter(|endpoint| self.is_healthy(endpoint, CALL))
            .count();
        Ok((healthy, endpoints.len()))
    }

    fn serves(&self, client_url: &str) -> WorldResult<bool> {
        Ok(self.is_healthy(client_url, SHORT_CALL))
    }

    fn snapshot(&self, client_url: &str, take: &mut TakePart<'_>) -> WorldResult<()> {
        self.read_snapshot(client_url, take)
    }
}
