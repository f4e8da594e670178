//! Secrets in the environment, the configuration and the cluster (canaries). No output, file or
//! object of the program holds them, except for files and objects whose purpose is to hold them.
//! This file has the secrets and the configuration that holds them; `search.rs` looks for them, and
//! `runs.rs` and `refused.rs` have the tests. The canaries of the hostile suite, in which a plugin
//! tries to read them, are in `../hostile/canaries/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod refused;
mod runs;
mod search;

use harness::kubephase;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

pub const TOKEN_SECRET: &str = "canary0token0abc";

pub const CERTIFICATE_KEY: &str =
    "ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11";

pub const PROXY: &str = "http://user:canary-proxy@proxy.example:3128";

const ENVIRONMENT: &[(&str, &str)] = &[
    ("AWS_SECRET_ACCESS_KEY", "canary-cloud"),
    ("KUBEPHASE_SIGNING_PASSWORD", "canary-signing"),
    ("HTTPS_PROXY", PROXY),
    ("http_proxy", PROXY),
];

/// Returns the program with secrets in its environment.
pub fn command() -> Command {
    let mut command = kubephase(PROGRAM);
    command.envs(ENVIRONMENT.iter().copied());
    command
}

/// Writes a configuration with secrets, and with rules that see placeholders instead of them.
pub fn cluster(folder: &Path) -> PathBuf {
    let text = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{{token: abcdef.{TOKEN_SECRET}}}]
certificateKey: {CERTIFICATE_KEY}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.2
encryptionAlgorithm: ECDSA-P256
networking: {{podSubnet: 10.244.0.0/16}}
---
apiVersion: kubephase.dev/v1alpha1
kind: PhaseConfiguration
rules:
- {{code: Placeholders, summary: \"<secret:token-0>\", that: 'has(config.join) || \
config.init.certificateKey == \"<secret:certificate-key>\"'}}
- {{code: Proxies, that: 'config.run.proxyEnvironment.all(p, !p.value.contains(\"@\"))'}}
"
    );
    let path = folder.join("cluster.yaml");
    fs::write(&path, text).unwrap();
    path
}
