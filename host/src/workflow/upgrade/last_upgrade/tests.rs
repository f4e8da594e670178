use super::*;

const API_SERVER: &str = "/etc/kubernetes/manifests/kube-apiserver.yaml";

fn backup(stamp: &str) -> String {
    format!("/etc/kubernetes/tmp/kubeadm-backup-manifests-{stamp}/kube-apiserver.yaml")
}

/// Returns a run that replaced the API server after a backup with this stamp; an empty stamp means
/// that it replaced nothing.
fn run(workflow: &str, is_done: bool, stamp: &str) -> EarlierRun {
    let changes = [
        ("file", backup(stamp)),
        ("static-pod", API_SERVER.to_owned()),
    ];
    let changes = changes.map(|(kind, target)| (kind.to_owned(), target));
    EarlierRun {
        run: 7,
        workflow: workflow.to_owned(),
        is_done,
        changes: if stamp.is_empty() {
            Vec::new()
        } else {
            changes.to_vec()
        },
    }
}

#[test]
fn a_rollback_goes_to_where_the_last_upgrade_began() {
    let apply = |is_done, stamp| run("upgrade-apply", is_done, stamp);
    for (runs, expected) in [
        (vec![apply(true, "1")], "1"),
        (vec![apply(true, "1"), apply(true, "2")], "2"),
        // Runs that were killed belong to the upgrade that they began.
        (
            vec![apply(true, "1"), apply(false, "2"), apply(true, "3")],
            "2",
        ),
        (
            vec![apply(true, "1"), apply(false, "2"), apply(false, "3")],
            "2",
        ),
        (vec![apply(true, "1"), apply(true, "")], "1"),
        (vec![apply(true, "1"), run(ROLLBACK, false, "")], "1"),
        (
            vec![apply(true, "1"), run(ROLLBACK, true, ""), apply(true, "2")],
            "2",
        ),
        (
            vec![apply(true, "1"), run("reset", true, ""), apply(true, "2")],
            "2",
        ),
    ] {
        let found = sort_by_use(backups_of(&runs).unwrap());
        assert_eq!(
            found.manifests["kube-apiserver"],
            backup(expected),
            "{runs:?}"
        );
    }
}

#[test]
fn without_an_upgrade_there_is_nothing_to_take_back() {
    let apply = run("upgrade-apply", true, "1");
    for (runs, expected) in [
        (vec![], "no upgrade that changed this machine is recorded"),
        (
            vec![apply.clone(), run("reset", true, "")],
            "no upgrade that changed this machine is recorded",
        ),
        (
            vec![apply, run(ROLLBACK, true, "")],
            "was taken back already, by run 7",
        ),
    ] {
        let refused = backups_of(&runs).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}
