//! Membership of etcd. A new member follows as a learner until it has caught up, and only then has
//! a vote: so the cluster keeps its quorum whatever becomes of the new one.
use super::{
    Applied, Context, Done,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
};
use crate::{
    backoff::{Backoff, NextTry, Tries},
    wasm::grant::Grant,
    world::Tried,
};
use kubephase_sdk::spec::EtcdMemberSpec;
use kubephase_wit::{Failure, FailureCode};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(100);

/// How long a member may take to serve once its peers know it by name. One that saw for itself that
/// they do serves at once.
const PATIENCE: Duration = Duration::from_millis(200);

/// A member at this peer URL, with a vote where that is wanted.
pub fn ensure_member(spec: &EtcdMemberSpec, context: &Context) -> Tried<Done> {
    let mut tries = start_tries(spec.timeout_seconds);
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
        if !wait_for_next(&mut tries, context)? {
            let remedy = "look at the log of its container (crictl ps -a --name etcd), and at the \
                members with `etcdctl member list`; one that will not start can be taken out with \
                `etcdctl member remove`";
            let message = format!(
                "the etcd member at {} did not come about within {}s: {last}",
                spec.peer_url,
                spec.timeout_seconds.max(0)
            );
            return Err(Failure {
                retryable: true,
                remedy: Some(remedy.into()),
                ..Failure::new(FailureCode::Timeout, message)
            });
        }
    }
}

/// A member is no more; the last one stays, without which there is no etcd to ask. Others refuse
/// while one of them came within the last seconds ("unhealthy cluster"), or there is no leader:
/// they are asked until they do it, as by kubeadm. Who does not even tell the members is asked
/// once.
pub fn leave(peer_url: &str, timeout_seconds: i64, context: &Context) -> Tried<Applied> {
    let (etcd, mut tries) = (context.world.etcd(), start_tries(timeout_seconds));
    let (mut members, mut asked) = (etcd.members()?, false);
    loop {
        let Some(member) = members
            .iter()
            .find(|member| member.peer_urls.iter().any(|url| url == peer_url))
        else {
            return Ok(if asked {
                Applied::Changed
            } else {
                Applied::Unchanged
            });
        };
        if members.len() == 1 {
            return Ok(Applied::Skipped("it is the only member of etcd".into()));
        }
        let refused = match etcd.remove(member.id) {
            Ok(()) => return Ok(Applied::Changed),
            Err(failure) => failure,
        };
        if !refused.retryable || !wait_for_next(&mut tries, context)? {
            return Err(refused);
        }
        asked = true;
        members = etcd.members().unwrap_or(members);
    }
}

/// Starts the tries of a request to etcd, which last at most so many seconds.
fn start_tries(timeout_seconds: i64) -> Tries {
    let limit = Duration::from_secs(u64::try_from(timeout_seconds).unwrap_or(0));
    Backoff::every(PAUSE, limit).start()
}

/// Waits for the next try. Returns false if there is no time for it.
fn wait_for_next(tries: &mut Tries, context: &Context) -> Tried<bool> {
    match tries.wait(context.cancel) {
        NextTry::Due => Ok(true),
        NextTry::OutOfTime => Ok(false),
        NextTry::Cancelled => Err(Failure::new(
            FailureCode::Cancelled,
            "the run was cancelled while waiting for etcd",
        )),
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
    let Some(member) = members
        .iter()
        .find(|member| member.peer_urls.contains(&spec.peer_url))
    else {
        return etcd.add_learner(&spec.peer_url).map(|()| Step::Changed);
    };
    if !spec.voting {
        return Ok(Step::There);
    }
    if member.name.is_empty() {
        return Ok(Step::Waiting("it has not started"));
    }
    if etcd.serves(&spec.client_url)? {
        return if member.learner {
            etcd.promote(member.id).map(|()| Step::Changed)
        } else {
            Ok(Step::There)
        };
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

/// A new member tells the others its name and serves when it sees that they took note of it. Where
/// it sees that only within the snapshot that it gets first, it goes on waiting, seven seconds or
/// more, and then asks again (etcd 3.6). Started anew it asks at once; as it has no vote, nobody
/// misses it meanwhile. Told to shut down it would wait for its answer as well, so it is ended as
/// by a power cut, which etcd is made for.
fn start_anew(context: &Context) -> Tried<()> {
    let runtime = context.world.runtime();
    let containers = runtime.containers()?;
    let own = containers
        .iter()
        .filter(|container| container.running && container.name == "etcd");
    own.map(|container| &container.id)
        .try_for_each(|id| runtime.stop_container(id))
}

impl EffectKind for EtcdMemberSpec {
    fn properties(&self) -> Properties {
        let vote = if self.voting { " with a vote" } else { "" };
        Properties {
            kind: "etcd-member",
            target: Target::Other(format!("{}{vote}", self.peer_url)),
            files: FileProperties::none(),
            waits: true,
            key_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> Tried<Done> {
        ensure_member(self, context)
    }
}

#[cfg(test)]
mod tests;
