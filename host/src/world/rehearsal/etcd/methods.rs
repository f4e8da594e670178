//! Etcd as a part of a rehearsal.
use super::EtcdMembers;
use crate::world::{Etcd, EtcdMember, Tried, real::etcd_endpoints, rehearsal::Rehearsal};

impl Rehearsal {
    /// Returns the members of etcd and the URLs at which they listen, found as a real node finds
    /// them. The node's kubelet reads its own static Pods before.
    fn etcd_members(&self) -> Tried<(&EtcdMembers, Vec<String>)> {
        let cluster = self.kubelet.cluster();
        cluster.import_members(self.api.as_ref())?;
        self.kubelet.sync()?;
        let endpoints = etcd_endpoints(self.api.as_ref());
        if endpoints.is_err() && cluster.not_checked().is_some() {
            return Ok((&cluster.etcd, Vec::new()));
        }
        Ok((&cluster.etcd, endpoints?))
    }
}

impl Etcd for Rehearsal {
    fn members(&self) -> Tried<Vec<EtcdMember>> {
        self.etcd_members()?.0.list()
    }

    fn add_learner(&self, peer_url: &str) -> Tried<()> {
        self.etcd_members()?.0.add_learner(peer_url)
    }

    fn promote(&self, id: u64) -> Tried<()> {
        self.etcd_members()?.0.promote(id)
    }

    fn remove(&self, id: u64) -> Tried<()> {
        self.etcd_members()?.0.remove(id)
    }

    fn health(&self) -> Tried<(usize, usize)> {
        let (members, endpoints) = self.etcd_members()?;
        if endpoints.is_empty() {
            // A real etcd that cannot be asked: the note of the dry run says that it was not.
            return Ok((1, 1));
        }
        let healthy = endpoints
            .iter()
            .filter(|endpoint| members.serves_url(endpoint))
            .count();
        Ok((healthy, endpoints.len()))
    }

    fn serves(&self, client_url: &str) -> Tried<bool> {
        Ok(self.etcd_members()?.0.serves_url(client_url))
    }
}
