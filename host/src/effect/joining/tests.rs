use super::*;
use crate::{
    cancel::Cancel,
    config::{Config, JoinedCluster},
    secret::Secret,
    world::{World, fake::FakeWorld},
};
use kubephase_sdk::{spec::ShareKeysSpec, testing::Case};
use serde_json::json;

const FILES: [(&str, &str); 3] = [
    ("ca.crt", "/pki/ca.crt"),
    ("ca.key", "/pki/ca.key"),
    ("none", "/pki/none"),
];

fn named_files() -> Vec<(String, String)> {
    FILES
        .map(|(name, path)| (name.to_owned(), path.to_owned()))
        .into()
}

/// Returns the Secret of a control plane that has two of the files.
fn uploaded_secret(key: &Secret<String>) -> Value {
    let root = tempfile::tempdir().unwrap();
    let case = Case::parse("files: {/pki/ca.crt: shown, /pki/ca.key: hidden}").unwrap();
    let world = FakeWorld::new(&case, root.path()).unwrap();
    let spec = ShareKeysSpec {
        files: named_files(),
        ttl_seconds: 1,
    };
    shared_keys::build_secret(
        &spec,
        world.files(),
        &shared_keys::parse_key(key).unwrap(),
        "owner",
        "uid",
    )
    .unwrap()
}

/// Fetches the keys from a cluster with these objects. Returns the result, and the files of the
/// node with their modes.
fn fetch_from(
    objects: Vec<Value>,
    key: &Secret<String>,
) -> (WorldResult<EffectOutcome>, Vec<(String, u32)>) {
    let root = tempfile::tempdir().unwrap();
    let world = FakeWorld::new(
        &Case {
            objects,
            ..Case::default()
        },
        root.path(),
    )
    .unwrap();
    let mut config = Config {
        join: Some(JoinedCluster::default()),
        ..Config::default()
    };
    config.init.certificate_key = key.clone();
    let cancel = Cancel::never();
    let context = Context::for_test(&world, &config, &cancel);
    let done = fetch_keys(
        &FetchKeysSpec {
            files: named_files(),
        },
        &context,
    );
    let files = world.files();
    let there = FILES
        .iter()
        .filter_map(|(name, path)| Some(((*name).to_owned(), files.stat(path).unwrap()?.mode)))
        .collect();
    (done, there)
}

#[test]
fn shared_keys_are_fetched_whole_or_not_at_all() {
    let [key, other] = [(); 2].map(|()| shared_keys::random_key());
    let (done, there) = fetch_from(vec![uploaded_secret(&key)], &key);
    assert_eq!(done.unwrap().applied, Applied::Changed);
    assert_eq!(
        there,
        [("ca.crt".to_owned(), 0o644), ("ca.key".to_owned(), 0o600)]
    );
    let mut without_key = uploaded_secret(&key);
    without_key["data"]
        .as_object_mut()
        .unwrap()
        .remove("ca.key");
    let mut damaged = uploaded_secret(&key);
    damaged["data"]["ca.key"] = json!("?");
    for (objects, key, why) in [
        (vec![], &key, "Secret \"kubeadm-certs\" was not found"),
        (
            vec![uploaded_secret(&key)],
            &other,
            "error decoding secret data with provided key",
        ),
        (
            vec![without_key],
            &key,
            "does not include the required certificate or key - name: ca.key, path: /pki/ca.key",
        ),
        (vec![damaged], &key, "ca.key of the Secret is not base64"),
    ] {
        let (done, there) = fetch_from(objects, key);
        let failure = done.unwrap_err();
        assert!(failure.message.contains(why), "{why}: {}", failure.message);
        assert!(
            failure
                .remedy
                .is_some_and(|remedy| remedy.contains("upload-certs")),
            "{why}: it says what to do"
        );
        assert!(there.is_empty(), "{why}: {there:?}");
    }
}
