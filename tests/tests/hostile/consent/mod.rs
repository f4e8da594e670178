//! The operator's consent: it holds for one plugin from one source, for the component that was
//! shown, and for everything that a version changes. Its texts say exactly what they allow.
mod digests;
mod identities;
mod registry;
mod texts;
mod upgrades;

use crate::support::{RunResult, Trial, guest};
use std::fs;

/// A grant that amounts to root.
const ROOT: &str = "capability: effects-command.execute, commands: [[touch, /tmp/x]]";
/// The line of that grant in the lock.
const ROOT_LINE: &str = r#"["effects-command.execute","commands",["touch","/tmp/x"]]"#;

/// An operator with a configuration that names no plugin yet.
struct Operator(Trial);

impl Operator {
    fn new() -> Operator {
        let trial = Trial::check();
        trial.write_config();
        Operator(trial)
    }

    /// Puts a plugin into a file of the operator's folder. `comment` makes another component of
    /// it.
    fn put(&self, path: &str, plugin: &Trial, comment: &str) {
        self.put_manifest(path, &format!("{}# {comment}\n", plugin.manifest()));
    }

    fn put_manifest(&self, path: &str, manifest: &str) {
        let path = self.0.folder().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, guest::component(manifest)).unwrap();
    }

    /// Runs `kubephase plugin`, with the words of a text as arguments.
    fn plugin(&self, words: &str) -> RunResult {
        let words = ["plugin"].into_iter().chain(words.split_whitespace());
        let config = ["--config", "cluster.yaml"];
        self.0.run(&words.chain(config).collect::<Vec<_>>())
    }

    fn plan(&self) -> RunResult {
        self.0.run(&["plan", "init", "--config", "cluster.yaml"])
    }

    /// Runs the command that a message suggests.
    fn paste(&self, output: &str) -> RunResult {
        self.0.run(&suggested_command(output))
    }

    fn config(&self) -> String {
        fs::read_to_string(self.0.config()).unwrap()
    }

    fn edit_config(&self, edit: impl Fn(String) -> String) {
        fs::write(self.0.config(), edit(self.config())).unwrap();
    }

    /// Returns the lines that the lock grants the plugin.
    fn granted(&self) -> Vec<String> {
        let lock: serde_json::Value = serde_yaml::from_str(&self.lock()).unwrap_or_default();
        let lines = lock["plugins"][0]["granted"].as_array();
        let lines = lines.into_iter().flatten().filter_map(|line| line.as_str());
        lines.map(str::to_owned).collect()
    }

    /// Returns the lock; empty if there is none.
    fn lock(&self) -> String {
        fs::read_to_string(self.0.folder().join("kubephase.lock")).unwrap_or_default()
    }
}

/// Returns the arguments of the command that a message suggests: the last command that allows
/// something.
fn suggested_command(output: &str) -> Vec<String> {
    let command = output
        .rsplit("kubephase plugin ")
        .next()
        .and_then(|rest| rest.lines().next())
        .unwrap_or_else(|| panic!("no command is suggested: {output}"));
    let words = command.split_whitespace().map(str::to_owned);
    ["plugin".to_owned()].into_iter().chain(words).collect()
}

/// Checks that the program refused, and that its message has these parts. Returns the message.
fn expect_refusal(ended: RunResult, parts: &[&str]) -> String {
    let output = ended.expect_status(6).output();
    for part in parts {
        assert!(output.contains(part), "{part} is missing:\n{output}");
    }
    output
}
