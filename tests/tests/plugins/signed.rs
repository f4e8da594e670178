//! Plugins with a signer: components of other signers are refused.
use crate::{
    append_custom_section, init, plugin,
    signed_plugin::{SignedPlugin, expect_refusal},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

#[test]
fn only_components_of_the_named_signer_run() {
    let signed = SignedPlugin::new();
    let our_key = &signed.ours.text;
    assert_eq!(
        fs::metadata(&signed.ours.secret)
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    expect_refusal(
        &signed.add(&["--signer", &signed.ours.public]),
        &["has to be signed by", "it has no signature"],
    );
    assert!(!signed.read_config().contains("time-sync"));
    assert!(
        signed
            .sign(&signed.ours)
            .contains("time-sync 0.1.0 is signed: ")
    );
    expect_inspected_signer(&signed);
    let added = signed.add(&["--signer", &signed.ours.public]);
    assert!(
        added
            .expect_success()
            .contains(&format!("signed by {our_key}\n"))
    );
    expect_recorded_signer(&signed);

    fs::remove_file(format!("{}.minisig", signed.component)).unwrap();
    signed.expect_refused_run(&["it has no signature"]);
    signed.sign(&signed.ours);
    append_custom_section(Path::new(&signed.component));
    signed.expect_refused_run(&["the component is not what was signed"]);
    expect_refusal(
        &signed.allow(&[]),
        &["the component is not what was signed"],
    );
}

/// Expects that `plugin inspect` shows the signer, and refuses a component of another signer.
fn expect_inspected_signer(signed: &SignedPlugin) {
    let inspect = ["inspect", &signed.component];
    let inspected = plugin(&inspect).expect_success();
    assert!(inspected.contains("as its signature says"), "{inspected}");
    let our_key = &signed.ours.text;
    let inspected = plugin(&[&inspect[..], &["--signer", our_key]].concat()).expect_success();
    assert!(inspected.contains(&format!("signed by {our_key}")));
    expect_refusal(
        &plugin(&[&inspect[..], &["--signer", &signed.theirs.text]].concat()),
        &["of another key"],
    );
}

/// Expects that the configuration, the lock and the cluster have the signer.
fn expect_recorded_signer(signed: &SignedPlugin) {
    let our_key = &signed.ours.text;
    let lock = signed.folder.path().join("kubephase.lock");
    for file in [PathBuf::from(&signed.config), lock] {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(&format!("signer: {our_key}\n")), "{text}");
    }
    let listed = signed.with_config("list");
    assert!(listed.contains(&format!("signed by {our_key}")), "{listed}");
    let out = signed.folder.path().join("out");
    init(&signed.config, &out).expect_success();
    let objects = fs::read_to_string(out.join("objects.yaml")).unwrap();
    assert!(objects.contains(&format!("signer: {our_key}")));
}

#[test]
fn an_upgrade_of_another_signer_is_refused_until_that_signer_is_named() {
    let signed = SignedPlugin::new();
    let (our_key, their_key) = (&signed.ours.text, &signed.theirs.text);
    signed.sign(&signed.ours);
    signed
        .add(&["--signer", &signed.ours.public])
        .expect_success();
    append_custom_section(Path::new(&signed.component));
    signed.sign(&signed.ours);
    signed.expect_refused_run(&["is not what was locked", "the same signer"]);
    let allowed = signed.allow(&[]).expect_success();
    assert!(
        allowed.contains(&format!("signed by {our_key} as before")),
        "{allowed}"
    );
    signed.with_config("verify");

    signed.sign(&signed.theirs);
    signed.expect_refused_run(&["of another key", "--signer PUBLIC_KEY"]);
    for output in [signed.allow(&[]), signed.add(&[])] {
        expect_refusal(&output, &["of another key", "--signer PUBLIC_KEY"]);
    }
    let allowed = signed
        .allow(&["--signer", &signed.theirs.public])
        .expect_success();
    assert!(
        allowed.contains(&format!("signed by {their_key} and no longer by {our_key}")),
        "{allowed}"
    );
    assert!(signed.with_config("verify").contains(their_key));
    expect_agreement(&signed);
}

/// Expects that a lock that names another signer than the configuration is refused.
fn expect_agreement(signed: &SignedPlugin) {
    let (our_key, their_key) = (&signed.ours.text, &signed.theirs.text);
    let text = signed.read_config();
    fs::write(&signed.config, text.replace(their_key, our_key)).unwrap();
    signed.expect_refused_run(&["names the signer", &format!("--signer {our_key}")]);
    fs::write(&signed.config, text.replace(their_key, "nobody")).unwrap();
    let output = init(&signed.config, &signed.folder.path().join("out"));
    assert!(
        output.status == 3
            && output
                .stderr
                .contains("plugins[0].signer: \"nobody\" is not a minisign public key"),
        "{}",
        output.stderr
    );
    // If the configuration no longer names a signer, that of the lock still counts.
    let line = format!("  signer: {their_key}\n");
    fs::write(&signed.config, text.replace(&line, "")).unwrap();
    signed.sign(&signed.ours);
    signed.expect_refused_run(&["of another key"]);
}
