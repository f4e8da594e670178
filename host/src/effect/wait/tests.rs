use super::*;
use crate::{
    cancel::Cancel,
    config::Config,
    world::{Cluster, Etcd, EtcdMember, Files, Net, Node, Runtime, World, fake::FakeWorld},
};
use kubephase_sdk::testing::Case;

/// A world with an etcd: the number of its healthy members and of all its members, and the longest
/// time for which a wait is useful.
struct Members(FakeWorld, (usize, usize), Option<Duration>);

impl Etcd for Members {
    fn snapshot(
        &self,
        _: &str,
        _: &mut crate::world::TakePart<'_>,
    ) -> crate::world::WorldResult<()> {
        unreachable!("no snapshot is read here")
    }

    fn health(&self) -> WorldResult<(usize, usize)> {
        Ok(self.1)
    }

    fn members(&self) -> WorldResult<Vec<EtcdMember>> {
        unreachable!("only the health is asked")
    }

    fn add_learner(&self, _: &str) -> WorldResult<()> {
        unreachable!("no member joins")
    }

    fn promote(&self, _: u64) -> WorldResult<()> {
        unreachable!("no member joins")
    }

    fn remove(&self, _: u64) -> WorldResult<()> {
        unreachable!("no member leaves")
    }

    fn serves(&self, _: &str) -> WorldResult<bool> {
        unreachable!("only the health is asked")
    }
}

impl World for Members {
    fn longest_wait(&self) -> Option<Duration> {
        self.2
    }

    fn etcd(&self) -> &dyn Etcd {
        self
    }

    fn files(&self) -> &dyn Files {
        self.0.files()
    }

    fn node(&self) -> &dyn Node {
        self.0.node()
    }

    fn net(&self) -> &dyn Net {
        self.0.net()
    }

    fn runtime(&self) -> &dyn Runtime {
        self.0.runtime()
    }

    fn cluster(&self) -> &dyn Cluster {
        self.0.cluster()
    }
}

/// The check comes before this node's member is announced, because another member would make the
/// quorum harder to reach.
#[test]
fn an_etcd_without_quorum_gets_no_member_and_the_remedy_names_the_commands() {
    let root = tempfile::tempdir().unwrap();
    assert!(wait_for_etcd(root.path(), 2, 3).is_ok());
    assert!(wait_for_etcd(root.path(), 1, 1).is_ok());
    for (healthy, all) in [(1, 3), (1, 2), (0, 1)] {
        let failure = wait_for_etcd(root.path(), healthy, all).unwrap_err();
        assert!(
            failure.message.ends_with(&format!(
                "etcd cluster is not healthy: {healthy} of its {all} members answer"
            )),
            "{failure:?}"
        );
        assert!(
            failure
                .remedy
                .is_some_and(|remedy| remedy.contains("etcdctl member remove")),
            "it says what to do"
        );
    }
}

/// Checks once whether an etcd is healthy if `healthy` of its `all` members work.
fn wait_for_etcd(root: &std::path::Path, healthy: usize, all: usize) -> WorldResult<EffectOutcome> {
    let world = Members(
        FakeWorld::new(&Case::default(), root).unwrap(),
        (healthy, all),
        None,
    );
    let (config, cancel) = (Config::default(), Cancel::never());
    let context = Context::for_test(&world, &config, &cancel);
    let spec = WaitSpec {
        condition: Condition::EtcdHealthy {},
        timeout_seconds: 0,
    };
    wait_until(&spec, &context)
}

#[test]
fn parts_of_a_condition_share_one_time_limit_and_the_one_that_fails_is_named() {
    let root = tempfile::tempdir().unwrap();
    let world = Members(
        FakeWorld::new(&Case::default(), root.path()).unwrap(),
        (1, 1),
        None,
    );
    let (config, cancel) = (Config::default(), Cancel::never());
    let context = Context::for_test(&world, &config, &cancel);
    let wait_for = |conditions: Vec<Condition>| {
        let spec = WaitSpec {
            condition: Condition::All { conditions },
            timeout_seconds: 0,
        };
        wait_until(&spec, &context)
    };
    let etcd = Condition::EtcdHealthy {};
    let node = |name: &str| Condition::NodeRegistered { name: name.into() };
    assert!(wait_for(vec![]).is_ok());
    assert!(wait_for(vec![etcd.clone(), etcd.clone()]).is_ok());
    let began = std::time::Instant::now();
    let failure = wait_for(vec![etcd, node("one"), node("two")]).unwrap_err();
    assert!(
        failure
            .message
            .starts_with("waiting for the Node one timed out after 0s: "),
        "{failure:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// The kubelet's disk is full, so its health endpoint cannot be asked, and a later check would fail
/// too.
#[test]
fn a_full_or_read_only_disk_ends_a_wait_at_once() {
    for (code, retryable) in [
        (FailureCode::NoSpace, false),
        (FailureCode::ReadOnly, false),
        (FailureCode::Io, true),
        (FailureCode::Unavailable, true),
        (FailureCode::NotFound, true),
    ] {
        assert_eq!(
            retry(Failure::new(code, "a reason")).retryable,
            retryable,
            "{code}"
        );
    }
}

#[test]
fn a_condition_that_the_world_cannot_meet_is_not_waited_for() {
    let root = tempfile::tempdir().unwrap();
    let world = Members(
        FakeWorld::new(&Case::default(), root.path()).unwrap(),
        (1, 3),
        Some(Duration::ZERO),
    );
    let (config, cancel) = (Config::default(), Cancel::never());
    let context = Context::for_test(&world, &config, &cancel);
    let spec = WaitSpec {
        condition: Condition::EtcdHealthy {},
        timeout_seconds: 240,
    };
    let done = wait_until(&spec, &context).unwrap();
    assert!(matches!(done.applied, Applied::Skipped(_)), "{done:?}");
    assert_eq!(done.lines, ["[dryrun] Would wait for a healthy etcd"]);
}
