//! Secret settings in the names that a plugin gives: targets of effects, codes of findings, names
//! of facts. The journal keeps names in clear text.
use crate::{
    canaries::{SETTING, trial_with_secrets, with_secrets},
    support::{RunResult, Trial, call},
    walk::grants::grants_for_everything,
};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

const OWN: &str = "/var/lib/kubephase-plugins/hostile";
const WHY: &str = "holds a secret setting";

/// Returns proposals of many kinds. The target of each holds `text`.
fn proposals(text: &str) -> Vec<Value> {
    let name = format!("kubephase-plugin-hostile-{text}");
    let metadata = json!({"name": name, "namespace": "default"});
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    let of_object = json!(["v1", "ConfigMap", "default", name]);
    let path = format!("{OWN}/{text}/x");
    let pair = json!({"directory": path, "algorithm": "ECDSA-P256"});
    vec![
        call("effects-files.write-file", json!([path, "x"])),
        call("effects-files.make-dir", json!([path])),
        call("effects-files.remove-file", json!([path])),
        call("effects-files.set-mode", json!([path, 0o600])),
        call("effects-pki.ensure-key-pair", json!([pair.to_string()])),
        call("effects-cluster.apply-object", json!([object.to_string()])),
        call("effects-cluster.delete-object", of_object),
        call(
            "effects-images.pull-image",
            json!([format!("registry.example/{text}:1")]),
        ),
        call(
            "effects-node.ensure-service",
            json!([format!("{text}.service"), "started"]),
        ),
        call("effects-node.load-module", json!([text])),
        call("effects-command.execute", json!(["tool", ["-p", text]])),
    ]
}

/// Checks that the output and the journals of a run do not hold the secret. Other files are not
/// checked: the rehearsed cluster keeps the settings of the hostile plugin that say which calls it
/// makes, and these settings hold the secret without being marked as secret.
fn assert_records_are_clean(trial: &Trial, ended: &RunResult) {
    // The join command has a token.
    assert!(!ended.output().contains(SETTING), "{}", ended.output());
    for (path, text) in trial.all_files(&[]) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("journal-") {
            assert!(!text.contains(SETTING), "{}", path.display());
        }
    }
}

#[test]
fn no_target_of_an_effect_holds_a_secret_setting() {
    let spellings = [
        SETTING.to_owned(),
        HEXLOWER.encode(SETTING.as_bytes()),
        BASE64.encode(SETTING.as_bytes()).replace('=', ""),
    ];
    let grants = grants_for_everything();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    for spelling in spellings {
        let calls = proposals(&spelling);
        let trial = with_secrets(Trial::early_phase())
            .grants(&grants)
            .allow_root()
            .allow_cluster_admin()
            .calls(&calls);
        let ended = trial.rehearse();
        let mut refused = 0;
        for (call, answer) in calls.iter().zip(&ended.answers) {
            assert!(!answer.is_ok, "{call}: {}", answer.text);
            // Other checks may come first: the name of an object has no capital letters.
            refused += usize::from(answer.text.contains(WHY));
        }
        assert!(refused >= 7, "{refused}: {}", ended.answers_text());
        assert_records_are_clean(&trial, &ended);
    }
}

#[test]
fn no_name_in_a_report_holds_a_secret_setting() {
    let finding = json!(["warn", "CanaryOfACode", "summary", "x", "y"]);
    for report in [
        call("report.submit", finding),
        call("report.set-fact", json!([SETTING, "1"])),
    ] {
        let trial = trial_with_secrets()
            .setting("token", "CanaryOfACode")
            .calls(&[report]);
        let ended = trial.rehearse();
        assert_ne!(ended.status, 0, "{}", ended.output());
        assert!(ended.output().contains(WHY), "{}", ended.output());
        assert!(!ended.output().contains("CanaryOfACode"));
        assert_records_are_clean(&trial, &ended);
    }
}

#[test]
fn an_encoded_secret_setting_is_blanked_in_messages() {
    let encoded = BASE64.encode(SETTING.as_bytes());
    let trial =
        trial_with_secrets().calls(&[call("report.message", json!(["info", encoded.clone()]))]);
    let ended = trial.rehearse().expect_status(0);
    let hidden = ended.output().lines().any(|line| line.contains("<secret>"));
    assert!(hidden, "{}", ended.output());
    let shown = ended.output().contains(encoded.trim_end_matches('='));
    assert!(!shown, "{}", ended.output());
}

#[test]
fn long_secret_settings_are_bounded() {
    let trial = trial_with_secrets();
    let trial = (0..20).fold(trial, |trial, number| {
        trial.setting(&format!("password{number}"), &format!("{number:04096}"))
    });
    let ended = trial.rehearse();
    assert!(
        ended.status != 0 && ended.output().contains("its secret settings have"),
        "{}",
        ended.output()
    );
}

#[test]
fn a_secret_setting_that_could_not_be_hidden_is_refused() {
    let ended = trial_with_secrets().setting("password", "pw").rehearse();
    assert!(
        ended.status != 0 && ended.output().contains("settings.password: it is secret"),
        "{}",
        ended.output()
    );
}

#[test]
fn a_long_secret_setting_with_control_characters_is_hidden_in_texts() {
    let lines = (0..400).map(|number| format!("canary-of-line-{number:04}\r\u{1b}\n"));
    let secret: String = lines.collect();
    let trial = trial_with_secrets().setting("privateKey", &secret).calls(&[
        call("report.message", json!(["info", format!("key: {secret}")])),
        call("report.message", json!(["info", &secret[60..500]])),
        call(
            "report.submit",
            json!(["warn", "Code", secret, "x", secret]),
        ),
    ]);
    let ended = trial.rehearse().expect_status(0);
    let shown = ended.output().matches("canary-of-line-").count();
    // The second text begins and ends within a line.
    assert!(shown <= 2, "{shown}: {}", ended.output());
}

#[test]
fn a_default_that_does_not_fit_its_schema_is_refused_when_the_plugin_is_added() {
    let schema =
        json!({"type": "object", "properties": {"mib": {"type": "integer", "default": "x"}}});
    let refused = Trial::check().schema(&schema).add();
    let field = "settings.properties.mib.default: ";
    assert!(
        refused.status != 0 && refused.output().contains(field),
        "{}",
        refused.output()
    );
    let marked = json!({"properties": {"pin": {"type": "integer", "writeOnly": true}}});
    let refused = Trial::check().schema(&marked).add();
    assert!(
        refused.status != 0 && refused.output().contains("only texts can be hidden"),
        "{}",
        refused.output()
    );
}
