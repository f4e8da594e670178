use super::*;

const NEWEST: &str = "v1.36.2";

#[test]
fn versions_labels_and_prefixes() {
    for (text, version) in [
        ("v1.36.2", "v1.36.2"),
        ("1.36.2", "v1.36.2"),
        ("v1.36.0-rc.1", "v1.36.0-rc.1"),
        ("release/v1.36.2", "v1.36.2"),
        ("stable-1", NEWEST),
        ("latest", NEWEST),
        ("v2.0.0", "v2.0.0"),
        ("v1.33.0", "v1.33.0"),
        ("ci/v1.34.9", "v1.34.9"),
        ("v1.36.2+build", "v1.36.2+build"),
    ] {
        assert_eq!(resolve(text).unwrap().version, version, "{text}");
    }
    assert!(resolve("ci/v1.36.2").unwrap().ci_repository.is_some());
    assert!(
        resolve("v1.36")
            .unwrap_err()
            .contains("doesn't match patterns")
    );
    assert!(
        resolve("v1.32.9")
            .unwrap_err()
            .contains("only supports deploying")
    );
    assert!(!resolve("stable").unwrap().warnings.is_empty());
}
