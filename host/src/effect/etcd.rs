//! Membership of etcd. A new member follows as a learner until it has caught up, and only then has a vote: so the cluster
//! keeps its quorum whatever becomes of the new one.
use super::{Context, Done};
use crate::world::Tried;
use kubephase_sdk::spec::EtcdMemberSpec;
use kubephase_wit::Failure;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(100);

/// How long a member may take to serve once its peers know it by name. One that saw for itself that they do serves at once.
const PATIENCE: Duration = Duration::from_millis(200);

/// A member at this peer URL, with a vote where that is wanted.
pub fn ensure_member(spec: &EtcdMemberSpec, context: &Context) -> Tried<Done> {
    let (began, limit) = (Instant::now(), Duration::from_secs(u64::try_from(spec.timeout_seconds).unwrap_or(0)));
    let (mut changed, mut known) = (false, Known::No);
    loop {
        let last = match step(spec, context, &mut known) {
            Ok(Step::There) => return Ok(Done::from(changed)),
            Ok(Step::Changed) if !spec.voting => return Ok(Done::from(true)),
            Ok(Step::Changed) => {
                changed = true;
                continue;
            }
            Ok(Step::Waiting(what)) => what.to_owned(),
            Err(failure) if failure.retryable => failure.message,
            Err(failure) => return Err(failure),
        };
        if (context.cancelled)() {
            return Err(Failure::new("cancelled", "the run was cancelled while waiting for etcd"));
        }
        if began.elapsed() + PAUSE > limit {
            let remedy = "look at the log of its container (crictl ps -a --name etcd), and at the members with `etcdctl member list`; one that will not start can be taken out with `etcdctl member remove`";
            let message = format!("the etcd member at {} did not come about within {}s: {last}", spec.peer_url, limit.as_secs());
            return Err(Failure { retryable: true, remedy: Some(remedy.into()), ..Failure::new("timeout", message) });
        }
        std::thread::sleep(PAUSE);
    }
}

enum Step {
    There,
    Changed,
    Waiting(&'static str),
}

/// Since when its peers know a member by name.
enum Known {
    No,
    Since(Instant),
    StartedAnew,
}

/// One look at the member, and one change at most.
fn step(spec: &EtcdMemberSpec, context: &Context, known: &mut Known) -> Tried<Step> {
    let etcd = context.world.etcd();
    let members = etcd.members()?;
    let Some(member) = members.iter().find(|member| member.peer_urls.contains(&spec.peer_url)) else {
        return etcd.add_learner(&spec.peer_url).map(|()| Step::Changed);
    };
    if !spec.voting {
        return Ok(Step::There);
    }
    if member.name.is_empty() {
        return Ok(Step::Waiting("it has not started"));
    }
    if etcd.serves(&spec.client_url)? {
        return if member.learner { etcd.promote(member.id).map(|()| Step::Changed) } else { Ok(Step::There) };
    }
    match *known {
        Known::No => *known = Known::Since(Instant::now()),
        Known::Since(since) if member.learner && since.elapsed() > PATIENCE => {
            start_anew(context)?;
            *known = Known::StartedAnew;
        }
        _ => {}
    }
    Ok(Step::Waiting("it serves no clients yet"))
}

/// A new member tells the others its name and serves when it sees that they took note of it. Where it sees that only within
/// the snapshot that it gets first, it goes on waiting, seven seconds or more, and then asks again (etcd 3.6). Started anew
/// it asks at once; as it has no vote, nobody misses it meanwhile. Told to shut down it would wait for its answer as well, so it
/// is ended as by a power cut, which etcd is made for.
fn start_anew(context: &Context) -> Tried<()> {
    let runtime = context.world.runtime();
    let containers = runtime.containers()?;
    let own = containers.iter().filter(|container| container.running && container.name == "etcd");
    own.map(|container| &container.id).try_for_each(|id| runtime.stop_container(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        effect::Enacted,
        world::{Cluster, Container, Etcd, EtcdMember, Files, Net, Node, Runtime, Tried, World},
    };
    use kubephase_sdk::kubeadm::Config;
    use serde_json::Value;
    use std::sync::Mutex;

    /// An etcd whose new member goes through what etcd's own do, a look at a time.
    struct Peers {
        state: Mutex<State>,
        /// the member waits for an answer that came to it within a snapshot
        stuck: bool,
        refuses: bool,
    }

    #[derive(Default)]
    struct State {
        members: Vec<EtcdMember>,
        looks: usize,
        stopped: usize,
        done: Vec<&'static str>,
    }

    const PEER: &str = "https://10.0.0.2:2380";

    impl Peers {
        fn with(members: Vec<EtcdMember>, stuck: bool) -> Peers {
            Peers { state: Mutex::new(State { members, ..State::default() }), stuck, refuses: false }
        }

        fn ensure(&self, voting: bool, timeout_seconds: i64) -> Tried<Done> {
            let config = Config::default();
            let context = Context { world: self, config: &config, started: 0, disturbed: false, made: &|_| false, cancelled: &|| false };
            let spec = EtcdMemberSpec { peer_url: PEER.into(), client_url: "https://10.0.0.2:2379".into(), voting, timeout_seconds };
            ensure_member(&spec, &context)
        }

        fn done(&self) -> Vec<&'static str> {
            self.state.lock().unwrap().done.clone()
        }
    }

    fn member(name: &str, learner: bool) -> EtcdMember {
        EtcdMember { id: 7, name: name.into(), peer_urls: vec![PEER.into()], client_urls: vec![], learner }
    }

    impl Etcd for Peers {
        fn members(&self) -> Tried<Vec<EtcdMember>> {
            let mut state = self.state.lock().unwrap();
            state.looks += 1;
            if state.looks > 3 && !self.refuses {
                state.members.iter_mut().for_each(|member| member.name = "cp2".into());
            }
            Ok(state.members.clone())
        }

        fn add_learner(&self, _: &str) -> Tried<()> {
            let mut state = self.state.lock().unwrap();
            state.members.push(member("", true));
            state.done.push("added");
            Ok(())
        }

        fn promote(&self, id: u64) -> Tried<()> {
            let mut state = self.state.lock().unwrap();
            assert_eq!(id, 7);
            state.members[0].learner = false;
            state.done.push("promoted");
            Ok(())
        }

        fn remove(&self, _: u64) -> Tried<()> {
            unreachable!("nobody leaves")
        }

        fn health(&self) -> Tried<(usize, usize)> {
            Ok((1, 1))
        }

        fn serves(&self, _: &str) -> Tried<bool> {
            let state = self.state.lock().unwrap();
            Ok(!state.members[0].name.is_empty() && (!self.stuck || state.stopped > 0))
        }
    }

    impl Runtime for Peers {
        fn containers(&self) -> Tried<Vec<Container>> {
            let container = |name: &str, running| Container { id: name.into(), name: name.into(), running, attempt: 0 };
            Ok(vec![container("etcd", true), container("kube-proxy", true)])
        }

        fn stop_container(&self, id: &str) -> Tried<()> {
            assert_eq!(id, "etcd");
            let mut state = self.state.lock().unwrap();
            state.stopped += 1;
            state.done.push("started anew");
            Ok(())
        }

        fn status(&self) -> Tried<Value> {
            unreachable!()
        }

        fn config(&self) -> Tried<Value> {
            unreachable!()
        }

        fn image_present(&self, _: &str) -> Tried<bool> {
            unreachable!()
        }

        fn pull(&self, _: &str) -> Tried<()> {
            unreachable!()
        }

        fn remove_sandboxes(&self) -> Tried<usize> {
            unreachable!()
        }

        fn log(&self, _: &str, _: usize) -> Tried<Vec<String>> {
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
    }

    #[test]
    fn a_member_is_added_once_and_has_its_vote_when_it_serves() {
        let peers = Peers::with(vec![], false);
        assert_eq!(peers.ensure(false, 10).unwrap().enacted, Enacted::Changed);
        assert_eq!(peers.ensure(false, 10).unwrap().enacted, Enacted::Unchanged);
        assert_eq!(peers.ensure(true, 10).unwrap().enacted, Enacted::Changed);
        assert_eq!(peers.ensure(true, 10).unwrap().enacted, Enacted::Unchanged);
        assert_eq!(peers.done(), ["added", "promoted"]);
    }

    #[test]
    fn a_learner_that_waits_for_what_it_missed_is_started_anew_once() {
        let peers = Peers::with(vec![member("", true)], true);
        peers.ensure(true, 10).unwrap();
        assert_eq!(peers.done(), ["started anew", "promoted"]);
    }

    #[test]
    fn a_member_with_a_vote_is_left_to_itself() {
        let peers = Peers::with(vec![member("cp2", false)], true);
        let failure = peers.ensure(true, 1).unwrap_err();
        assert!(failure.code == "timeout" && failure.message.ends_with("it serves no clients yet"), "{failure:?}");
        assert!(peers.done().is_empty());
    }

    #[test]
    fn a_member_that_never_starts_ends_the_wait() {
        let peers = Peers { refuses: true, ..Peers::with(vec![member("", true)], false) };
        let failure = peers.ensure(true, 1).unwrap_err();
        assert!(failure.message.ends_with("it has not started") && failure.remedy.unwrap().contains("member remove"));
    }
}
