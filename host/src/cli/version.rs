//! `version` and `completion`: commands that read no files and no cluster.
use super::{phase::PhaseCommands, tree};
use crate::{config::own_version, plan::catalog::Catalog, program::Program};
use clap_complete::Shell;
use kubephase_sdk::yaml;
use serde::Serialize;
use serde_json::json;

/// Forms of `version -o`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersionFormat {
    #[default]
    Text,
    Short,
    Yaml,
    Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client_version: Client,
}

/// The fields of `version.Info` of Kubernetes, without those that kubeadm leaves empty.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    major: String,
    minor: String,
    git_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes_version: Option<&'static str>,
    git_commit: &'static str,
    git_tree_state: &'static str,
    build_date: &'static str,
    go_version: &'static str,
    compiler: &'static str,
    platform: String,
}

/// Returns the version of the program. Under the name `kubeadm`, it is the version of the
/// Kubernetes release that the program acts for.
fn versions(program: Program) -> Versions {
    let kubernetes = own_version();
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let (version, kubernetes_version) = match program {
        Program::Kubephase => (concat!("v", env!("CARGO_PKG_VERSION")), Some(kubernetes)),
        Program::Kubeadm => (kubernetes, None),
    };
    // Callers of kubeadm expect that no field is empty.
    let (commit, tree_state, go_version) = match program {
        Program::Kubephase => ("", "", ""),
        Program::Kubeadm => ("unknown", "clean", "none"),
    };
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(str::to_owned);
    let client_version = Client {
        major: numbers.next().unwrap_or_default(),
        minor: numbers.next().unwrap_or_default(),
        git_version: version.to_owned(),
        kubernetes_version,
        git_commit: option_env!("KUBEPHASE_COMMIT").unwrap_or(commit),
        git_tree_state: tree_state,
        // The date that Kubernetes prints for a build without a date.
        build_date: option_env!("KUBEPHASE_BUILD_DATE").unwrap_or("1970-01-01T00:00:00Z"),
        go_version,
        compiler: "rustc",
        platform: format!("{}/{arch}", std::env::consts::OS),
    };
    Versions { client_version }
}

/// Returns the text that `version` prints.
pub fn version(program: Program, format: VersionFormat) -> String {
    let versions = versions(program);
    let client = &versions.client_version;
    // Plain records of strings always serialise.
    match (format, program) {
        (VersionFormat::Text, Program::Kubephase) => format!(
            "kubephase version: {} (Kubernetes {}, {})\n",
            client.git_version,
            client.kubernetes_version.unwrap_or_default(),
            client.platform
        ),
        (VersionFormat::Text, Program::Kubeadm) => {
            format!("kubeadm version: {}\n", go_syntax(client))
        }
        (VersionFormat::Short, _) => format!("{}\n", client.git_version),
        (VersionFormat::Yaml, _) => yaml::to_string(&json!(versions)) + "\n",
        (VersionFormat::Json, _) => {
            serde_json::to_string_pretty(&versions).unwrap_or_default() + "\n"
        }
    }
}

/// Returns a version as kubeadm prints it without `-o`: as Go prints a value with its type.
fn go_syntax(client: &Client) -> String {
    let fields = [
        ("Major", client.major.as_str()),
        ("Minor", &client.minor),
        ("EmulationMajor", ""),
        ("EmulationMinor", ""),
        ("MinCompatibilityMajor", ""),
        ("MinCompatibilityMinor", ""),
        ("GitVersion", &client.git_version),
        ("GitCommit", client.git_commit),
        ("GitTreeState", client.git_tree_state),
        ("BuildDate", client.build_date),
        ("GoVersion", client.go_version),
        ("Compiler", client.compiler),
        ("Platform", &client.platform),
    ];
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}:{value:?}"))
        .collect();
    format!("&version.Info{{{}}}", fields.join(", "))
}

/// Returns the script that `completion` prints.
pub fn completion(shell: Shell, catalog: &Catalog) -> String {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut tree::root(catalog, PhaseCommands::All),
        Program::current().name(),
        &mut script,
    );
    String::from_utf8_lossy(&script).into_owned()
}
