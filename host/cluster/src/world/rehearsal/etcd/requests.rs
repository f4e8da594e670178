//! Requests to etcd, by etcd's rules and in its words.
use super::{EtcdMembers, MemberStage, MemberState, MembersGuard, member_id, retryable_refusal};
use crate::world::{EtcdMember, WorldResult};
use kubephase_wit::{Failure, FailureCode};

fn to_etcd_member(member: &MemberState) -> EtcdMember {
    EtcdMember {
        id: member.id,
        name: member.name.clone(),
        peer_urls: vec![member.peer_url.clone()],
        client_urls: member.client_urls.clone(),
        learner: member.learner,
    }
}

impl EtcdMembers {
    /// Locks the members for a request, which etcd answers only while most members with a vote
    /// serve.
    pub(super) fn lock_with_quorum(&self) -> WorldResult<MembersGuard<'_>> {
        let members = self.lock();
        let voters = members.iter().filter(|member| !member.learner);
        let (all, up) = voters.fold((0, 0), |(all, up), voter| {
            (
                all + 1,
                up + usize::from(voter.stage == MemberStage::Serving),
            )
        });
        if up * 2 > all {
            Ok(members)
        } else {
            Err(retryable_refusal("no leader"))
        }
    }

    pub(super) fn list(&self) -> WorldResult<Vec<EtcdMember>> {
        Ok(self
            .lock_with_quorum()?
            .iter()
            .map(to_etcd_member)
            .collect())
    }

    pub(super) fn add_learner(&self, peer_url: &str) -> WorldResult<()> {
        let mut members = self.lock_with_quorum()?;
        if members.iter().any(|member| member.peer_url == peer_url) {
            return Err(Failure::new(
                FailureCode::AlreadyExists,
                "etcdserver: Peer URLs already exists",
            ));
        }
        if members.iter().any(|member| member.learner) {
            return Err(retryable_refusal("too many learner members in cluster"));
        }
        let id = (0..)
            .map(|attempt| member_id(peer_url, attempt))
            .find(|id| members.iter().all(|member| member.id != *id))
            .unwrap_or_default();
        members.push(MemberState {
            id,
            name: String::new(),
            peer_url: peer_url.to_owned(),
            client_urls: Vec::new(),
            learner: true,
            stage: MemberStage::Announced,
        });
        Ok(())
    }

    pub(super) fn promote(&self, id: u64) -> WorldResult<()> {
        let mut members = self.lock_with_quorum()?;
        match members.iter_mut().find(|member| member.id == id) {
            None => Err(Failure::new(
                FailureCode::NotFound,
                "etcdserver: member not found",
            )),
            Some(member) if !member.learner => Err(Failure::new(
                FailureCode::Invalid,
                "etcdserver: can only promote a learner member",
            )),
            Some(member) if member.stage != MemberStage::Serving => Err(retryable_refusal(
                "can only promote a learner member which is in sync with leader",
            )),
            Some(member) => {
                member.learner = false;
                Ok(())
            }
        }
    }

    pub(super) fn remove(&self, id: u64) -> WorldResult<()> {
        let mut members = self.lock_with_quorum()?;
        let count = members.len();
        members.retain(|member| member.id != id);
        if members.len() < count {
            Ok(())
        } else {
            Err(Failure::new(
                FailureCode::NotFound,
                "etcdserver: member not found",
            ))
        }
    }

    /// Whether a member serves clients at a URL.
    pub(super) fn serves_url(&self, client_url: &str) -> bool {
        self.lock().iter().any(|member| {
            member.stage == MemberStage::Serving
                && member.client_urls.iter().any(|url| url == client_url)
        })
    }
}
