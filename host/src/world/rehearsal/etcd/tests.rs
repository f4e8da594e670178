use super::*;
use serde_json::json;
use std::path::Path;

const URLS: [&str; 3] = [
    "https://192.0.2.1:2380",
    "https://192.0.2.2:2380",
    "https://192.0.2.3:2380",
];

/// The static Pod of a member, as it was told of those up to another.
fn pod(at: usize, last: usize) -> Value {
    let told: Vec<String> = (0..=last).map(|at| format!("m{at}={}", URLS[at])).collect();
    let state = if at == 0 { "new" } else { "existing" };
    let flags = [
        format!("--name=m{at}"),
        format!("--initial-advertise-peer-urls={}", URLS[at]),
        format!(
            "--advertise-client-urls={}",
            URLS[at].replace("2380", "2379")
        ),
        format!("--initial-cluster={}", told.join(",")),
        format!("--initial-cluster-state={state}"),
    ];
    json!({"spec": {"containers": [{"command": flags}]}})
}

fn first() -> Members {
    let members = Members::new(Arc::new(Log::below(Path::new("/nowhere"))));
    members.look(&pod(0, 0));
    members
}

fn vote(members: &Members, at: usize) -> Tried<()> {
    let id = members
        .list()?
        .iter()
        .find(|member| member.peer_urls == [URLS[at]])
        .map(|member| member.id);
    members.promote(id.unwrap())
}

fn join(members: &Members, at: usize) {
    members.add_learner(URLS[at]).unwrap();
    members.look(&pod(at, at));
    members.look(&pod(at, at));
    vote(members, at).unwrap();
}

#[test]
fn a_learner_has_a_vote_when_it_has_caught_up_and_no_other_comes_before() {
    let members = first();
    members.add_learner(URLS[1]).unwrap();
    assert_eq!(
        members.add_learner(URLS[1]).unwrap_err().code,
        "already-exists"
    );
    assert!(
        members
            .add_learner(URLS[2])
            .unwrap_err()
            .message
            .contains("too many learner members")
    );
    assert!(
        vote(&members, 1).unwrap_err().retryable,
        "it has not started"
    );
    members.look(&pod(1, 2));
    assert_eq!(
        members.list().unwrap()[1].name,
        "",
        "it was told of a member that is none, and ends"
    );
    members.look(&pod(1, 1));
    assert_eq!(members.list().unwrap()[1].name, "m1");
    assert!(
        vote(&members, 1)
            .unwrap_err()
            .message
            .contains("in sync with leader")
    );
    members.look(&pod(1, 1));
    vote(&members, 1).unwrap();
    assert!(!vote(&members, 1).unwrap_err().retryable, "it has its vote");
    assert!(!members.list().unwrap()[1].learner);
}

#[test]
fn without_most_of_its_members_nobody_is_answered() {
    let members = first();
    join(&members, 1);
    members.down(&pod(1, 1));
    for refused in [
        members.list().map(drop),
        members.add_learner(URLS[2]),
        members.remove(1),
    ] {
        assert!(refused.unwrap_err().message.contains("no leader"));
    }
    members.look(&pod(1, 1));
    join(&members, 2);
    members.down(&pod(2, 2));
    let id = members.list().unwrap()[2].id;
    members.remove(id).unwrap();
    assert_eq!(members.list().unwrap().len(), 2);
}
