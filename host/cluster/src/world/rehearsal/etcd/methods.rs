//! Etcd as a part of a rehearsal.
use super::EtcdMembers;
use crate::{
    render::MANIFESTS,
    world::{Etcd, EtcdMember, TakePart, WorldResult, real::etcd_endpoints, rehearsal::Rehearsal},
};

impl Rehearsal {
    /// Returns the members of etcd, after the node's kubelet has read its static Pods.
    ///
    /// # Errors
    /// The node has no cluster: a real node could not find its members either.
    fn etcd_members(&self) -> WorldResult<&EtcdMembers> {
        Ok(self.members_and_endpoints()?.0)
    }

    /// Returns the members of etcd and their endpoints, as [`Self::etcd_members`] says. The
    /// endpoints of an external cluster are not asked for.
    fn members_and_endpoints(&self) -> WorldResult<(&EtcdMembers, Vec<String>)> {
        let cluster = self.kubelet.cluster();
        if cluster.is_external() {
            let has_etcd = self
                .files
                .stat(&format!("{MANIFESTS}/etcd.yaml"))?
                .is_some();
            cluster.import_members(self.api.as_ref(), has_etcd);
            self.kubelet.sync()?;
            return Ok((&cluster.etcd, Vec::new()));
        }
        self.kubelet.sync()?;
        let endpoints = etcd_endpoints(self.answering_api())?;
        Ok((&cluster.etcd, endpoints))
    }
}

impl Etcd for Rehearsal {
    fn members(&self) -> WorldResult<Vec<EtcdMember>> {
        self.etcd_members()?.list()
    }

    fn add_learner(&self, peer_url: &str) -> WorldResult<()> {
        self.etcd_members()?.add_learner(peer_url)
    }

    fn promote(&self, id: u64) -> WorldResult<()> {
        self.etcd_members()?.promote(id)
    }

    fn remove(&self, id: u64) -> WorldResult<()> {
        self.etcd_members()?.remove(id)
    }

    fn health(&self) -> WorldResult<(usize, usize)> {
        let (members, endpoints) = self.members_and_endpoints()?;
        if self.kubelet.cluster().is_external() {
            // A dry run does not ask a real etcd. It says so in a note.
            return Ok((1, 1));
        }
        let healthy = endpoints
            .iter()
            .filter(|endpoint| members.serves_url(endpoint))
            .count();
        Ok((healthy, endpoints.len()))
    }

    fn serves(&self, client_url: &str) -> WorldResult<bool> {
        let cluster = self.kubelet.cluster();
        if cluster.is_external() {
            return Ok(self.etcd_members()?.serves_url(client_url));
        }
        // A member is asked at its own URL, also while there is no API server.
        self.kubelet.sync()?;
        Ok(cluster.etcd.serves_url(client_url))
    }

    fn snapshot(&self, client_url: &str, take: &mut TakePart<'_>) -> WorldResult<()> {
        self.send_snapshot(client_url, take)
    }
}
