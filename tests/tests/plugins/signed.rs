//! Plugins with a signer: components of other signers are refused.
use crate::{
    PROGRAM, append_custom_section, build_examples, example, init, plugin,
    registry::start_registry, write_config,
};
use harness::{RunOutput, kubephase, run};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A key pair in a folder.
struct KeyPair {
    /// path of the secret key
    secret: String,
    /// path of the public key
    public: String,
    /// the public key itself
    text: String,
}

/// Makes a key pair with `plugin keygen`.
fn make_key_pair(folder: &Path, name: &str) -> KeyPair {
    let name = folder.join(name).display().to_string();
    plugin(&["keygen", &name]).expect_success();
    let (secret, public) = (format!("{name}.key"), format!("{name}.pub"));
    let text = fs::read_to_string(&public)
        .unwrap()
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    KeyPair {
        secret,
        public,
        text,
    }
}

/// Checks that a plugin was refused with these texts.
#[track_caller]
fn expect_refusal(output: &RunOutput, parts: &[&str]) {
    let printed = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status, 6, "{printed}");
    for part in parts {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

/// The time-sync example, a configuration, and the keys of two signers.
struct SignedPlugin {
    folder: tempfile::TempDir,
    config: String,
    component: String,
    ours: KeyPair,
    theirs: KeyPair,
}

impl SignedPlugin {
    fn new() -> SignedPlugin {
        build_examples();
        let folder = tempfile::tempdir().unwrap();
        let phases = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nwaivers: \
            [{check: TimeSync, reason: no clock}]\n";
        let component = folder.path().join("time-sync.wasm").display().to_string();
        fs::copy(example("time-sync").join("time-sync.wasm"), &component).unwrap();
        SignedPlugin {
            config: write_config(folder.path(), phases),
            component,
            ours: make_key_pair(folder.path(), "ours"),
            theirs: make_key_pair(folder.path(), "theirs"),
            folder,
        }
    }

    fn sign(&self, key: &KeyPair) -> String {
        plugin(&["sign", &self.component, "--key", &key.secret]).expect_success()
    }

    /// `plugin add --allow`.
    fn add(&self, more: &[&str]) -> RunOutput {
        let add = ["add", &self.component, "--config", &self.config, "--allow"];
        plugin(&[&add, more].concat())
    }

    fn allow(&self, more: &[&str]) -> RunOutput {
        let allow = ["allow", "time-sync", "--config", &self.config];
        plugin(&[&allow, more].concat())
    }

    /// A command with the configuration, such as `verify`.
    fn with_config(&self, command: &str) -> String {
        plugin(&[command, "--config", &self.config]).expect_success()
    }

    /// A dry run, which has to be refused with these texts and to write nothing.
    #[track_caller]
    fn expect_refused_run(&self, parts: &[&str]) {
        let out = self.folder.path().join("refused");
        expect_refusal(&init(&self.config, &out), parts);
        assert!(!out.exists());
    }

    fn read_config(&self) -> String {
        fs::read_to_string(&self.config).unwrap()
    }
}

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

/// `plugin inspect` shows the signer, and refuses a component of another signer.
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

/// The configuration, the lock and the cluster have the signer.
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

/// The signer in the configuration has to be that of the lock, which has their key.
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
    let added = plugin(&[
        "add", &tagged, "--config", &config, "--allow", "--signer", &public,
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
