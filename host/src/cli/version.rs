//! `version` and `completion`: commands that read no files and no cluster.
use super::tree;
use crate::plan::catalog::Catalog;
use clap_complete::Shell;
use serde::Serialize;

/// The Kubernetes release whose kubeadm this program follows.
pub const KUBERNETES: &str = "v1.36.2";

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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    major: &'static str,
    minor: &'static str,
    git_version: String,
    kubernetes_version: &'static str,
    platform: String,
}

fn versions() -> Versions {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let client_version = Client {
        major: env!("CARGO_PKG_VERSION_MAJOR"),
        minor: env!("CARGO_PKG_VERSION_MINOR"),
        git_version: format!("v{}", env!("CARGO_PKG_VERSION")),
        kubernetes_version: KUBERNETES,
        platform: format!("{}/{arch}", std::env::consts::OS),
    };
    Versions { client_version }
}

/// Returns the text that `version` prints.
pub fn version(format: VersionFormat) -> String {
    let versions = versions();
    let client = &versions.client_version;
    // Plain records of strings always serialise.
    match format {
        VersionFormat::Text => {
            format!(
                "{} version: {} (Kubernetes {}, {})\n",
                tree::NAME,
                client.git_version,
                client.kubernetes_version,
                client.platform
            )
        }
        VersionFormat::Short => format!("{}\n", client.git_version),
        VersionFormat::Yaml => serde_yaml::to_string(&versions).unwrap_or_default(),
        VersionFormat::Json => serde_json::to_string_pretty(&versions).unwrap_or_default() + "\n",
    }
}

/// Returns the script that `completion` prints.
pub fn completion(shell: Shell, catalog: &Catalog) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree::root(catalog), tree::NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
