//! Running the program for a case: adding the plugin, runs, recordings.
use super::Trial;
use crate::support::{
    guest,
    process::{self, RunResult, Running},
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::Command};

/// Flags of a run in the scratch root, from the folder of the case.
pub const PLACE: [&str; 6] = [
    "--config",
    "cluster.yaml",
    "--node",
    "node.yaml",
    "--root",
    "root",
];

impl Trial {
    /// Returns the manifest.
    pub fn manifest(&self) -> String {
        let Trial {
            provides,
            grants,
            schema,
            ..
        } = self;
        let grants = if grants.starts_with('[') {
            format!(" {grants}")
        } else {
            format!("\n{grants}")
        };
        let head =
            "schema: 1\nname: hostile\nversion: 0.1.0\nlicense: Apache-2.0\ndescription: A test.\n";
        format!("{head}provides:\n{provides}settings: {schema}\ngrants:{grants}")
    }

    /// Writes the component with the manifest of this case.
    pub fn component(&self) -> PathBuf {
        self.put_component(&guest::component(&self.manifest()))
    }

    /// Writes another component in place of this case's component.
    pub fn put_component(&self, component: &[u8]) -> PathBuf {
        let path = self.folder().join("hostile.wasm");
        fs::write(&path, component).unwrap();
        path
    }

    /// Returns the path of the configuration.
    pub fn config(&self) -> PathBuf {
        self.folder().join("cluster.yaml")
    }

    /// Writes the configuration without an entry for the plugin, and the description of the node.
    pub fn write_config(&self) {
        let cluster = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: \
            ClusterConfiguration\nkubernetesVersion: v1.36.2\nencryptionAlgorithm: ECDSA-P256\n";
        let phases = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
        let text = format!("{cluster}{}{phases}{}", self.cluster, self.phases);
        fs::write(self.config(), text).unwrap();
        let node = fs::read_to_string(harness::workspace().join("examples/single-node/node.yaml"))
            .unwrap();
        fs::write(self.folder().join("node.yaml"), node + &self.node).unwrap();
    }

    /// Returns the program with the environment of this case.
    pub fn program(&self) -> Command {
        let mut command = process::program(self.folder());
        command
            .env("PATH", self.programs.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program in the folder of this case.
    pub fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> RunResult {
        process::run(self.folder(), self.program().args(arguments))
    }

    /// Starts the program in the folder of this case.
    pub fn start<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Running {
        process::start(self.folder(), self.program().args(arguments))
    }

    /// Runs `plugin add --allow`.
    pub fn add(&self) -> RunResult {
        self.component();
        self.write_config();
        self.add_component("hostile")
    }

    /// Runs `plugin add --allow` for `component` instead of this case's component.
    pub fn add_other(&self, component: &[u8]) -> RunResult {
        self.put_component(component);
        self.write_config();
        self.add_component("hostile")
    }

    fn add_component(&self, name: &str) -> RunResult {
        let source = format!("./{name}.wasm");
        let consent = self.consent.iter().copied();
        let arguments: Vec<&str> = [
            "plugin",
            "add",
            &source,
            "--config",
            "cluster.yaml",
            "--allow",
        ]
        .into_iter()
        .chain(consent)
        .collect();
        self.run(&arguments)
    }

    /// Gives the entry of a plugin its settings.
    fn write_settings(&self, name: &str) {
        let text = fs::read_to_string(self.config()).unwrap();
        let begin = format!("- name: {name}\n");
        let (before, after) = text.split_once(&begin).expect("the plugin has an entry");
        let settings = self.settings.to_string().replace("hostile", name);
        let settings = format!("  settings: {settings}\n{}", self.entry);
        fs::write(self.config(), format!("{before}{begin}{settings}{after}")).unwrap();
    }

    /// Adds plugins like this one beside it. They differ in their names, `hostile-1`, `hostile-2`
    /// and so on, which stand for `hostile` in all their texts.
    pub fn prepare_beside(&self, count: usize) -> &Trial {
        for number in 1..=count {
            let name = format!("hostile-{number}");
            let manifest = self.manifest().replace("hostile", &name);
            let path = self.folder().join(format!("{name}.wasm"));
            fs::write(path, guest::component(&manifest)).unwrap();
            self.add_component(&name).expect_status(0);
            self.write_settings(&name);
        }
        self
    }

    /// Adds and allows the plugin and gives it its settings.
    pub fn prepare(&self) -> &Trial {
        self.add().expect_status(0);
        self.write_settings("hostile");
        self
    }

    /// Runs a command in the scratch root.
    pub fn run_in_place(&self, command: &[&str]) -> RunResult {
        self.run(&[command, &PLACE].concat())
    }

    /// Starts a command in the scratch root.
    pub fn start_in_place(&self, command: &[&str]) -> Running {
        self.start(&[command, &PLACE].concat())
    }

    /// Adds the plugin and runs the preflight phase, in which a check runs.
    pub fn preflight(&self) -> RunResult {
        self.prepare().preflight_again()
    }

    /// Runs the preflight phase.
    pub fn preflight_again(&self) -> RunResult {
        self.run_in_place(&["init", "phase", "preflight"])
    }

    /// Runs `plugin inspect` of the component.
    pub fn inspect(&self) -> RunResult {
        self.component();
        self.run(&["plugin", "inspect", "hostile.wasm"])
    }

    /// Rehearses `init` without the plugin.
    pub fn rehearse_without_plugin(&self) -> RunResult {
        self.write_config();
        self.rehearse_again()
    }

    /// Runs `plugin test --record`: one call of the plugin on this machine, whose proposals are not
    /// carried out. The settings are defaults of the manifest's schema.
    pub fn record(&self) -> RunResult {
        self.run(&self.prepare_record())
    }

    /// Writes the component for `plugin test --record` and returns the arguments of that command.
    pub fn prepare_record(&self) -> [&'static str; 8] {
        let manifest = self.manifest();
        let fields = self.settings.as_object().into_iter().flatten();
        let properties: Value = fields
            .map(|(name, value)| (name.clone(), json!({"default": value})))
            .collect();
        let schema = json!({"type": "object", "properties": properties});
        let manifest = manifest.replace("settings: {}\n", &format!("settings: {schema}\n"));
        self.put_component(&guest::component(&manifest));
        [
            "plugin",
            "test",
            "hostile.wasm",
            "--record",
            "capsule.json",
            "--allow",
            "--allow-root",
            "--allow-cluster-admin",
        ]
    }

    /// Adds the plugin and rehearses `init`.
    pub fn rehearse(&self) -> RunResult {
        self.prepare().rehearse_again()
    }

    /// Rehearses `init`.
    pub fn rehearse_again(&self) -> RunResult {
        self.run_in_place(&["rehearse"])
    }
}
