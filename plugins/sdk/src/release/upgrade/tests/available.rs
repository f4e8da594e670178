use crate::release::upgrade::*;
use semver::Version;

/// Returns the labels that stand for a version each; every other is not known.
fn labels(known: &'static [(&str, &str)]) -> impl Fn(&str) -> Result<String, String> {
    move |label| {
        let found = known.iter().find(|(name, _)| *name == label);
        let found = found.map(|(_, version)| (*version).to_owned());
        found.ok_or_else(|| format!("{label} is not there"))
    }
}

fn search(
    cluster: &str,
    kubeadm: &str,
    allowed: Allowed,
    resolve: &dyn Fn(&str) -> Result<String, String>,
) -> (Vec<[String; 3]>, Vec<Note>) {
    let cluster: Version = cluster.parse().expect("a version");
    let search = Search {
        cluster: &cluster,
        kubeadm,
        allowed,
        resolve,
    };
    let (candidates, notes) = search.run().expect("candidates");
    let texts = candidates
        .into_iter()
        .map(|one| [one.description, one.version, one.kubeadm]);
    (texts.collect(), notes)
}

fn expect(
    cluster: &str,
    kubeadm: &str,
    allowed: Allowed,
    known: &'static [(&str, &str)],
    expected: &[[&str; 3]],
) {
    let (candidates, _) = search(cluster, kubeadm, allowed, &labels(known));
    assert_eq!(candidates, expected, "{cluster} {known:?}");
}

const NONE: Allowed = Allowed {
    experimental: false,
    release_candidates: false,
};
const ALL: Allowed = Allowed {
    experimental: true,
    release_candidates: true,
};

#[test]
fn patches_and_the_next_minor_are_found() {
    const SERIES: &str = "version in the v1.35 series";
    const KNOWN: &[(&str, &str)] = &[("stable", "v1.36.2"), ("stable-1.35", "v1.35.6")];
    let stable = ["stable version", "v1.36.2", "v1.36.2"];
    expect("1.35.6", "v1.36.2", NONE, KNOWN, &[stable]);
    let patch = [SERIES, "v1.35.6", "v1.36.2"];
    expect("1.35.1", "v1.36.2", NONE, KNOWN, &[patch, stable]);
    // An older kubeadm has to be upgraded first.
    let patch = [SERIES, "v1.35.6", "v1.35.6"];
    expect("1.35.1", "v1.35.3", NONE, KNOWN, &[patch, stable]);
    expect(
        "1.36.2",
        "v1.36.2",
        NONE,
        &[("stable", "v1.36.2"), ("stable-1.36", "v1.36.2")],
        &[],
    );
    // The cluster is newer than every release.
    expect(
        "1.37.0-alpha.1",
        "v1.36.2",
        NONE,
        &[("stable", "v1.36.2")],
        &[],
    );
}

#[test]
fn a_named_version_stands_for_every_label() {
    let named = |version: &'static str| move |_: &str| Ok::<_, String>(version.to_owned());
    for (version, expected) in [
        ("v1.36.2", vec!["version in the v1.35 series"]),
        ("v1.35.6", vec![]),
        ("v1.34.9", vec![]),
    ] {
        let (candidates, notes) = search("1.35.6", "v1.36.2", NONE, &named(version));
        let found: Vec<&str> = candidates.iter().map(|one| one[0].as_str()).collect();
        assert_eq!(found, expected, "{version}");
        let target = Note::Line(format!("Target version: {version}"));
        assert_eq!(notes[2], target);
    }
    // If the text is not a version, the version of kubeadm is taken.
    let (candidates, notes) = search("1.35.6", "v1.36.2", NONE, &named("newest"));
    assert_eq!(candidates, [["stable version", "v1.36.2", "v1.36.2"]]);
    let warned = "[upgrade/versions] WARNING: Couldn't parse version stable version: could not \
                  parse \"newest\" as version";
    assert!(
        notes.contains(&Note::Warning(warned.to_owned())),
        "{notes:?}"
    );
}

#[test]
fn versions_before_a_release_are_shown_if_they_are_allowed() {
    const KNOWN: &[(&str, &str)] = &[
        ("stable", "v1.36.2"),
        ("stable-1.36", "v1.36.2"),
        ("latest", "v1.38.0-alpha.0"),
        ("latest-1.37", "v1.37.0-rc.1"),
    ];
    let candidate = ["release candidate version", "v1.37.0-rc.1", "v1.37.0-rc.1"];
    let experimental = ["experimental version", "v1.37.0-rc.1", "v1.37.0-rc.1"];
    expect("1.36.2", "v1.36.2", NONE, KNOWN, &[]);
    expect("1.36.2", "v1.36.2", ALL, KNOWN, &[candidate, experimental]);
    let only_candidates = Allowed {
        release_candidates: true,
        ..NONE
    };
    expect("1.36.2", "v1.36.2", only_candidates, KNOWN, &[candidate]);
    const LATER: &[(&str, &str)] = &[
        ("stable", "v1.36.2"),
        ("stable-1.36", "v1.36.2"),
        ("latest", "v1.38.0-alpha.2"),
        ("latest-1.37", "v1.37.3-beta.0"),
    ];
    let experimental = ["experimental version", "v1.38.0-alpha.2", "v1.38.0-alpha.2"];
    expect("1.36.2", "v1.36.2", ALL, LATER, &[experimental]);
}

#[test]
fn the_table_of_releases_knows_labels() {
    let resolve = |label: &str, cluster: &str| {
        let cluster = cluster.parse().expect("a version");
        from_table(label, &cluster).ok()
    };
    for (label, cluster, minor) in [
        ("stable", "1.33.0", Some("v1.34.")),
        ("stable", "1.35.6", Some("v1.36.")),
        ("stable", "1.36.9", Some("v1.36.")),
        ("stable", "1.30.1", None),
        ("stable-1.34", "1.34.0", Some("v1.34.")),
        ("stable-1.37", "1.37.0", None),
        ("latest", "1.36.0", None),
    ] {
        let found = resolve(label, cluster);
        let is_as_expected = match minor {
            Some(minor) => found
                .as_deref()
                .is_some_and(|found| found.starts_with(minor)),
            None => found.is_none(),
        };
        assert!(is_as_expected, "{label} of {cluster}: {found:?}");
    }
}

#[test]
fn the_newest_version_is_found() {
    let found = newest(["v1.35.6", "v1.36.0", "v1.36.0-rc.1"]);
    assert_eq!(found, Ok(Some(Version::new(1, 36, 0))));
    assert_eq!(newest([]), Ok(None));
    assert_eq!(newest(["v1.35.6", "latest"]), Err("latest"));
}

#[test]
fn a_version_before_a_release_needs_a_flag() {
    for (version, flag) in [
        ("1.36.0", ""),
        ("1.36.0-rc.1", "--allow-release-candidate-upgrades"),
        ("1.36.0-alpha.1", "--allow-experimental-upgrades"),
    ] {
        assert_eq!(allowing_flag(&version.parse().expect("a version")), flag);
    }
}

#[test]
fn apis_go_away_with_their_minor() {
    let kinds = |from: &str, to: &str| -> Vec<&str> {
        removed_between(from, to)
            .map(|removed| removed.kind)
            .collect()
    };
    assert!(kinds("v1.36.0", "v1.36.2").is_empty());
    assert!(kinds("1.35.6", "v1.36.2").is_empty());
    assert_eq!(
        kinds("1.34.9", "v1.35.0"),
        ["VolumeAttributesClass", "StorageVersionMigration"]
    );
    // APIs are also found over several minors, but not in a downgrade.
    assert!(kinds("1.33.1", "v1.35.0").len() > kinds("1.34.1", "v1.35.0").len());
    assert!(kinds("1.35.0", "v1.34.0").is_empty());
    assert!(kinds("1.35.0", "newest").is_empty());
    for pair in REMOVED_APIS.windows(2) {
        assert!(pair[0].minor <= pair[1].minor, "{}", pair[1].kind);
        assert_ne!(pair[0].api_version, pair[0].instead);
    }
}
