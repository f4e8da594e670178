use super::*;
use crate::config::Config;
use crate::{
    cancel::Cancel,
    world::{Cluster, Etcd, EtcdMember, Net, Node, Runtime, World, fake::FakeWorld},
};
use kubephase_sdk::testing::Case;

/// A world with an etcd of which so many members of so many are at work.
struct Members(FakeWorld, (usize, usize));

impl Etcd for Members {
    fn health(&self) -> Tried<(usize, usize)> {
        Ok(self.1)
    }

    fn members(&self) -> Tried<Vec<EtcdMember>> {
        unreachable!("its health is asked for")
    }

    fn add_learner(&self, _: &str) -> Tried<()> {
        unreachable!("nobody joins here")
    }

    fn promote(&self, _: u64) -> Tried<()> {
        unreachable!("nobody joins here")
    }

    fn remove(&self, _: u64) -> Tried<()> {
        unreachable!("nobody leaves")
    }

    fn serves(&self, _: &str) -> Tried<bool> {
        unreachable!("its health is asked for")
    }
}

impl World for Members {
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

/// Before this node's member is announced, which would only make the quorum harder to reach.
#[test]
fn an_etcd_without_quorum_gets_no_member_and_it_is_told_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let ask = |well, all| {
        let world = Members(
            FakeWorld::new(&Case::default(), root.path()).unwrap(),
            (well, all),
        );
        let (config, cancel) = (Config::default(), Cancel::never());
        let context = Context::of_test(&world, &config, &cancel);
        until(
            &WaitSpec {
                condition: Condition::EtcdHealthy {},
                timeout_seconds: 0,
            },
            &context,
        )
    };
    assert!(ask(2, 3).is_ok() && ask(1, 1).is_ok());
    for (well, all) in [(1, 3), (1, 2), (0, 1)] {
        let failure = ask(well, all).unwrap_err();
        assert!(
            failure.message.ends_with(&format!(
                "etcd cluster is not healthy: {well} of its {all} members answer"
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

/// The kubelet of a node whose disk is full: a health endpoint that cannot be asked, for a
/// reason that stays.
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
            retry(Failure::new(code, "so it is")).retryable,
            retryable,
            "{code}"
        );
    }
}
