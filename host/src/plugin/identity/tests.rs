use super::*;
use crate::plugin::place::{is_same_place, origin};

#[test]
fn versions_of_one_source_are_one_place() {
    let digest = "0".repeat(64);
    let pinned = format!("oci://r.example/own@sha256:{digest}");
    for (one, other) in [
        ("./own.wasm", "own.wasm"),
        ("a/./own.wasm", "./a/own.wasm"),
        ("oci://r.example/own:1", "oci://r.example/own:2"),
        ("oci://r.example/own:1", pinned.as_str()),
    ] {
        assert!(is_same_place(one, other), "{one} {other}");
    }
    for (one, other) in [
        ("./own.wasm", "./other/own.wasm"),
        ("own.wasm", "/own.wasm"),
        ("a/../own.wasm", "own.wasm"),
        ("oci://r.example/own:1", "oci://r.example/own/own:1"),
        ("oci://r.example/own:1", "oci://r.example:444/own:1"),
        ("oci://r.example/own:1", "r.example/own"),
    ] {
        assert!(!is_same_place(one, other), "{one} {other}");
    }
}

fn digest_of(source: &str) -> String {
    PluginIdentity::new(source, None).digest()
}

#[test]
fn identities_are_told_apart_by_digests_that_fit_into_a_label() {
    assert_eq!(digest_of("./own.wasm"), digest_of("own.wasm"));
    assert_ne!(digest_of("own.wasm"), digest_of("./other/own.wasm"));
    let shown = digest_of("own.wasm");
    assert!((32..=63).contains(&shown.len()) && shown.bytes().all(|b| b.is_ascii_hexdigit()));
}

fn identity_from(origin: Option<&str>) -> PluginIdentity {
    PluginIdentity::new("./own.wasm", None).with_origin(origin)
}

#[test]
fn files_of_one_place_in_different_configurations_are_told_apart_by_their_origins() {
    let (one, other) = (
        origin(None, "./own.wasm", None),
        origin(None, "./own.wasm", None),
    );
    assert_ne!(one, other);
    assert_ne!(
        identity_from(one.as_deref()).digest(),
        identity_from(other.as_deref()).digest()
    );
    assert_ne!(
        identity_from(one.as_deref()).to_string(),
        identity_from(None).to_string()
    );
    assert_eq!(origin(None, "oci://r.example/own:1", None), None);
}
