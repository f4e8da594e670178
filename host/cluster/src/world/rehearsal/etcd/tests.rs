use super::*;
use crate::world::WorldResult;
use serde_json::json;
use std::path::Path;

const URLS: [&str; 3] = [
    "https://192.0.2.1:2380",
    "https://192.0.2.2:2380",
    "https://192.0.2.3:2380",
];

/// Returns the static Pod of a member, which lists the members up to `last`.
fn pod(number: usize, last: usize) -> Value {
    let cluster: Vec<String> = (0..=last)
        .map(|number| format!("m{number}={}", URLS[number]))
        .collect();
    let state = if number == 0 { "new" } else { "existing" };
    let flags = [
        format!("--name=m{number}"),
        format!("--initial-advertise-peer-urls={}", URLS[number]),
        format!(
            "--advertise-client-urls={}",
            URLS[number].replace("2380", "2379")
        ),
        format!("--initial-cluster={}", cluster.join(",")),
        format!("--initial-cluster-state={state}"),
    ];
    json!({"spec": {"containers": [{"command": flags}]}})
}

fn single_member() -> EtcdMembers {
    let members = EtcdMembers::new(Arc::new(ClusterLog::new(Path::new("/nowhere"))));
    members.observe_pod(&pod(0, 0));
    members
}

fn promote(members: &EtcdMembers, number: usize) -> WorldResult<()> {
    let id = members
        .list()?
        .iter()
        .find(|member| member.peer_urls == [URLS[number]])
        .map(|member| member.id);
    members.promote(id.unwrap())
}

fn join(members: &EtcdMembers, number: usize) {
    members.add_learner(URLS[number]).unwrap();
    members.observe_pod(&pod(number, number));
    members.observe_pod(&pod(number, number));
    promote(members, number).unwrap();
}

#[test]
fn a_learner_is_promoted_when_it_is_up_to_date_and_is_the_only_learner() {
    let members = single_member();
    members.add_learner(URLS[1]).unwrap();
    assert_eq!(
        members.add_learner(URLS[1]).unwrap_err().code,
        kubephase_wit::FailureCode::AlreadyExists
    );
    assert!(
        members
            .add_learner(URLS[2])
            .unwrap_err()
            .message
            .contains("too many learner members")
    );
    assert!(
        promote(&members, 1).unwrap_err().retryable,
        "it has not started"
    );
    members.observe_pod(&pod(1, 2));
    assert_eq!(
        members.list().unwrap()[1].name,
        "",
        "its Pod lists a member that does not exist, so it ends"
    );
    members.observe_pod(&pod(1, 1));
    assert_eq!(members.list().unwrap()[1].name, "m1");
    assert!(
        promote(&members, 1)
            .unwrap_err()
            .message
            .contains("in sync with leader")
    );
    members.observe_pod(&pod(1, 1));
    promote(&members, 1).unwrap();
    assert!(
        !promote(&members, 1).unwrap_err().retryable,
        "it has its vote already"
    );
    assert!(!members.list().unwrap()[1].learner);
}

#[test]
fn without_a_quorum_every_request_is_refused() {
    let members = single_member();
    join(&members, 1);
    members.stop_pod(&pod(1, 1));
    for refused in [
        members.list().map(drop),
        members.add_learner(URLS[2]),
        members.remove(1),
    ] {
        assert!(refused.unwrap_err().message.contains("no leader"));
    }
    members.observe_pod(&pod(1, 1));
    join(&members, 2);
    members.stop_pod(&pod(2, 2));
    let id = members.list().unwrap()[2].id;
    members.remove(id).unwrap();
    assert_eq!(members.list().unwrap().len(), 2);
}

#[test]
fn pods_stand_for_the_members_of_an_etcd_that_is_not_asked() {
    let root = tempfile::tempdir().unwrap();
    let log = crate::world::rehearsal::persistence::ClusterLog::new(root.path());
    let members = EtcdMembers::new(Arc::new(log));
    let pod = |name: &str, url: &str| crate::world::real::EtcdPod {
        name: name.into(),
        client_urls: vec![url.into()],
    };
    let pods = [
        pod("etcd-cp-1", "https://192.0.2.1:2379"),
        pod("etcd-etcd-2", "https://[2001:db8::2]:2379"),
    ];
    members.import_pods(&pods, &[]);
    let listed: Vec<_> = members
        .list()
        .unwrap()
        .into_iter()
        .map(|member| (member.name, member.peer_urls))
        .collect();
    assert_eq!(
        listed,
        [
            ("cp-1".to_owned(), vec!["https://192.0.2.1:2380".to_owned()]),
            (
                "etcd-2".to_owned(),
                vec!["https://[2001:db8::2]:2380".to_owned()]
            ),
        ]
    );
    // The Pod of a node that was reset stays in the cluster.
    members.import_pods(&pods, &["2001:db8::2".parse().unwrap()]);
    assert_eq!(members.list().unwrap()[0].name, "cp-1");
    assert_eq!(members.list().unwrap().len(), 1);
    members.import_pods(&[], &[]);
    assert_eq!(members.list().unwrap().len(), 1, "a cluster has a member");
}
