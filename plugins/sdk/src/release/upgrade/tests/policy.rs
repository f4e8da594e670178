use crate::release::upgrade::*;

fn versions(cluster: &str, kubelets: &[&str], kubeadm: &str, target: &str) -> UpgradeVersions {
    UpgradeVersions {
        target: target.into(),
        cluster: cluster.into(),
        kubeadm: kubeadm.into(),
        kubelets: Ok(kubelets.iter().map(|one| (*one).to_owned()).collect()),
        allowed: Allowed::default(),
    }
}

/// Asserts that each problem begins with, or has, one of the expected parts, in order.
fn expect(versions: &UpgradeVersions, mandatory: &[&str], skippable: &[&str]) {
    let problems = versions.problems();
    for (found, expected) in [
        (&problems.mandatory, mandatory),
        (&problems.skippable, skippable),
    ] {
        assert_eq!(found.len(), expected.len(), "{versions:?}: {problems:?}");
        for (found, part) in found.iter().zip(expected) {
            assert!(found.contains(part), "{versions:?}: {found}");
        }
    }
}

#[test]
fn one_minor_up_or_down_is_an_upgrade() {
    for (cluster, kubelet, kubeadm, target) in [
        // a patch, the next minor, the same version again, an older patch, the minor before
        ("v1.35.2", "v1.35.2", "v1.35.6", "v1.35.6"),
        ("v1.35.2", "v1.35.1", "v1.36.2", "v1.36.0"),
        ("v1.36.2", "v1.36.2", "v1.36.2", "v1.36.2"),
        ("v1.36.2", "v1.35.0", "v1.36.2", "v1.36.1"),
        ("v1.37.0", "v1.36.2", "v1.36.2", "v1.36.2"),
        // Kubelets may be three minors older.
        ("v1.35.6", "v1.33.9", "v1.36.2", "v1.36.2"),
        // Builds do not count.
        ("v1.36.0", "v1.36.0", "v1.36.0+a1", "v1.36.0+b2"),
        ("1.36.0", "v1.36.0", "1.36.0", "1.36.0"),
    ] {
        expect(&versions(cluster, &[kubelet], kubeadm, target), &[], &[]);
    }
}

#[test]
fn steps_of_several_minors_are_refused() {
    let too_high = "\"v1.36.2\" is too high; kubeadm can upgrade only 1 minor version at a time";
    let too_low = "\"v1.36.2\" is too low; kubeadm can downgrade only 1 minor version at a time";
    for (cluster, expected) in [
        ("v1.34.9", too_high),
        ("v1.33.0", too_high),
        ("v1.38.0", too_low),
    ] {
        let skew = versions(cluster, &["v1.34.0"], "v1.36.2", "v1.36.2");
        expect(&skew, &[expected], &[]);
    }
    // An upgrade to a pre-release version can be forced.
    let mut skew = versions("v1.34.9", &[], "v1.36.0-rc.1", "v1.36.0-rc.1");
    skew.allowed.release_candidates = true;
    expect(&skew, &[], &["is too high"]);
}

#[test]
fn kubeadm_has_the_minor_of_the_target() {
    let skew = |kubeadm, target| versions("v1.35.1", &["v1.35.1"], kubeadm, target);
    expect(
        &skew("v1.35.6", "v1.36.2"),
        &["higher than the kubeadm minor release (36 > 35). Such an upgrade is not supported"],
        &[],
    );
    expect(
        &skew("v1.35.6", "v1.35.9"),
        &[],
        &["\"v1.35.9\" is higher than the kubeadm version \"v1.35.6\". Upgrade kubeadm first"],
    );
    expect(
        &skew("v1.36.2", "v1.35.9"),
        &[],
        &["Kubeadm version v1.36.2 can only be used to upgrade to Kubernetes version 1.36"],
    );
    // The minor before that of kubeadm is the oldest that it supports.
    expect(
        &skew("v1.36.2", "v1.34.9"),
        &["\"v1.34.9\" is equal to or lower than the minimum supported version \"v1.35.1\""],
        &["can only be used"],
    );
}

#[test]
fn versions_before_a_release_have_to_be_allowed() {
    for (target, experimental, release_candidates, refused) in [
        ("v1.36.0-beta.1", false, false, true),
        ("v1.36.0-beta.1", false, true, true),
        ("v1.36.0-beta.1", true, false, false),
        ("v1.36.0-rc.1", false, false, true),
        ("v1.36.0-rc.1", false, true, false),
        ("v1.36.0-rc.1", true, false, false),
    ] {
        let mut skew = versions("v1.35.3", &["v1.35.3"], target, target);
        skew.allowed = Allowed {
            experimental,
            release_candidates,
        };
        let expected: &[&str] = if refused {
            &["an unstable version"]
        } else {
            &[]
        };
        expect(&skew, &[], expected);
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let skew = versions(
        "v1.33.2",
        &["v1.30.1", "v1.31.9", "v1.33.2"],
        "v1.35.6",
        "v1.36.0-alpha.3",
    );
    expect(
        &skew,
        &[],
        &[
            "is too high",
            "(36 > 35)",
            "an unstable version",
            "too old that have these versions [v1.30.1 v1.31.9]",
        ],
    );
    let skew = versions("v1.33.2", &["v1.30.1"], "v1.35.6", "v1.36.0");
    expect(&skew, &["is too high", "(36 > 35)"], &["[v1.30.1]"]);
}

#[test]
fn versions_that_are_not_known_are_problems() {
    let mut skew = versions("v1.36.0", &["unknown"], "v1.36.2", "v1.36.2");
    expect(&skew, &[], &["couldn't parse kubelet version unknown"]);
    skew.kubelets = Err("couldn't list all nodes in cluster".into());
    expect(
        &skew,
        &[],
        &["Unable to fetch kubelet version: couldn't list all nodes in cluster"],
    );
    expect(
        &versions("v1.36", &[], "v1.36.2", "v1.36.2"),
        &["Couldn't parse cluster version"],
        &[],
    );
    expect(
        &versions("v1.36.0", &[], "v1.36.2", "newest"),
        &["unable to parse normalized version \"newest\" as a semantic version"],
        &[],
    );
}

#[test]
fn force_passes_over_what_is_not_fatal() {
    let skew = versions("v1.35.1", &["v1.35.1"], "v1.35.6", "v1.35.9").problems();
    assert_eq!(
        skew.refusal(false).as_deref(),
        Some(
            "the version argument is invalid due to these errors:\n\n\t- Specified version to \
             upgrade to \"v1.35.9\" is higher than the kubeadm version \"v1.35.6\". Upgrade \
             kubeadm first using the tool you used to install kubeadm\n\nCan be bypassed if you \
             pass the --force flag"
        )
    );
    assert_eq!(skew.refusal(true), None);
    let problems_of_forced_upgrade = skew.problems_of_forced_upgrade().unwrap_or_default();
    assert!(
        problems_of_forced_upgrade
            .starts_with("Found 1 potential version compatibility errors but skipping")
    );

    let fatal = versions("v1.33.1", &[], "v1.36.2", "v1.36.2").problems();
    let refusal = fatal.refusal(true).unwrap_or_default();
    assert!(refusal.starts_with("the version argument is invalid due to these fatal errors:\n\n"));
    assert!(
        refusal.ends_with(
            "\n\nPlease fix the misalignments highlighted above and try upgrading again"
        )
    );
    assert_eq!(VersionProblems::default().refusal(false), None);
    assert_eq!(
        VersionProblems::default().problems_of_forced_upgrade(),
        None
    );
}
