//! Members that join and leave a fake etcd cluster.
use super::*;
use crate::{
    cancel::Cancel,
    config::Config,
    effect::Applied,
    world::{Cluster, Container, Etcd, EtcdMember, Files, Net, Node, Runtime, World, WorldResult},
};
use kubephase_wit::{Failure, FailureCode};
use parking_lot::Mutex;
use serde_json::Value;

/// A fake etcd cluster. Its new member starts step by step: each look at the members is a step.
struct Peers {
    state: Mutex<State>,
    /// whether the new member serves clients only after a restart, because it missed that its peers
    /// know its name
    stuck: bool,
    refuses: bool,
    /// whether the members cannot be listed
    is_unreachable: bool,
    /// whether nothing more happens in this world
    is_dry_run: bool,
}

#[derive(Default)]
struct State {
    members: Vec<EtcdMember>,
    looks: usize,
    stopped: usize,
    /// how often the removal of a member is still refused
    refusals: usize,
    done: Vec<&'static str>,
}

const PEER: &str = "https://10.0.0.2:2380";

impl Peers {
    fn new(members: Vec<EtcdMember>, stuck: bool) -> Peers {
        Peers {
            state: Mutex::new(State {
                members,
                ..State::default()
            }),
            stuck,
            refuses: false,
            is_unreachable: false,
            is_dry_run: false,
        }
    }

    fn with_context<T>(&self, work: impl FnOnce(&Context) -> T) -> T {
        work(&Context::for_test(
            self,
            &Config::default(),
            &Cancel::never(),
        ))
    }

    fn ensure(&self, voting: bool, timeout_seconds: i64) -> WorldResult<EffectOutcome> {
        let spec = EtcdMemberSpec {
            peer_url: PEER.into(),
            client_url: "https://10.0.0.2:2379".into(),
            voting,
            timeout_seconds,
        };
        self.with_context(|context| ensure_member(&spec, context))
    }

    fn remove_member(&self, timeout_seconds: i64) -> WorldResult<Applied> {
        self.with_context(|context| remove_member(PEER, timeout_seconds, context))
    }

    fn done(&self) -> Vec<&'static str> {
        self.state.lock().done.clone()
    }
}

fn member(name: &str, learner: bool) -> EtcdMember {
    EtcdMember {
        id: 7,
        name: name.into(),
        peer_urls: vec![PEER.into()],
        client_urls: vec![],
        learner,
    }
}

impl Etcd for Peers {
    fn snapshot(&self, _: &str, _: &mut crate::world::TakePart<'_>) -> WorldResult<()> {
        unreachable!("no snapshot is read here")
    }

    fn members(&self) -> WorldResult<Vec<EtcdMember>> {
        if self.is_unreachable {
            return Err(Failure::new(FailureCode::Unavailable, "nobody answers"));
        }
        let mut state = self.state.lock();
        state.looks += 1;
        if state.looks > 3 && !self.refuses {
            state
                .members
                .iter_mut()
                .for_each(|member| member.name = "cp2".into());
        }
        Ok(state.members.clone())
    }

    fn add_learner(&self, _: &str) -> WorldResult<()> {
        let mut state = self.state.lock();
        state.members.push(member("", true));
        state.done.push("added");
        Ok(())
    }

    fn promote(&self, id: u64) -> WorldResult<()> {
        let mut state = self.state.lock();
        assert_eq!(id, 7);
        state.members[0].learner = false;
        state.done.push("promoted");
        Ok(())
    }

    fn remove(&self, id: u64) -> WorldResult<()> {
        let mut state = self.state.lock();
        if state.refusals > 0 {
            state.refusals -= 1;
            state.done.push("refused");
            return Err(Failure {
                retryable: true,
                ..Failure::new(FailureCode::Unavailable, "etcdserver: unhealthy cluster")
            });
        }
        state.members.retain(|member| member.id != id);
        state.done.push("removed");
        Ok(())
    }

    fn health(&self) -> WorldResult<(usize, usize)> {
        Ok((1, 1))
    }

    fn serves(&self, _: &str) -> WorldResult<bool> {
        let state = self.state.lock();
        Ok(!state.members[0].name.is_empty() && (!self.stuck || state.stopped > 0))
    }
}

impl Runtime for Peers {
    fn containers(&self) -> WorldResult<Vec<Container>> {
        let containers = ["etcd", "kube-proxy"].map(|name| Container {
            id: name.into(),
            name: name.into(),
            running: true,
            ..Container::default()
        });
        Ok(containers.into())
    }

    fn stop_container(&self, id: &str, grace: Duration) -> WorldResult<()> {
        assert_eq!((id, grace), ("etcd", Duration::ZERO));
        let mut state = self.state.lock();
        state.stopped += 1;
        state.done.push("started anew");
        Ok(())
    }

    fn status(&self) -> WorldResult<Value> {
        unreachable!()
    }

    fn config(&self) -> WorldResult<Value> {
        unreachable!()
    }

    fn image_present(&self, _: &str) -> WorldResult<bool> {
        unreachable!()
    }

    fn pull(&self, _: &str) -> WorldResult<()> {
        unreachable!()
    }

    fn remove_sandboxes(&self) -> WorldResult<usize> {
        unreachable!()
    }

    fn log(&self, _: &str, _: usize) -> WorldResult<Vec<String>> {
        unreachable!()
    }
}

impl World for Peers {
    fn etcd(&self) -> &dyn Etcd {
        self
    }

    fn runtime(&self) -> &dyn Runtime {
        self
    }

    fn files(&self) -> &dyn Files {
        unreachable!()
    }

    fn node(&self) -> &dyn Node {
        unreachable!()
    }

    fn net(&self) -> &dyn Net {
        unreachable!()
    }

    fn cluster(&self) -> &dyn Cluster {
        unreachable!()
    }

    fn longest_wait(&self) -> Option<Duration> {
        self.is_dry_run.then_some(Duration::ZERO)
    }
}

#[test]
fn a_dry_run_counts_a_member_as_removed_that_it_cannot_ask_about() {
    for (is_dry_run, is_removed) in [(true, true), (false, false)] {
        let peers = Peers {
            is_unreachable: true,
            is_dry_run,
            ..Peers::new(vec![], false)
        };
        let removed = peers.remove_member(0);
        assert_eq!(
            removed.is_ok_and(|applied| applied == Applied::Changed),
            is_removed
        );
    }
}

#[test]
fn a_member_is_added_once_and_has_its_vote_when_it_serves() {
    let peers = Peers::new(vec![], false);
    assert_eq!(peers.ensure(false, 10).unwrap().applied, Applied::Changed);
    assert_eq!(peers.ensure(false, 10).unwrap().applied, Applied::Unchanged);
    assert_eq!(peers.ensure(true, 10).unwrap().applied, Applied::Changed);
    assert_eq!(peers.ensure(true, 10).unwrap().applied, Applied::Unchanged);
    assert_eq!(peers.done(), ["added", "promoted"]);
}

#[test]
fn a_learner_that_waits_for_what_it_missed_is_started_anew_once() {
    let peers = Peers::new(vec![member("", true)], true);
    peers.ensure(true, 10).unwrap();
    assert_eq!(peers.done(), ["started anew", "promoted"]);
}

#[test]
fn a_member_with_a_vote_is_not_started_anew() {
    let peers = Peers::new(vec![member("cp2", false)], true);
    let failure = peers.ensure(true, 1).unwrap_err();
    assert!(
        failure.code == FailureCode::Timeout
            && failure.message.ends_with("it serves no clients yet"),
        "{failure:?}"
    );
    assert!(peers.done().is_empty());
}

#[test]
fn a_member_that_never_starts_ends_the_wait() {
    let peers = Peers {
        refuses: true,
        ..Peers::new(vec![member("", true)], false)
    };
    let failure = peers.ensure(true, 1).unwrap_err();
    assert!(
        failure.message.ends_with("it has not started")
            && failure.remedy.unwrap().contains("member remove")
    );
}

#[test]
fn a_member_leaves_when_the_others_let_it() {
    let first = EtcdMember {
        id: 1,
        peer_urls: vec!["https://10.0.0.1:2380".into()],
        ..EtcdMember::default()
    };
    let peers = Peers::new(vec![first, member("cp2", false)], false);
    peers.state.lock().refusals = 2;
    assert_eq!(
        peers.remove_member(0).unwrap_err().message,
        "etcdserver: unhealthy cluster",
        "there was no time to ask again"
    );
    assert_eq!(peers.remove_member(10).unwrap(), Applied::Changed);
    assert_eq!(peers.done(), ["refused", "refused", "removed"]);
    assert_eq!(
        peers.remove_member(10).unwrap(),
        Applied::Unchanged,
        "it has left already"
    );
    let last = Peers::new(vec![member("cp2", false)], false);
    assert!(matches!(
        last.remove_member(10).unwrap(),
        Applied::Skipped(_)
    ));
    assert!(last.done().is_empty());
}
