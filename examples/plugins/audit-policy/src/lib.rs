//! A phase between the static Pods and the wait for them: it writes the audit policy that the API
//! server reads. The file exists before the API server starts, so the API server does not fail
//! without it.
use kubephase_sdk::prelude::*;
use serde_json::{Value, json};

phase!(write_policy);

const PATH: &str = "/etc/kubernetes/audit/policy.yaml";

fn write_policy() -> Result<Outcome, Failure> {
    let arguments: Vec<Value> = config("/cluster/apiServer/extraArgs").unwrap_or_default();
    if !arguments
        .iter()
        .any(|argument| argument["name"] == "audit-policy-file")
    {
        return Ok(Outcome::Skipped(
            "the API server is given no --audit-policy-file".into(),
        ));
    }
    let settings: Value = settings()?;
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*"]},
            {"level": settings["level"]},
        ],
    });
    // JSON is valid YAML.
    let file = effects_files::write_file(PATH, format!("{policy:#}\n").as_bytes())?;
    effects_files::file_mode(file, 0o600)?;
    effects::because(file, "the API server's --audit-policy-file names it")?;
    Ok(Outcome::Settled)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_has_the_expected_result() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
