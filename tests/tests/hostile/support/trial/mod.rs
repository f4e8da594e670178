//! One case, built step by step: the kind of the plugin, its grants, and its calls. `commands.rs`
//! runs the program with it, `folder.rs` has its files.
mod commands;
mod folder;

pub use commands::PLACE;

use super::{programs::Programs, server::Server};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

/// Returns a call of a host function, for the settings of the plugin.
pub fn call(function: &str, arguments: Value) -> Value {
    json!({"function": function, "arguments": arguments})
}

/// Returns a call that is made many times, and whose answers do not matter.
pub fn quiet_calls(function: &str, arguments: Value, times: u32) -> Value {
    json!({"function": function, "arguments": arguments, "times": times, "quiet": true})
}

/// Returns an argument that YAML cannot carry well: a text, repeated.
pub fn repeated(text: &str, times: usize) -> Value {
    let characters: Vec<u32> = text.chars().map(u32::from).collect();
    json!({"characters": characters, "times": times})
}

/// The entry of a preflight check in a manifest.
pub const CHECK: &str =
    "- {id: preflight/hostile, title: Misuse the host, kind: check, workflow: [init]}\n";
/// The entry of a phase near the end of `init`, when the cluster exists.
pub const PHASE: &str = "- {id: hostile, title: Misuse the host, kind: phase, workflow: [init], \
    needs: [upload-config, bootstrap-token]}\n";
/// The entry of a phase in the group `addon`.
pub const ADDON_PHASE: &str =
    "- {id: addon/hostile, title: Misuse the host, kind: phase, workflow: [init]}\n";
/// The entry of a phase before the first file is made.
pub const EARLY_PHASE: &str = "- {id: hostile, title: Misuse the host, kind: phase, workflow: \
    [init], needs: [preflight], before: [certs, kubeconfig]}\n";

/// Returns the entries of `count` preflight checks in a manifest.
pub fn checks(count: usize) -> String {
    (0..count)
        .map(|number| {
            format!(
                "- {{id: preflight/hostile-{number}, title: Misuse the host, kind: check, \
                 workflow: [init]}}\n"
            )
        })
        .collect()
}

/// Returns the entries of `count` phases before the first file is made. With `in_a_row` each needs
/// the one before it; otherwise all of them need the preflight phase only.
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

/// One case: a folder with a configuration, a described node, a scratch root, and the hostile
/// plugin with the manifest and settings of the case.
pub struct Trial {
    folder: TempDir,
    /// the list of the manifest's phases, as YAML
    provides: String,
    /// the list of the manifest's grants, as YAML
    grants: String,
    /// the schema of its settings, as YAML
    schema: String,
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
    /// Returns a trial of a plugin that is a preflight check and asks for nothing.
    pub fn check() -> Trial {
        Trial::with_phases(CHECK)
    }

    /// Returns a trial of a check that asks a server of this machine.
    pub fn check_that_asks(server: &Server) -> Trial {
        let url = format!("http://127.0.0.1:{}/", server.port);
        let grant = format!(
            "capability: observe-net.http-get, hosts: ['127.0.0.1:{}']",
            server.port
        );
        Trial::check()
            .grants(&[&grant])
            .allow_root()
            .calls(&[call("observe-net.http-get", json!([url, 60_000]))])
    }

    /// Returns a trial of a plugin that is a phase near the end of `init`, when the cluster exists.
    pub fn phase() -> Trial {
        Trial::with_phases(PHASE)
    }

    /// Returns a trial of a plugin that is a phase of the group `addon`, in which nothing else
    /// runs, and needs no other phase, for `init phase addon all`.
    pub fn addon_phase() -> Trial {
        Trial {
            phases: "disabledPhases: [addon/coredns, addon/kube-proxy]\n".to_owned(),
            ..Trial::with_phases(ADDON_PHASE)
        }
    }

    /// Returns a trial of a plugin that is a phase before the first file is made.
    pub fn early_phase() -> Trial {
        Trial::with_phases(EARLY_PHASE)
    }

    /// Returns a trial of a plugin with these phases, a YAML list.
    pub fn with_phases(provides: &str) -> Trial {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        let programs = Programs::new(folder.path());
        Trial {
            folder,
            provides: provides.to_owned(),
            grants: "[]\n".to_owned(),
            schema: "{}".to_owned(),
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

    /// Makes the manifest ask for these grants: lines of a YAML list, without reasons.
    pub fn grants(mut self, lines: &[&str]) -> Trial {
        self.grants = lines
            .iter()
            .map(|line| format!("- {{reason: It is needed., {line}}}\n"))
            .collect();
        self
    }

    /// Lets the operator allow grants that amount to root.
    pub fn allow_root(mut self) -> Trial {
        self.consent.push("--allow-root");
        self
    }

    /// Lets the operator allow grants that amount to cluster-admin.
    pub fn allow_cluster_admin(mut self) -> Trial {
        self.consent.push("--allow-cluster-admin");
        self
    }

    /// Lets the plugin make these calls in its only round.
    pub fn calls(self, calls: &[Value]) -> Trial {
        self.rounds(&[json!({"calls": calls})])
    }

    /// Lets the plugin do this, round by round.
    pub fn rounds(mut self, rounds: &[Value]) -> Trial {
        self.settings["rounds"] = json!(rounds);
        self
    }

    /// Lets the plugin report this many bytes of each answer.
    pub fn shown_bytes(mut self, bytes: usize) -> Trial {
        self.settings["shownBytes"] = json!(bytes);
        self
    }

    /// Sets an environment variable of the program.
    pub fn environment(mut self, name: &str, value: &str) -> Trial {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds lines to the plugin's entry in the configuration.
    pub fn entry(mut self, yaml: &str) -> Trial {
        self.entry = yaml.to_owned();
        self
    }

    /// Adds fields to the `ClusterConfiguration`, or further documents.
    pub fn cluster(mut self, yaml: &str) -> Trial {
        self.cluster = yaml.to_owned();
        self
    }

    /// Adds fields to the `PhaseConfiguration`.
    pub fn phases(mut self, yaml: &str) -> Trial {
        self.phases = yaml.to_owned();
        self
    }

    /// Adds fields to the described node.
    pub fn node(mut self, yaml: &str) -> Trial {
        self.node = yaml.to_owned();
        self
    }

    /// Gives the manifest another schema of the plugin's settings.
    pub fn schema(mut self, json: &Value) -> Trial {
        self.schema = json.to_string();
        self
    }

    /// Adds a setting that the plugin does not read.
    pub fn setting(mut self, name: &str, value: &str) -> Trial {
        self.settings[name] = json!(value);
        self
    }
}
