//! One case: a folder with a configuration, a described node, a scratch root and the hostile plugin
//! with a manifest of the case's own, added and allowed with the program itself.
use super::{
    guest,
    process::{self, Ended, Running},
    programs::Programs,
};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A call of a host function, for the settings.
pub fn call(function: &str, arguments: Value) -> Value {
    json!({"function": function, "arguments": arguments})
}

/// Calls that are made many times, and whose answers do not matter.
pub fn quiet_calls(function: &str, arguments: Value, times: u32) -> Value {
    json!({"function": function, "arguments": arguments, "times": times, "quiet": true})
}

/// An argument that YAML cannot carry well: a text, so many times.
pub fn repeated(text: &str, times: usize) -> Value {
    let characters: Vec<u32> = text.chars().map(u32::from).collect();
    json!({"characters": characters, "times": times})
}

pub const CHECK: &str =
    "- {id: preflight/hostile, title: Misuse the host, kind: check, workflow: [init]}\n";
pub const PHASE: &str = "- {id: hostile, title: Misuse the host, kind: phase, workflow: [init], \
    needs: [upload-config, bootstrap-token]}\n";
pub const CERTS_PHASE: &str =
    "- {id: certs/hostile, title: Misuse the host, kind: phase, workflow: [init]}\n";
pub const EARLY_PHASE: &str = "- {id: hostile, title: Misuse the host, kind: phase, workflow: \
    [init], needs: [preflight], before: [certs, kubeconfig]}\n";

/// So many preflight checks, as a manifest has them.
pub fn checks(count: usize) -> String {
    let check = |number: usize| {
        format!(
            "- {{id: preflight/hostile-{number}, title: Misuse the host, kind: check, workflow: \
             [init]}}\n"
        )
    };
    (0..count).map(check).collect()
}

/// So many phases before anything was made, as a manifest has them; in a row, or side by side.
pub fn early_phases(count: usize, in_a_row: bool) -> String {
    let phase = |number: usize| {
        let need = match number.checked_sub(1) {
            Some(before) if in_a_row => format!("hostile-{before}"),
            _ => "preflight".to_owned(),
        };
        format!(
            "- {{id: hostile-{number}, title: Misuse the host, kind: phase, workflow: [init], \
             needs: [{need}], before: [certs, kubeconfig]}}\n"
        )
    };
    (0..count).map(phase).collect()
}

pub struct Trial {
    folder: TempDir,
    /// the list of the manifest's phases, as YAML
    provides: String,
    /// the list of the manifest's grants, as YAML
    grants: String,
    settings: Value,
    environment: Vec<(String, String)>,
    /// further lines of the plugin's entry
    entry: String,
    /// further fields of the `ClusterConfiguration`
    cluster: String,
    /// further fields of the `PhaseConfiguration`
    phases: String,
    /// further fields of the described node
    node: String,
    /// flags of `plugin add` beside `--allow`
    consent: Vec<&'static str>,
    pub programs: Programs,
}

impl Trial {
    /// A plugin that is a preflight check and asks for nothing.
    pub fn check() -> Trial {
        Trial::providing(CHECK)
    }

    /// A plugin that is a phase near the end of `init`, when there is a cluster.
    pub fn phase() -> Trial {
        Trial::providing(PHASE)
    }

    /// A plugin that is a phase of the group `certs` and needs no other, for `init phase certs
    /// all`.
    pub fn certs_phase() -> Trial {
        Trial::providing(CERTS_PHASE)
    }

    /// A plugin that is a phase before anything was made.
    pub fn early_phase() -> Trial {
        Trial::providing(EARLY_PHASE)
    }

    /// A plugin with these phases, a YAML list.
    pub fn providing(provides: &str) -> Trial {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        let programs = Programs::new(folder.path());
        Trial {
            folder,
            provides: provides.to_owned(),
            grants: "[]\n".to_owned(),
            settings: json!({}),
            environment: Vec::new(),
            entry: String::new(),
            cluster: String::new(),
            phases: String::new(),
            node: String::new(),
            consent: Vec::new(),
            programs,
        }
    }

    /// The manifest asks for these: lines of a YAML list, without reasons.
    pub fn grants(mut self, lines: &[&str]) -> Trial {
        self.grants = lines
            .iter()
            .map(|line| format!("- {{reason: It is needed., {line}}}\n"))
            .collect();
        self
    }

    /// The operator knows that the grants amount to root.
    pub fn allow_root(mut self) -> Trial {
        self.consent.push("--allow-root");
        self
    }

    /// The operator knows that the grants amount to cluster-admin.
    pub fn allow_cluster_admin(mut self) -> Trial {
        self.consent.push("--allow-cluster-admin");
        self
    }

    /// The plugin makes these calls in its only round.
    pub fn calls(self, calls: &[Value]) -> Trial {
        self.rounds(&[json!({"calls": calls})])
    }

    /// The plugin does this round by round.
    pub fn rounds(mut self, rounds: &[Value]) -> Trial {
        self.settings["rounds"] = json!(rounds);
        self
    }

    /// The plugin reports this much of each answer, in bytes.
    pub fn shown_bytes(mut self, bytes: usize) -> Trial {
        self.settings["shownBytes"] = json!(bytes);
        self
    }

    pub fn environment(mut self, name: &str, value: &str) -> Trial {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Further lines of the plugin's entry in the configuration.
    pub fn entry(mut self, yaml: &str) -> Trial {
        self.entry = yaml.to_owned();
        self
    }

    /// Further fields of the `ClusterConfiguration`.
    pub fn cluster(mut self, yaml: &str) -> Trial {
        self.cluster = yaml.to_owned();
        self
    }

    /// Further fields of the `PhaseConfiguration`.
    pub fn phases(mut self, yaml: &str) -> Trial {
        self.phases = yaml.to_owned();
        self
    }

    /// Further fields of the described node.
    pub fn node(mut self, yaml: &str) -> Trial {
        self.node = yaml.to_owned();
        self
    }

    /// Further settings of the plugin, which it does not look at.
    pub fn setting(mut self, name: &str, value: &str) -> Trial {
        self.settings[name] = json!(value);
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The scratch root.
    pub fn root(&self) -> PathBuf {
        self.folder().join("root")
    }

    /// A path of the node, below the scratch root.
    pub fn on_node(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    /// Puts a file on the node.
    pub fn put(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> &Trial {
        let path = self.on_node(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    /// Puts a link on the node.
    pub fn link(&self, path: &str, target: impl AsRef<Path>) -> &Trial {
        let path = self.on_node(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
        self
    }

    pub fn manifest(&self) -> String {
        let Trial {
            provides, grants, ..
        } = self;
        let grants = if grants.starts_with('[') {
            format!(" {grants}")
        } else {
            format!("\n{grants}")
        };
        let head =
            "schema: 1\nname: hostile\nversion: 0.1.0\nlicense: Apache-2.0\ndescription: A test.\n";
        format!("{head}provides:\n{provides}settings: {{}}\ngrants:{grants}")
    }

    /// The component with the manifest of this case.
    pub fn component(&self) -> PathBuf {
        let path = self.folder().join("hostile.wasm");
        fs::write(&path, guest::component(&self.manifest())).unwrap();
        path
    }

    pub fn config(&self) -> PathBuf {
        self.folder().join("cluster.yaml")
    }

    /// Writes the configuration, which does not name the plugin yet.
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

    /// The program with the environment of this case.
    pub fn program(&self) -> Command {
        let mut command = process::program(self.folder());
        command
            .env("PATH", self.programs.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program in the folder of this case.
    pub fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Ended {
        process::run(self.folder(), self.program().args(arguments))
    }

    /// Starts the program in the folder of this case.
    pub fn start<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Running {
        process::start(self.folder(), self.program().args(arguments))
    }

    /// `plugin add --allow`, as the operator does it.
    pub fn add(&self) -> Ended {
        self.component();
        self.write_config();
        let consent = self.consent.iter().copied();
        let arguments: Vec<&str> = [
            "plugin",
            "add",
            "./hostile.wasm",
            "--config",
            "cluster.yaml",
            "--allow",
        ]
        .into_iter()
        .chain(consent)
        .collect();
        self.run(&arguments)
    }

    /// Adds and allows the plugin and gives it its settings.
    pub fn prepare(&self) -> &Trial {
        self.add().expect_status(0);
        let text = fs::read_to_string(self.config()).unwrap();
        let (before, after) = text
            .split_once("- name: hostile\n")
            .expect("the plugin has an entry");
        let settings = format!("  settings: {}\n{}", self.settings, self.entry);
        fs::write(
            self.config(),
            format!("{before}- name: hostile\n{settings}{after}"),
        )
        .unwrap();
        self
    }

    /// Flags of a run on the scratch root.
    pub fn place(&self) -> Vec<String> {
        [
            "--config",
            "cluster.yaml",
            "--node",
            "node.yaml",
            "--root",
            "root",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn run_in_place(&self, command: &[&str]) -> Ended {
        let command = command.iter().copied().map(str::to_owned);
        self.run(&command.chain(self.place()).collect::<Vec<_>>())
    }

    /// The preflight phase alone, in which a check runs.
    pub fn preflight(&self) -> Ended {
        self.prepare().preflight_again()
    }

    /// The preflight phase once more.
    pub fn preflight_again(&self) -> Ended {
        self.run_in_place(&["init", "phase", "preflight"])
    }

    /// `plugin inspect` of the component with this case's manifest.
    pub fn inspect(&self) -> Ended {
        self.component();
        self.run(&["plugin", "inspect", "hostile.wasm"])
    }

    /// A rehearsal of the configuration without the plugin.
    pub fn rehearse_without_plugin(&self) -> Ended {
        self.write_config();
        self.rehearse_again()
    }

    /// `plugin test --record`: one call of the plugin on this very machine, where nothing that it
    /// proposes is carried out. Its settings come from the manifest's schema.
    pub fn record(&self) -> Ended {
        self.run(&self.prepare_record())
    }

    /// Writes the component for `plugin test --record`; the arguments of that command.
    pub fn prepare_record(&self) -> [&'static str; 8] {
        let manifest = self.manifest();
        let fields = self.settings.as_object().into_iter().flatten();
        let properties: Value = fields
            .map(|(name, value)| (name.clone(), json!({"default": value})))
            .collect();
        let schema = json!({"type": "object", "properties": properties});
        let manifest = manifest.replace("settings: {}\n", &format!("settings: {schema}\n"));
        fs::write(
            self.folder().join("hostile.wasm"),
            guest::component(&manifest),
        )
        .unwrap();
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

    /// A whole rehearsal.
    pub fn rehearse(&self) -> Ended {
        self.prepare().rehearse_again()
    }

    /// A rehearsal once more, of the same tree.
    pub fn rehearse_again(&self) -> Ended {
        self.run_in_place(&["rehearse"])
    }

    /// All that a run left below the folder of this case, as text, but for files that the case
    /// itself named as `except`.
    pub fn everything_left(&self, except: &[&Path]) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        let mut open = vec![self.folder().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if except.contains(&path.as_path()) {
                    continue;
                }
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => open.push(path),
                    kind if kind.is_file() => {
                        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                        found.push((path, text));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}
