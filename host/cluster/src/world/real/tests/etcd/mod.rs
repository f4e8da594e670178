//! An etcd whose members are asked over TLS by the healthcheck client. `server` has the members,
//! `program` tests with the program etcd.
use super::*;
use crate::{
    loopback::Authority,
    world::{Etcd, real::etcd::RealEtcd},
};
use server::FakeEtcd;

mod program;
mod server;

/// Lists the ids of the members, and whether each is a learner.
fn ids_and_learners(etcd: &dyn Etcd) -> Vec<String> {
    etcd.members()
        .unwrap()
        .iter()
        .map(|member| format!("{} {}", member.id, member.learner))
        .collect()
}

#[test]
fn a_member_is_added_promoted_and_removed_while_another_is_down() {
    let authority = Authority::new("etcd-ca");
    let mut server = FakeEtcd::new(&authority);
    server.add_stopped_member();
    server.add_member(authority.server_among_peers(), true);
    let etcd = server.client();
    let peer_url = "https://10.0.0.2:2380";
    assert_eq!(ids_and_learners(&etcd), ["1 false"]);
    // The members are listed after a read that the majority confirms (`Range`), because the list
    // that a single member has may be old.
    assert_eq!(server.take_calls(), ["Range", "MemberList"]);
    etcd.add_learner(peer_url).unwrap();
    assert_eq!(ids_and_learners(&etcd), ["1 false", "2 true"]);
    let members = etcd.members().unwrap();
    assert!(members[0].name == "cp1" && members[1].peer_urls == [peer_url]);
    etcd.promote(2).unwrap();
    assert_eq!(ids_and_learners(&etcd), ["1 false", "2 false"]);
    let refused = etcd.promote(2).unwrap_err();
    let expected = format!(
        "etcd at {}: etcdserver: can only promote a learner member",
        server.urls[1]
    );
    assert!(
        refused.message == expected && refused.retryable,
        "{}",
        refused.message
    );
    etcd.remove(2).unwrap();
    assert_eq!(ids_and_learners(&etcd), ["1 false"]);
    assert_eq!(etcd.health().unwrap(), (1, 2));
}

#[test]
fn a_member_without_a_leader_is_not_healthy() {
    let authority = Authority::new("etcd-ca");
    let mut server = FakeEtcd::new(&authority);
    server.add_member(authority.server_among_peers(), false);
    let (etcd, url) = (server.client(), &server.urls[0]);
    assert!(!etcd.serves(url).unwrap());
    assert_eq!(etcd.health().unwrap(), (0, 1));
    let failure = etcd.members().unwrap_err();
    assert!(
        failure.retryable && failure.message == format!("etcd at {url}: etcdserver: no leader"),
        "{}",
        failure.message
    );
    assert!(!server.take_calls().contains(&"MemberList".to_owned()));
}

#[test]
fn a_member_that_is_down_or_of_another_authority_is_reported() {
    let mut server = FakeEtcd::new(&Authority::new("etcd-ca"));
    let message = server.client().members().unwrap_err().message;
    assert!(
        message.starts_with("could not retrieve the list of etcd endpoints"),
        "{message}"
    );
    server.add_stopped_member();
    let down = server.client().members().unwrap_err();
    assert!(
        down.retryable && down.message.contains("Connection refused"),
        "{}",
        down.message
    );
    server.urls.clear();
    server.add_member(Authority::new("etcd-ca").server_among_peers(), true);
    let message = server.client().members().unwrap_err().message;
    assert!(message.contains("invalid peer certificate"), "{message}");
    assert_eq!(server.take_calls(), [""; 0]);
}
