use super::*;
use std::collections::BTreeSet;

#[test]
fn a_version_has_the_row_of_its_minor() {
    for (version, minor) in [
        ("v1.33.0", 33),
        ("1.34.9", 34),
        ("v1.35.0-rc.1", 35),
        ("ci/v1.35.2+build", 35),
        ("release/v1.33.4", 33),
        ("v1.36.2", 36),
        // Rows that were not recorded are not used.
        ("v1.37.0", 36),
        ("v1.40.0", 36),
        ("v2.0.0", 36),
        ("stable-1", 36),
        ("", 36),
        ("v1.20.0", 33),
        ("v0.9.0", 33),
    ] {
        assert_eq!(Release::of(version).minor, minor, "{version}");
    }
}

#[test]
fn rows_are_in_order_and_name_their_own_kubeadm() {
    for (before, row) in RELEASES.iter().zip(&RELEASES[1..]) {
        assert_eq!(before.minor + 1, row.minor);
        assert!(before.source == Source::Recorded || row.source == Source::ReleaseNotes);
    }
    for row in &RELEASES {
        assert_eq!(major_and_minor(row.kubeadm), Some((1, row.minor)));
        let names: BTreeSet<_> = row.feature_gates.iter().map(|gate| gate.name).collect();
        assert_eq!(names.len(), row.feature_gates.len(), "1.{}", row.minor);
        // Every row says what a gate of any minor does, even of a gate that was removed.
        assert_eq!(names.len(), RELEASES[0].feature_gates.len());
        assert_eq!(row.static_pods.etcd_flags[0].since, None);
    }
    assert_eq!(Release::newest().minor, 36);
}

#[test]
fn gates_are_accepted_where_their_minor_has_them() {
    let accepted = |version, name| Release::of(version).accepted_gate(name).is_some();
    for (version, local_kubelet, wait_for_all) in [
        ("v1.33.1", true, true),
        ("v1.34.1", true, true),
        ("v1.35.1", true, false),
        ("v1.36.1", false, false),
    ] {
        assert_eq!(accepted(version, gate::LOCAL_KUBELET), local_kubelet);
        assert_eq!(accepted(version, gate::WAIT_FOR_ALL), wait_for_all);
        assert!(accepted(version, gate::LOCAL_SOCKET));
        assert!(!accepted(version, "IPv6DualStack"));
    }
}

#[test]
fn gates_of_running_clusters_are_looked_at() {
    let notice = |version, name| Release::of(version).gate_notice(name).unwrap_or_default();
    assert!(notice("v1.36.0", gate::ECDSA).contains("EncryptionAlgorithm"));
    assert_eq!(
        notice("v1.36.0", gate::LOCAL_KUBELET),
        "Unknown feature gate flag: ControlPlaneKubeletLocalMode"
    );
    assert_eq!(notice("v1.35.0", gate::LOCAL_KUBELET), "");
    assert_eq!(notice("v1.36.0", gate::ROOTLESS), "");
    // `gate_notice` has one text about deprecated gates, and that text is about this gate.
    for row in &RELEASES {
        let mut gates = row.feature_gates.iter();
        assert!(gates.all(|one| one.stage != Stage::Deprecated || one.name == gate::ECDSA));
    }
}

#[test]
fn recorded_minors_are_known() {
    for (version, is_known) in [
        ("v1.33.0", true),
        ("1.36.0-rc.1", true),
        ("v1.32.9", false),
        ("v1.37.0", false),
        ("stable", false),
    ] {
        assert_eq!(Release::is_recorded(version), is_known, "{version}");
    }
}

#[test]
fn a_locked_gate_keeps_its_default() {
    let is_enabled = |version, name, set| Release::of(version).is_enabled(name, set);
    assert!(!is_enabled("v1.33.0", gate::LOCAL_SOCKET, None));
    assert!(is_enabled("v1.33.0", gate::LOCAL_SOCKET, Some(true)));
    assert!(is_enabled("v1.34.0", gate::LOCAL_SOCKET, None));
    assert!(!is_enabled("v1.36.0", gate::LOCAL_SOCKET, Some(false)));
    assert!(!is_enabled("v1.34.0", gate::LOCAL_KUBELET, Some(false)));
    assert!(is_enabled("v1.35.0", gate::LOCAL_KUBELET, Some(false)));
    assert!(is_enabled("v1.36.0", gate::LOCAL_KUBELET, None));
    assert!(!is_enabled("v1.33.0", gate::WAIT_FOR_ALL, Some(false)));
    assert!(is_enabled("v1.34.0", gate::WAIT_FOR_ALL, Some(false)));
}

#[test]
fn kernels_are_judged_by_the_row() {
    for (release, in_1_33, in_1_34) in [
        ("4.18.0-553.el8", false, false),
        ("4.19.0", true, false),
        ("5.4.0-150-generic", true, true),
        ("5.14.0-570.el9", true, false),
        ("5.15.0", true, true),
        ("6.1.0-21-amd64", true, true),
        ("6.8", false, false),
        ("10.0.1", true, true),
        ("abc", false, false),
    ] {
        let accept = |version| Release::of(version).checks.kernels.accept(release);
        assert_eq!(accept("v1.33.0"), in_1_33, "{release}");
        assert_eq!(accept("v1.34.0"), in_1_34, "{release}");
    }
}

#[test]
fn versions_too_far_apart_may_not_be_together() {
    let skew = |target, lowest, highest, kubelet| Skew {
        target,
        lowest,
        highest,
        kubelet,
    };
    for allowed in [
        skew("v1.33.0", "", "", ""),
        skew("v1.36.2", "", "", "v1.36.9"),
        skew("v1.36.2", "", "", "v1.33.0"),
        skew("v1.33.2", "", "", "v1.30.1"),
        skew("v1.35.0", "v1.34.9", "v1.36.0", "v1.34.1"),
        skew("v1.37.0", "", "", "v1.37.0"),
        skew("", "", "", "v1.36.0"),
    ] {
        assert_eq!(allowed.problem(), None, "{allowed:?}");
    }
    let problem = |skew: Skew<'static>| skew.problem().unwrap();
    let too_old = problem(skew("v1.32.9", "", "", ""));
    assert!(matches!(too_old, SkewProblem::TargetTooOld(_)));
    assert!(too_old.to_string().contains(">= 1.33.0"), "{too_old}");
    for (broken, is_expected) in [
        (
            skew("v1.36.0", "", "", "v1.32.4"),
            (|found| matches!(found, SkewProblem::KubeletTooOld(_))) as fn(SkewProblem) -> bool,
        ),
        (skew("v1.34.0", "", "", "v1.35.0"), |found| {
            matches!(found, SkewProblem::KubeletTooNew(_))
        }),
        // The upgrade has not ended yet: the kubelet may talk to the older API server.
        (skew("v1.36.0", "v1.35.4", "v1.36.0", "v1.36.0"), |found| {
            matches!(found, SkewProblem::KubeletTooNew(_))
        }),
        (skew("v1.36.0", "v1.34.4", "v1.35.0", ""), |found| {
            matches!(found, SkewProblem::ControlPlaneTooFar(_))
        }),
        (skew("v1.34.0", "v1.35.4", "v1.36.0", ""), |found| {
            matches!(found, SkewProblem::ControlPlaneTooFar(_))
        }),
    ] {
        assert!(is_expected(problem(broken)), "{broken:?}");
    }
}
