use crate::report::{html::samples, recorded_run::RecordedRun};
use serde_json::{Value, json};
use std::collections::HashSet;

fn spans_of(run: &RecordedRun) -> Vec<Value> {
    let body = run.otlp();
    let spans = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
    spans.as_array().expect("a list of spans").clone()
}

fn span<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    let found = spans.iter().find(|span| span["name"] == name);
    found.unwrap_or_else(|| panic!("no span {name}"))
}

#[test]
fn a_run_its_phases_and_its_effects_are_spans_of_one_trace() {
    let spans = spans_of(&samples::run(&samples::CALM));
    let run = span(&spans, "init");
    assert_eq!(run["startTimeUnixNano"], "1795976415000000000");
    assert_eq!(run["endTimeUnixNano"], "1795976419000100000");
    assert_eq!(run["status"]["code"], 2);
    assert_eq!(run["parentSpanId"], Value::Null);
    // The run, 5 phases and 3 effects.
    assert_eq!(spans.len(), 9);
    let ids: HashSet<&str> = spans
        .iter()
        .filter_map(|span| span["spanId"].as_str())
        .collect();
    assert_eq!(ids.len(), spans.len());
    for span in &spans {
        assert_eq!(span["traceId"], run["traceId"]);
        let is_hexadecimal = |value: &Value, length| {
            let text = value.as_str().unwrap_or_default();
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        assert!(is_hexadecimal(&span["traceId"], 32) && is_hexadecimal(&span["spanId"], 16));
    }
    let apiserver = span(&spans, "certs/apiserver");
    let ca = span(&spans, "certs/ca");
    assert_eq!(apiserver["parentSpanId"], run["spanId"]);
    assert_eq!(
        apiserver["links"],
        json!([{"traceId": run["traceId"], "spanId": ca["spanId"]}])
    );
    let made = span(&spans, "file /etc/kubernetes/pki/ca.crt");
    assert_eq!(made["parentSpanId"], ca["spanId"]);
    assert_eq!(made["startTimeUnixNano"], "1795976415000300000");
    assert_eq!(made["endTimeUnixNano"], "1795976415001200000");
}

#[test]
fn two_exports_of_a_run_have_equal_ids() {
    let run = || samples::run(&samples::CALM).otlp();
    assert_eq!(run(), run());
}
