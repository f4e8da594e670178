//! Membership of etcd. A new member follows as a learner until it has caught up, and only then has a vote: so the cluster
//! keeps its quorum whatever becomes of the new one.
use super::{Context, Done};
use crate::world::Tried;
use kubephase_sdk::spec::EtcdMemberSpec;
use kubephase_wit::Failure;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(100);

/// A member at this peer URL, with a vote where that is wanted.
pub fn ensure_member(spec: &EtcdMemberSpec, context: &Context) -> Tried<Done> {
    let etcd = context.world.etcd();
    let (began, limit) = (Instant::now(), Duration::from_secs(u64::try_from(spec.timeout_seconds).unwrap_or(0)));
    loop {
        let last = match step(spec, context) {
            Ok(Some(changed)) => return Ok(Done::from(changed)),
            Ok(None) => "it has not caught up yet".to_owned(),
            Err(failure) if failure.retryable => failure.message,
            Err(failure) => return Err(failure),
        };
        if (context.cancelled)() {
            return Err(Failure::new("cancelled", "the run was cancelled while waiting for etcd"));
        }
        if began.elapsed() + PAUSE > limit {
            let members = etcd.members().map(|members| members.len()).unwrap_or_default();
            let remedy = "look at the log of its container (crictl ps -a --name etcd), and at the peers with `etcdctl member list`; a member that will not start can be taken out with `etcdctl member remove`";
            let message = format!("the etcd member at {} did not join the {members} there are within {limit:?}: {last}", spec.peer_url);
            return Err(Failure { retryable: true, remedy: Some(remedy.into()), ..Failure::new("timeout", message) });
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether it is as wanted, and whether that took a change; none if it has to be looked at again.
fn step(spec: &EtcdMemberSpec, context: &Context) -> Tried<Option<bool>> {
    let etcd = context.world.etcd();
    let members = etcd.members()?;
    match members.iter().find(|member| member.peer_urls.contains(&spec.peer_url)) {
        None if spec.voting => Err(Failure::new("not-found", format!("etcd has no member at {}", spec.peer_url))),
        None => etcd.add_learner(&spec.peer_url).map(|()| Some(true)),
        Some(member) if !spec.voting || !member.learner => Ok(Some(false)),
        // Without a name it has not started.
        Some(member) if member.name.is_empty() => Ok(None),
        Some(member) => etcd.promote(member.id).map(|()| Some(true)),
    }
}
