//! The document PhaseConfiguration.
use super::*;
use crate::config::plugin_limits::Limits;
use std::time::Duration;

#[test]
fn our_own_document_is_read_strictly() {
    let text = format!(
        "{CLUSTER}---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nwaivers:\n- \
         {{check: NumCPU, reason: a laptop, expires: 2027-01-01}}\n"
    );
    assert_eq!(load(&text).unwrap().phases.waivers[0].check, "NumCPU");
    let message = load(&text.replace("waivers", "wavers"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("wavers") && message.contains(":7:1:"),
        "{message}"
    );
}

#[test]
fn the_examples_in_the_operators_guide_can_be_read() {
    let page = include_str!("../../../USING.md");
    let blocks: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .collect();
    let ours: Vec<&&str> = blocks
        .iter()
        .filter(|block| block.contains("kind: PhaseConfiguration"))
        .collect();
    assert!(ours.len() >= 2);
    for block in ours {
        load(&format!("{CLUSTER}---\n{block}")).unwrap();
    }
}

const ENTRY: &str = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n\
    - name: a\n  source: a.wasm\n";

#[test]
fn a_mistake_in_the_entry_of_a_plugin_is_reported_with_its_place() {
    for (field, path, words) in [
        (
            "limits: {memory: 1Gi}",
            "limits.memory",
            "1Gi is not between 64Ki and 512Mi",
        ),
        (
            "limits: {memory: much}",
            "limits.memory",
            "\"much\" is not a quantity of bytes",
        ),
        (
            "limits: {deadline: 1h}",
            "limits.deadline",
            "1h0m0s is not between 10ms and 300s",
        ),
        ("limits: {deadline: 10}", "limits.deadline", ""),
        (
            "limits: {processorTime: 1h}",
            "limits.processorTime",
            "1h0m0s is not between 10ms and 600s",
        ),
        ("limits: {cpu: 1}", "limits.cpu", "unknown field `cpu`"),
        (
            "signer: me",
            "signer",
            "\"me\" is not a minisign public key",
        ),
    ] {
        let Problems(problems) = load(&format!("{CLUSTER}{ENTRY}  {field}\n")).unwrap_err();
        assert_eq!(problems[0].path, format!("plugins[0].{path}"), "{field}");
        assert_eq!(problems[0].line, Some(10), "{field}");
        let message = &problems[0].message;
        assert!(message.contains(words), "{field}: {message}");
    }
}

#[test]
fn the_limits_of_a_plugin_are_the_same_after_the_cluster_kept_them() {
    let text = format!(
        "{CLUSTER}{ENTRY}  limits: {{deadline: 10s, memory: 32Mi, processorTime: 500ms}}\n"
    );
    let phases = load(&text).unwrap().phases;
    let limits = Limits {
        deadline: Duration::from_secs(10),
        processor_time: Duration::from_millis(500),
        memory: 32 << 20,
    };
    assert_eq!(phases.plugins[0].limits, limits);
    let document = phases.to_cluster_document().unwrap();
    let from_cluster: PhaseConfiguration = serde_json::from_value(document).unwrap();
    assert!(from_cluster.is_same_as(&phases));
}

#[test]
fn the_cluster_keeps_which_checks_are_switched_on() {
    let head = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
    let phases = load(&format!("{CLUSTER}{head}checks: [recommended]\n"))
        .unwrap()
        .phases;
    assert!(phases.rules_of_checks().len() >= 30);
    let document = phases.to_cluster_document().unwrap();
    assert_eq!(document["checks"], serde_json::json!(["recommended"]));
    assert!(PhaseConfiguration::default().rules_of_checks().is_empty());
}

#[test]
fn mistakes_in_a_phase_configuration_are_refused_in_plain_words() {
    let head = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
    for (body, words) in [
        ("parallelism: 0\n", "0 is not a number of phases"),
        ("parallelism: many\n", "\"many\" is not a number of phases"),
        (
            "waivers: [{check: a, reason: b, expires: soon}]\n",
            "\"soon\" is not a date",
        ),
        ("plugins: x\n", "plugins: this is a text; write a list"),
        ("plugins: [{name: 7}]\n", "this is a number; write a text"),
        ("waivers: [null]\n", "this is null; write a map"),
        (
            "rules: []\nrules: []\n",
            "key \"rules\" is already set in this map",
        ),
    ] {
        let message = load(&format!("{CLUSTER}{head}{body}"))
            .unwrap_err()
            .to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn rules_that_cannot_be_evaluated_are_problems_of_the_file_with_their_places() {
    let text = format!(
        "{CLUSTER}---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nrules:\n\
         - code: Cores\n  that: node.cpu >= 2\n- code: Memory\n  severity: warning\n  that: \
         node.memoryMib >=\n- {{code: 7-eleven, that: 'true'}}\n"
    );
    let (loaded, checked) = (load(&text).unwrap_err(), check(&text).unwrap_err());
    for problems in [loaded, checked] {
        let message = problems.to_string();
        for words in [
            "config.yaml:9:3: rules[0].that: node has no fact cpu; did you mean cpus? (column 6",
            "config.yaml:12:3: rules[1].that: the expression ends where more is expected (column",
            "config.yaml:13:4: rules[2].code: \"7-eleven\" is not a code of a finding",
        ] {
            assert!(message.contains(words), "{words}: {message}");
        }
    }
    for (wrong, words) in [
        ("thatt: 'true'", "rules[0].thatt"),
        ("that: 'true', severity: fatal", "rules[0].severity"),
        ("summary: a", "the field `that` is missing"),
    ] {
        let text = format!(
            "{CLUSTER}---\napiVersion: kubephase.dev/v1alpha1\nkind: \
             PhaseConfiguration\nrules: [{{code: A, {wrong}}}]\n"
        );
        let message = check(&text).unwrap_err().to_string();
        assert!(message.contains(words), "{words}: {message}");
    }
}
