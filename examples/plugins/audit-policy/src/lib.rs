//! A step between the static Pods and the wait for them: the audit policy that the API server is
//! told to read. As the file is there before the API server starts, it never crash-loops for want
//! of it.
use kubephase_sdk::prelude::*;
use serde_json::{Value, json};

phase!(write);

const PATH: &str = "/etc/kubernetes/audit/policy.yaml";

fn write() -> Tried<Outcome> {
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
    // YAML is JSON and more.
    let file = effects_files::write_file(PATH, format!("{policy:#}\n").as_bytes())?;
    effects_files::file_mode(file, 0o600)?;
    effects::because(file, "the API server's --audit-policy-file names it")?;
    Ok(Outcome::Settled)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_comes_out_as_expected() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
