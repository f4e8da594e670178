//! Secrets (canaries) in every place that a plugin could reach: none of them is in a journal, a
//! capsule, the output, or an object that every node may read.

mod capsules;
mod names;
mod runs;

use crate::support::{Trial, call};
use serde_json::{Value, json};

pub const TOKEN_SECRET: &str = "canarytoken01234";

pub const CERTIFICATE_KEY: &str =
    "ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11";

pub const SETTING: &str = "canary-of-a-setting";

/// Returns a trial of a check with secrets in the configuration, the environment and the settings.
pub fn trial_with_secrets() -> Trial {
    with_secrets(Trial::check())
}

/// Adds secrets to the configuration, the environment and the settings of a trial.
pub fn with_secrets(trial: Trial) -> Trial {
    let cluster = format!(
        "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nbootstrapTokens: \
         [{{token: abcdef.{TOKEN_SECRET}}}]\ncertificateKey: {CERTIFICATE_KEY}\n"
    );
    trial
        .cluster(&cluster)
        .environment("AWS_SECRET_ACCESS_KEY", "canary-cloud")
        .environment("KUBEPHASE_SIGNING_PASSWORD", "canary-signing")
        .environment("KUBEPHASE_REGISTRY_PASSWORD", "canary-registry")
        .environment("HTTPS_PROXY", "http://user:canary-proxy@proxy.example:3128")
        .environment("http_proxy", "http://user:canary-proxy@proxy.example:3128")
        .setting("password", SETTING)
        .setting("mirror", &format!("https://user:{SETTING}@mirror.example/"))
}

/// Part of every secret. Only files that are meant to hold secrets may have one.
const CANARIES: [&str; 8] = [
    "canary-cloud",
    "canary-signing",
    "canary-registry",
    "canary-proxy",
    TOKEN_SECRET,
    CERTIFICATE_KEY,
    SETTING,
    "PRIVATE KEY",
];

/// Checks that a text holds no secret except those in `allowed`, not even in upper case or
/// reversed.
#[track_caller]
pub fn assert_clean(name: &str, text: &str, allowed: &[&str]) {
    let reversed: String = text.chars().rev().collect();
    for canary in CANARIES.iter().filter(|canary| !allowed.contains(canary)) {
        assert!(!text.contains(canary), "{canary} is in {name}");
        assert!(
            !text.contains(&canary.to_uppercase()),
            "{canary} is in {name} in upper case"
        );
        assert!(
            !reversed.contains(canary),
            "{canary} is in {name} backwards"
        );
    }
}

/// Returns calls of every function that could answer with a secret.
pub fn calls_that_could_show_secrets() -> Vec<Value> {
    vec![
        call("input.config", json!([""])),
        call("input.config", json!(["/init"])),
        call("input.config", json!(["/run"])),
        call("input.config", json!(["/init/bootstrapTokens/0/token"])),
        call("input.config", json!(["/init/certificateKey"])),
        call("observe-node.node-fact", json!(["environment"])),
        call("observe-node.node-fact", json!(["settings"])),
        call("observe-net.proxy-for", json!(["https://example.com/"])),
        call(
            "report.message",
            json!(["info", "<secret:token-0> <secret:certificate-key>"]),
        ),
        call("report.set-fact", json!(["copied", "\"<secret:token-0>\""])),
        call("input.fact", json!(["preflight/hostile", "copied"])),
    ]
}
