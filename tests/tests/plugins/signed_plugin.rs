//! The plugin that the tests of signatures sign, add and change.
use crate::{build_examples, example, init, plugin, write_config};
use harness::RunOutput;
use std::{fs, path::Path};

/// A key pair in a folder.
pub struct KeyPair {
    /// path of the secret key
    pub secret: String,
    /// path of the public key
    pub public: String,
    /// the public key itself
    pub text: String,
}

/// Makes a key pair with `plugin keygen`.
pub fn make_key_pair(folder: &Path, name: &str) -> KeyPair {
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
pub fn expect_refusal(output: &RunOutput, parts: &[&str]) {
    let printed = output.printed();
    assert_eq!(output.status, 6, "{printed}");
    for part in parts {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

/// The time-sync example, a configuration, and the keys of two signers.
pub struct SignedPlugin {
    pub folder: tempfile::TempDir,
    pub config: String,
    pub component: String,
    pub ours: KeyPair,
    pub theirs: KeyPair,
}

impl SignedPlugin {
    pub fn new() -> SignedPlugin {
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

    pub fn sign(&self, key: &KeyPair) -> String {
        plugin(&["sign", &self.component, "--key", &key.secret]).expect_success()
    }

    /// Runs `plugin add --allow`.
    pub fn add(&self, more: &[&str]) -> RunOutput {
        let add = ["add", &self.component, "--config", &self.config, "--allow"];
        plugin(&[&add, more].concat())
    }

    pub fn allow(&self, more: &[&str]) -> RunOutput {
        let allow = ["allow", "time-sync", "--config", &self.config];
        plugin(&[&allow, more].concat())
    }

    /// Returns the output of a command with the configuration, such as `verify`.
    pub fn with_config(&self, command: &str) -> String {
        plugin(&[command, "--config", &self.config]).expect_success()
    }

    /// Runs a dry run. Checks that it is refused with these texts, and that it writes nothing.
    #[track_caller]
    pub fn expect_refused_run(&self, parts: &[&str]) {
        let out = self.folder.path().join("refused");
        expect_refusal(&init(&self.config, &out), parts);
        assert!(!out.exists());
    }

    pub fn read_config(&self) -> String {
        fs::read_to_string(&self.config).unwrap()
    }
}
