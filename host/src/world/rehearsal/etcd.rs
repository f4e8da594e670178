//! The membership of the cluster's etcd, without the etcd: members come and get their vote by
//! etcd's own rules (3.6), and run where a kubelet finds their static Pod.
use super::{
    Rehearsal,
    kept::{Entry, Log},
};
use crate::{
    render::static_pod::flag,
    world::{Etcd, EtcdMember, Tried, real::etcd_endpoints},
};
use kubephase_wit::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Who is a member.
pub struct Members {
    members: Mutex<Vec<Member>>,
    log: Arc<Log>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    id: u64,
    /// empty until it has started
    name: String,
    peer_url: String,
    client_urls: Vec<String>,
    learner: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// the others know that it will come
    Announced,
    /// it runs, and is not up to date yet
    Started,
    Serving,
    Down,
}

/// What etcd refuses now and may do later.
fn not_yet(message: &str) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new("unavailable", format!("etcdserver: {message}"))
    }
}

fn entry(members: &[Member]) -> Entry {
    Entry::Members(serde_json::to_value(members).unwrap_or_default())
}

/// The members, for one who may change them; what changed is kept.
struct Changing<'a> {
    before: Vec<Member>,
    members: MutexGuard<'a, Vec<Member>>,
    log: &'a Log,
}

impl Deref for Changing<'_> {
    type Target = Vec<Member>;

    fn deref(&self) -> &Vec<Member> {
        &self.members
    }
}

impl DerefMut for Changing<'_> {
    fn deref_mut(&mut self) -> &mut Vec<Member> {
        &mut self.members
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        if self.before != *self.members {
            self.log.add(|| entry(&self.members));
        }
    }
}

impl Members {
    pub fn new(log: Arc<Log>) -> Members {
        Members {
            members: Mutex::default(),
            log,
        }
    }

    fn lock(&self) -> Changing<'_> {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        Changing {
            before: members.clone(),
            members,
            log: &self.log,
        }
    }

    /// A kubelet's look at its etcd. The first of all makes the cluster; any other starts where it
    /// is announced and knows the others, and catches up until the next look.
    pub fn look(&self, pod: &Value) {
        let (name, peer_url) = (
            flag(pod, "name").to_owned(),
            flag(pod, "initial-advertise-peer-urls").to_owned(),
        );
        let client_urls = flag(pod, "advertise-client-urls")
            .split(',')
            .map(str::to_owned)
            .collect();
        let mut members = self.lock();
        if members.is_empty() && flag(pod, "initial-cluster-state") != "existing" {
            members.push(Member {
                id: id(&peer_url, 0),
                name,
                peer_url,
                client_urls,
                learner: false,
                stage: Stage::Serving,
            });
            return;
        }
        let mut told: Vec<&str> = flag(pod, "initial-cluster")
            .split(',')
            .filter_map(|member| Some(member.split_once('=')?.1))
            .collect();
        told.sort_unstable();
        let mut all: Vec<String> = members
            .iter()
            .map(|member| member.peer_url.clone())
            .collect();
        all.sort_unstable();
        let Some(own) = members
            .iter_mut()
            .find(|member| member.peer_url == peer_url)
        else {
            return;
        };
        match own.stage {
            Stage::Announced if told == all => {
                (own.name, own.client_urls, own.stage) = (name, client_urls, Stage::Started)
            }
            Stage::Started | Stage::Down => own.stage = Stage::Serving,
            Stage::Announced | Stage::Serving => {}
        }
    }

    /// The member of this Pod runs no more.
    pub fn down(&self, pod: &Value) {
        let peer_url = flag(pod, "initial-advertise-peer-urls");
        self.lock()
            .iter_mut()
            .filter(|member| member.peer_url == peer_url)
            .for_each(|member| member.stage = Stage::Down);
    }

    /// Whether the member of this Pod serves clients.
    pub fn serves(&self, pod: &Value) -> bool {
        let peer_url = flag(pod, "initial-advertise-peer-urls");
        self.lock()
            .iter()
            .any(|member| member.peer_url == peer_url && member.stage == Stage::Serving)
    }

    /// All of them, as a log begins.
    pub fn entry(&self) -> Entry {
        entry(&self.lock())
    }

    /// As they were; those of other machines went on running meanwhile.
    pub fn restore(&self, kept: &Value) {
        *self.lock() = Vec::deserialize(kept).unwrap_or_default();
    }

    /// Takes over those of a cluster outside, as they are: whether each of them serves is seen
    /// once.
    ///
    /// # Errors
    /// Where nobody there answers, or too few of them serve.
    pub fn meet(&self, etcd: &dyn Etcd) -> Tried<()> {
        let member = |member: EtcdMember| {
            let EtcdMember {
                id,
                name,
                peer_urls,
                client_urls,
                learner,
            } = member;
            let serves = client_urls
                .iter()
                .any(|url| etcd.serves(url).unwrap_or(false));
            let stage = match (name.is_empty(), serves) {
                (true, _) => Stage::Announced,
                (false, true) => Stage::Serving,
                (false, false) => Stage::Down,
            };
            Member {
                id,
                name,
                peer_url: peer_urls.into_iter().next().unwrap_or_default(),
                client_urls,
                learner,
                stage,
            }
        };
        let met = etcd.members()?.into_iter().map(member).collect();
        *self.lock() = met;
        self.quorum().map(drop)
    }

    /// Whoever asks is answered only while most of those with a vote run.
    fn quorum(&self) -> Tried<Changing<'_>> {
        let members = self.lock();
        let voters = members.iter().filter(|member| !member.learner);
        let (all, up) = voters.fold((0, 0), |(all, up), voter| {
            (all + 1, up + usize::from(voter.stage == Stage::Serving))
        });
        if up * 2 > all {
            Ok(members)
        } else {
            Err(not_yet("no leader"))
        }
    }

    fn list(&self) -> Tried<Vec<EtcdMember>> {
        let shown = |member: &Member| EtcdMember {
            id: member.id,
            name: member.name.clone(),
            peer_urls: vec![member.peer_url.clone()],
            client_urls: member.client_urls.clone(),
            learner: member.learner,
        };
        Ok(self.quorum()?.iter().map(shown).collect())
    }

    fn add_learner(&self, peer_url: &str) -> Tried<()> {
        let mut members = self.quorum()?;
        if members.iter().any(|member| member.peer_url == peer_url) {
            return Err(Failure::new(
                "already-exists",
                "etcdserver: Peer URLs already exists",
            ));
        }
        if members.iter().any(|member| member.learner) {
            return Err(not_yet("too many learner members in cluster"));
        }
        let id = (0..)
            .map(|before| id(peer_url, before))
            .find(|id| members.iter().all(|member| member.id != *id))
            .unwrap_or_default();
        let (name, client_urls) = (String::new(), Vec::new());
        members.push(Member {
            id,
            name,
            peer_url: peer_url.to_owned(),
            client_urls,
            learner: true,
            stage: Stage::Announced,
        });
        Ok(())
    }

    fn promote(&self, id: u64) -> Tried<()> {
        match self.quorum()?.iter_mut().find(|member| member.id == id) {
            None => Err(Failure::new("not-found", "etcdserver: member not found")),
            Some(member) if !member.learner => Err(Failure::new(
                "invalid",
                "etcdserver: can only promote a learner member",
            )),
            Some(member) if member.stage != Stage::Serving => Err(not_yet(
                "can only promote a learner member which is in sync with leader",
            )),
            Some(member) => {
                member.learner = false;
                Ok(())
            }
        }
    }

    fn remove(&self, id: u64) -> Tried<()> {
        let mut members = self.quorum()?;
        let there = members.len();
        members.retain(|member| member.id != id);
        if members.len() < there {
            Ok(())
        } else {
            Err(Failure::new("not-found", "etcdserver: member not found"))
        }
    }

    /// Whether a member serves clients at this URL.
    fn serves_at(&self, client_url: &str) -> bool {
        let at = |member: &Member| member.client_urls.iter().any(|url| url == client_url);
        self.lock()
            .iter()
            .any(|member| member.stage == Stage::Serving && at(member))
    }
}

/// Another for every time that a member comes.
fn id(peer_url: &str, before: usize) -> u64 {
    let digest = crate::text::digest::sha256_hex(format!("{peer_url} {before}").as_bytes());
    u64::from_str_radix(&digest[..16], 16).unwrap_or_default()
}

impl Rehearsal {
    /// The members and where they listen, for one who finds that as a real node does; its kubelet
    /// looks at its own meanwhile.
    fn found(&self) -> Tried<(&Members, Vec<String>)> {
        let common = self.kubelet.common();
        common.meet()?;
        self.kubelet.sync()?;
        Ok((&common.etcd, etcd_endpoints(self.api.as_ref())?))
    }
}

impl Etcd for Rehearsal {
    fn members(&self) -> Tried<Vec<EtcdMember>> {
        self.found()?.0.list()
    }

    fn add_learner(&self, peer_url: &str) -> Tried<()> {
        self.found()?.0.add_learner(peer_url)
    }

    fn promote(&self, id: u64) -> Tried<()> {
        self.found()?.0.promote(id)
    }

    fn remove(&self, id: u64) -> Tried<()> {
        self.found()?.0.remove(id)
    }

    fn health(&self) -> Tried<(usize, usize)> {
        let (members, endpoints) = self.found()?;
        Ok((
            endpoints
                .iter()
                .filter(|endpoint| members.serves_at(endpoint))
                .count(),
            endpoints.len(),
        ))
    }

    fn serves(&self, client_url: &str) -> Tried<bool> {
        Ok(self.found()?.0.serves_at(client_url))
    }
}

#[cfg(test)]
mod tests;
