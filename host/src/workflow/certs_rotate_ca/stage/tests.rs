//! The stage that a run completes, and the runs that are refused.
mod statuses;

use super::*;
use kubephase_sdk::kubeadm::ClusterAuthority;
use statuses::{Authorities, Recorded, make};

fn decide(status: &Status) -> Result<Rotation, Failure> {
    status.decide(&StageRequest::default())
}

fn with_stage(stage: RotationStage) -> StageRequest {
    StageRequest {
        stage: Some(stage),
        has_certificate_key: false,
    }
}

/// Checks that nothing is done, for this reason, and that the remedy names this.
#[track_caller]
fn expect_refusal(decided: Result<Rotation, Failure>, reason: &str, remedy: &str) {
    let failure = decided.expect_err("it is refused");
    assert!(failure.message.contains(reason), "{}", failure.message);
    let found = failure.remedy.unwrap_or_default();
    assert!(found.contains(remedy), "{found}");
}

#[test]
fn the_first_run_begins_with_a_new_authority() {
    let authorities = Authorities::make();
    for authority in ClusterAuthority::ALL {
        let begun = decide(&authorities.status(authority)).unwrap();
        assert_eq!(begun.stage, RotationStage::Trust);
        assert!(begun.begins && begun.shares && !begun.is_last_control_plane);
        let behind = match authority.concerns_workers() {
            true => vec!["two".to_owned(), "worker".to_owned()],
            false => vec!["two".to_owned()],
        };
        assert_eq!(begun.nodes_behind, Some(behind));
        assert_eq!(begun.old_authority, authorities.old.certificate.to_pem());
    }
}

#[test]
fn a_single_control_plane_shares_nothing_and_is_the_last() {
    let authorities = Authorities::make();
    let mut status = authorities.status(ClusterAuthority::Ca);
    status.records.retain(|name, _| name == "one");
    let begun = decide(&status).unwrap();
    assert!(begun.begins && !begun.shares && begun.is_last_control_plane);
    assert_eq!(begun.nodes_behind, Some(Vec::new()));
}

#[test]
fn only_a_control_plane_with_the_key_begins() {
    let authorities = Authorities::make();
    let mut status = authorities.status(ClusterAuthority::Ca);
    status.key = None;
    expect_refusal(decide(&status), "is kept elsewhere", "put its key there");
    status.key = authorities.new.key();
    expect_refusal(decide(&status), "is kept elsewhere", "put its key there");
    let mut worker = authorities.status(ClusterAuthority::Ca);
    worker.is_control_plane = false;
    expect_refusal(decide(&worker), "no exchange of", "--stage trust on a");
    worker.authority = ClusterAuthority::EtcdCa;
    expect_refusal(
        decide(&worker),
        "only members of the control plane",
        "etcd-ca",
    );
    let mut without = authorities.status(ClusterAuthority::EtcdCa);
    without.trusted.clear();
    expect_refusal(decide(&without), "/pki/etcd/ca.crt has no authority", "put");
}

#[test]
fn an_authority_that_is_newer_than_the_clock_is_refused() {
    let authorities = Authorities::make();
    let mut status = authorities.status(ClusterAuthority::Ca);
    status.now = 10;
    expect_refusal(decide(&status), "newer than this machine's clock", "NTP");
}

#[test]
fn another_control_plane_needs_the_key_of_the_new_authority() {
    let authorities = Authorities::make();
    let with_key = StageRequest {
        stage: None,
        has_certificate_key: true,
    };
    for authority in ClusterAuthority::ALL {
        let records = [Recorded::Nothing, Recorded::Both, Recorded::Nothing];
        let mut status = authorities.recorded(authorities.status(authority), records);
        if authority.concerns_workers() {
            status.of_cluster.push(authorities.new.certificate.clone());
        }
        expect_refusal(decide(&status), "does not have the key", "--stage trust");
        let joined = status.decide(&with_key).unwrap();
        assert!(joined.fetches && !joined.begins && !joined.shares);
        assert_eq!(joined.stage, RotationStage::Trust);
        assert!(joined.is_last_control_plane);
        assert_eq!(joined.old_authority, authorities.old.certificate.to_pem());
        expect_refusal(
            status.decide(&with_stage(RotationStage::Drop)),
            "its next stage is trust",
            "--stage trust",
        );
    }
}

#[test]
fn a_run_that_was_killed_while_it_began_goes_on() {
    let authorities = Authorities::make();
    let status = Status {
        next: vec![authorities.new.certificate.clone()],
        next_key: authorities.new.key(),
        ..authorities.status(ClusterAuthority::EtcdCa)
    };
    let again = decide(&status).unwrap();
    assert_eq!(again.stage, RotationStage::Trust);
    assert!(!again.begins && !again.fetches && again.shares);
    assert_eq!(again.new_authority, authorities.new.certificate.to_pem());
}

#[test]
fn a_stage_begins_when_all_nodes_are_through_the_one_before() {
    use Recorded::{Both, Nothing, OnlyNew, Reissued};
    let authorities = Authorities::make();
    let both = |records| authorities.trusting_both(ClusterAuthority::Ca, records);
    for (records, missing) in [
        ([Both, Nothing, Nothing], "two, worker"),
        ([Both, Both, Nothing], ": worker"),
    ] {
        expect_refusal(decide(&both(records)), missing, "kubectl delete node");
    }
    let reissue = decide(&both([Both, Both, Both])).unwrap();
    assert_eq!(reissue.stage, RotationStage::Reissue);
    assert_eq!(
        reissue.nodes_behind,
        Some(vec!["two".to_owned(), "worker".to_owned()])
    );
    let reissued = |records| authorities.reissued(ClusterAuthority::Ca, records);
    expect_refusal(
        decide(&reissued([Reissued, Reissued, Both])),
        ": worker",
        "run ",
    );
    let dropped = decide(&reissued([Reissued, Reissued, Reissued])).unwrap();
    assert_eq!(dropped.stage, RotationStage::Drop);
    assert!(!dropped.is_last_control_plane);
    let last = decide(&reissued([Reissued, OnlyNew, Reissued])).unwrap();
    assert!(last.is_last_control_plane);
    assert_eq!(last.nodes_behind, Some(vec!["worker".to_owned()]));
}

#[test]
fn workers_do_not_count_for_authorities_that_they_do_not_have() {
    use Recorded::{Both, Nothing};
    let authorities = Authorities::make();
    let status = authorities.trusting_both(ClusterAuthority::FrontProxyCa, [Both, Both, Nothing]);
    let reissue = decide(&status).unwrap();
    assert_eq!(reissue.stage, RotationStage::Reissue);
    assert_eq!(reissue.nodes_behind, Some(vec!["two".to_owned()]));
}

#[test]
fn a_node_that_recorded_more_than_it_has_goes_through_the_stage_again() {
    use Recorded::{Both, Reissued};
    let authorities = Authorities::make();
    // The record says that everything is signed by the new authority, the certificate does not.
    let records = [Reissued, Both, Both];
    let mut status = authorities.reissued(ClusterAuthority::Ca, records);
    status.signed = vec![authorities.old.sign()];
    assert_eq!(decide(&status).unwrap().stage, RotationStage::Reissue);
    status.signed.clear();
    assert_eq!(decide(&status).unwrap().stage, RotationStage::Reissue);
}

#[test]
fn a_stage_may_be_named_and_repeated_until_the_next_one_has_begun() {
    use Recorded::{Both, Reissued};
    let authorities = Authorities::make();
    let both = authorities.trusting_both(ClusterAuthority::Ca, [Both; 3]);
    let again = both.decide(&with_stage(RotationStage::Trust)).unwrap();
    assert!(
        again.shares,
        "the command for other control planes is printed again"
    );
    expect_refusal(
        both.decide(&with_stage(RotationStage::Drop)),
        "is not ready for it; its next stage is reissue",
        "--stage reissue",
    );
    let reissued = authorities.reissued(ClusterAuthority::Ca, [Reissued; 3]);
    expect_refusal(
        reissued.decide(&with_stage(RotationStage::Trust)),
        "is through it; its next stage is drop",
        "--stage drop",
    );
    let again = reissued
        .decide(&with_stage(RotationStage::Reissue))
        .unwrap();
    assert_eq!(again.stage, RotationStage::Reissue);
}

#[test]
fn a_kubelet_that_serves_with_the_old_authority_is_mended_first() {
    let authorities = Authorities::make();
    let records = [Recorded::Reissued; 3];
    let mut status = authorities.reissued(ClusterAuthority::Ca, records);
    status.kubelet_serving = Some(authorities.old.sign());
    expect_refusal(
        decide(&status),
        "serves with a certificate",
        "restart the kubelet",
    );
    status.kubelet_serving = Some(authorities.new.sign());
    assert_eq!(decide(&status).unwrap().stage, RotationStage::Drop);
}

#[test]
fn an_exchange_that_is_over_may_be_followed_by_another() {
    use Recorded::{OnlyNew, Reissued};
    let authorities = Authorities::make();
    let over = |authority: ClusterAuthority, records| {
        let only = vec![authorities.new.certificate.clone()];
        let status = Status {
            of_cluster: match authority.concerns_workers() {
                true => only.clone(),
                false => Vec::new(),
            },
            trusted: only,
            key: authorities.new.key(),
            ..authorities.status(authority)
        };
        authorities.recorded(status, records)
    };
    for authority in ClusterAuthority::ALL {
        let status = over(authority, [OnlyNew; 3]);
        expect_refusal(decide(&status), "the exchange is over", "--stage trust");
        let begun = status.decide(&with_stage(RotationStage::Trust)).unwrap();
        assert!(begun.begins);
        let status = over(authority, [OnlyNew, Reissued, OnlyNew]);
        expect_refusal(decide(&status), "these nodes are not: two", "run ");
        // The last run was killed before it recorded that the node has completed the exchange.
        let again = decide(&over(authority, [Reissued, OnlyNew, OnlyNew])).unwrap();
        assert_eq!(again.stage, RotationStage::Drop);
        assert!(again.is_last_control_plane);
        assert_eq!(again.new_authority, authorities.new.certificate.to_pem());
    }
}

#[test]
fn a_third_authority_is_refused() {
    let authorities = Authorities::make();
    let mut status = authorities.status(ClusterAuthority::Ca);
    for time in [3_000, 4_000] {
        status.of_cluster.push(make(time).certificate);
    }
    expect_refusal(decide(&status), "have 3 authorities together", "remove");
}
