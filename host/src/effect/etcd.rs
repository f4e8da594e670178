//! Membership of etcd. A new member is a learner until it has caught up, and only then gets a vote:
//! so the cluster keeps its quorum even if the new member fails.
mod data;

use super::{
    Applied, Context, EffectOutcome,
    context::to_duration,
    kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    wait::{skip_wait, timeout_failure},
};
use crate::{
    backoff::{Backoff, NextTry, Tries},
    budget::Budget,
    wasm::grant::Grant,
    world::WorldResult,
};
use kubephase_sdk::spec::EtcdMemberSpec;
use std::time::{Duration, Instant};

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Time that a member gets to serve clients once its peers know its name. A member that still does
/// not serve has missed this, and is restarted ([`restart_member`]).
const RESTART_AFTER: Duration = Duration::from_millis(200);

/// Adds a member at the peer URL of `spec`, and promotes it if it is to have a vote.
///
/// # Errors
/// `timeout` if the member does not serve in time, `cancelled`, or the failure of etcd.
pub fn ensure_member(spec: &EtcdMemberSpec, context: &Context) -> WorldResult<EffectOutcome> {
    let mut tries = start_tries(context.wait_limit(spec.timeout_seconds));
    let (mut changed, mut visibility) = (false, Visibility::NotSeen);
    loop {
        let last = match step(spec, context, &mut visibility) {
            Ok(Step::Reached) => return Ok(EffectOutcome::from(changed)),
            Ok(Step::Changed) if !spec.voting => return Ok(EffectOutcome::from(Applied::Changed)),
            Ok(Step::Changed) => {
                changed = true;
                continue;
            }
            Ok(Step::Waiting(why)) => why.to_owned(),
            Err(failure) if failure.retryable => failure.message,
            Err(failure) => return Err(failure),
        };
        if !wait_for_next(&mut tries, context)? {
            let what = format!("the etcd member at {} to join the cluster", spec.peer_url);
            // A dry run counts the wait as over: nothing more will happen in it.
            if context.world.ends_waits_early() {
                return Ok(skip_wait(&what));
            }
            let remedy = "look at the log of its container (crictl ps -a --name etcd), and at the \
                members with `etcdctl member list`; a member that does not start can be removed \
                with `etcdctl member remove`";
            let seconds = spec.timeout_seconds;
            return Err(timeout_failure(&what, seconds, &last, remedy.into()));
        }
    }
}

/// Removes a member, unless it is the only one. The others refuse the removal for some seconds
/// after a member joined ("unhealthy cluster"), and while there is no leader: the removal is tried
/// until they accept it (kubeadm behaviour). Fails at once if the member list cannot be read at the
/// start; a dry run on this machine, which may have no way to the members, counts the member as
/// removed then.
///
/// # Errors
/// The failure of etcd, or `cancelled`.
pub fn remove_member(
    peer_url: &str,
    timeout_seconds: i64,
    context: &Context,
) -> WorldResult<Applied> {
    let (etcd, mut tries) = (
        context.world.etcd(),
        start_tries(to_duration(timeout_seconds)),
    );
    let is_dry_run = context.world.ends_waits_early() && context.world.has_all_files();
    let mut members = match etcd.members() {
        Err(_) if is_dry_run => return Ok(Applied::Changed),
        listed => listed?,
    };
    let mut was_requested = false;
    loop {
        let Some(member) = members.iter().find(|member| member.has_peer_url(peer_url)) else {
            return Ok(if was_requested {
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
        was_requested = true;
        members = etcd.members().unwrap_or(members);
    }
}

/// Starts the tries of a request to etcd, which last at most this long.
fn start_tries(limit: Duration) -> Tries {
    Backoff::constant(PAUSE, limit).start()
}

/// Waits for the next try. Returns false if there is no time for it.
fn wait_for_next(tries: &mut Tries, context: &Context) -> WorldResult<bool> {
    match tries.wait(context.cancel) {
        NextTry::Due => Ok(true),
        NextTry::OutOfTime => Ok(false),
        NextTry::Cancelled => Err(Budget::cancelled_failure("the wait for etcd")),
    }
}

/// The result of one step.
enum Step {
    /// the member is in the wanted state
    Reached,
    Changed,
    /// the member is not in the wanted state yet, with the reason
    Waiting(&'static str),
}

/// The progress of a new member: whether its peers were seen to know its name.
enum Visibility {
    NotSeen,
    SeenSince(Instant),
    /// the member was restarted because it did not notice that its peers know its name
    Restarted,
}

/// Looks at the member, and makes at most one change.
fn step(
    spec: &EtcdMemberSpec,
    context: &Context,
    visibility: &mut Visibility,
) -> WorldResult<Step> {
    let etcd = context.world.etcd();
    let members = etcd.members()?;
    let Some(member) = members
        .iter()
        .find(|member| member.has_peer_url(&spec.peer_url))
    else {
        return etcd.add_learner(&spec.peer_url).map(|()| Step::Changed);
    };
    if !spec.voting {
        return Ok(Step::Reached);
    }
    if member.name.is_empty() {
        return Ok(Step::Waiting("it has not started"));
    }
    if etcd.serves(&spec.client_url)? {
        return if member.learner {
            etcd.promote(member.id).map(|()| Step::Changed)
        } else {
            Ok(Step::Reached)
        };
    }
    match *visibility {
        Visibility::NotSeen => *visibility = Visibility::SeenSince(Instant::now()),
        Visibility::SeenSince(since) if member.learner && since.elapsed() > RESTART_AFTER => {
            restart_member(context)?;
            *visibility = Visibility::Restarted;
        }
        _ => {}
    }
    Ok(Step::Waiting("it serves no clients yet"))
}

/// Kills the container of this node's etcd, which the kubelet then restarts.
///
/// A new member publishes its name, and serves when it sees that the others have recorded the name.
/// If the name is only in the snapshot that the new member receives first, the new member does not
/// see it: it waits for seven seconds or more and publishes its name again (etcd 3.6). After a
/// restart it publishes at once. It has no vote, so the cluster does not need it meanwhile. A
/// graceful shutdown would wait for the name too, so the member is killed as by a power cut, which
/// etcd survives.
fn restart_member(context: &Context) -> WorldResult<()> {
    let runtime = context.world.runtime();
    let containers = runtime.containers()?;
    let own = containers
        .iter()
        .filter(|container| container.running && container.name == "etcd");
    own.map(|container| &container.id)
        .try_for_each(|id| runtime.stop_container(id, Duration::ZERO))
}

impl EffectKind for EtcdMemberSpec {
    fn properties(&self) -> Properties {
        let vote = if self.voting { " with a vote" } else { "" };
        Properties {
            kind: "etcd-member",
            target: Target::Other(format!("{}{vote}", self.peer_url)),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        ensure_member(self, context)
    }
}

#[cfg(test)]
mod tests;
