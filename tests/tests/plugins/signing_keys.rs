//! Keys with a password, and signatures in a registry.
use crate::{
    PROGRAM, build_examples, example, plugin,
    registry::{shown_digest, start_registry},
    signed_plugin::{KeyPair, expect_refusal, make_key_pair},
    write_config,
};
use harness::{RunOutput, kubephase, run};
use std::fs;

/// Runs `kubephase plugin` with a password for secret keys.
fn plugin_with_password(password: &str, args: &[&str]) -> RunOutput {
    run(kubephase(PROGRAM)
        .env("KUBEPHASE_SIGNING_PASSWORD", password)
        .arg("plugin")
        .args(args))
}

#[test]
fn a_key_with_a_password_cannot_sign_without_it() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("x.wasm").display().to_string();
    fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
    let name = folder.path().join("ours").display().to_string();
    plugin_with_password("secret", &["keygen", &name]).expect_success();
    let sign = ["sign", &component, "--key", &format!("{name}.key")];
    for output in [plugin(&sign), plugin_with_password("wrong", &sign)] {
        assert!(
            output.status == 1
                && output.stderr.contains("cannot sign with")
                && output.stderr.contains("assword"),
            "{}",
            output.stderr
        );
    }
    plugin_with_password("secret", &sign).expect_success();
    plugin(&["inspect", &component, "--signer", &format!("{name}.pub")]).expect_success();
}

#[test]
fn a_registry_keeps_the_signature_with_the_component() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    let Some((registry, reference)) = start_registry(folder.path()) else {
        return;
    };
    let (config, tagged) = (
        write_config(folder.path(), ""),
        format!("{reference}:0.1.0"),
    );
    let component = folder.path().join("time-sync.wasm").display().to_string();
    fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
    assert!(
        plugin(&["push", &component, &tagged])
            .expect_success()
            .contains("not signed")
    );
    let KeyPair {
        secret,
        public,
        text: key,
    } = make_key_pair(folder.path(), "ours");
    expect_refusal(
        &plugin(&["add", &tagged, "--config", &config, "--signer", &public]),
        &["it has no signature"],
    );
    plugin(&["sign", &component, "--key", &secret]).expect_success();
    assert!(
        plugin(&["push", &component, &tagged])
            .expect_success()
            .contains("signed by key ")
    );
    let inspected = plugin(&["inspect", &tagged]).expect_success();
    let digest = shown_digest(&inspected);
    let added = plugin(&[
        "add", &tagged, "--config", &config, "--allow", "--signer", &public, "--digest", digest,
    ])
    .expect_success();
    assert!(added.contains(&format!("signed by {key}")), "{added}");
    drop(registry);
    assert!(
        plugin(&["verify", "--config", &config])
            .expect_success()
            .contains(&key)
    );
}
