//! A past run as spans of OpenTelemetry, in the JSON form of its protocol (OTLP 1.x): one span for
//! the run, one for each phase, and one for each effect. A phase has links to the phases that it
//! needs. Two exports of one run have equal ids, so that a collector sees one trace.
use super::{
    recorded_run::RecordedRun,
    tally::{EffectRecord, Span, Tally},
};
use crate::{
    effect::Applied,
    event::{EffectResult, PhaseResult, RunResult},
    text::digest::sha256_hex,
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// `SPAN_KIND_INTERNAL`
const INTERNAL: u8 = 1;
/// `STATUS_CODE_OK`
const OK: u8 = 1;
/// `STATUS_CODE_ERROR`
const ERROR: u8 = 2;

/// The ids of one trace.
struct Trace {
    /// 16 bytes, hexadecimal
    id: String,
    /// nanoseconds since 1970 at which the run began
    began: i128,
}

impl Trace {
    /// Returns the id of a span, 8 bytes in hexadecimal.
    fn span_id(&self, name: &str) -> String {
        let mut id = sha256_hex(format!("{} {name}", self.id).as_bytes());
        id.truncate(16);
        id
    }

    /// Returns a time of the run, in microseconds since it began, as the protocol writes times.
    fn time(&self, micros: u64) -> String {
        (self.began + i128::from(micros) * 1000).to_string()
    }

    /// Returns a span without attributes.
    fn span(&self, id: &str, name: &str, from: u64, to: u64) -> Value {
        json!({
            "traceId": self.id,
            "spanId": self.span_id(id),
            "name": name,
            "kind": INTERNAL,
            "startTimeUnixNano": self.time(from),
            "endTimeUnixNano": self.time(to.max(from)),
        })
    }
}

impl RecordedRun {
    /// Returns the run as the body of a request to export traces.
    pub fn otlp(&self) -> Value {
        let tally = &self.tally;
        let origin = format!(
            "{} {} {:?} {}",
            self.header.version, self.header.began, self.journal.number, tally.workflow
        );
        let mut id = sha256_hex(origin.as_bytes());
        id.truncate(32);
        let trace = Trace {
            id,
            began: i128::from(self.header.began) * 1_000_000_000,
        };
        let (path, codes) = (tally.critical_path(), codes_by_phase(tally));
        let mut spans = vec![run_span(&trace, tally)];
        for span in tally.started_phases() {
            let codes = codes
                .get(span.phase.as_str())
                .map_or(&[][..], Vec::as_slice);
            spans.push(phase_span(&trace, span, path.contains(&span), codes));
            for (place, record) in span.effects.iter().enumerate() {
                spans.push(effect_span(&trace, span, place, record));
            }
        }
        let version = text("service.version", &self.header.version);
        json!({"resourceSpans": [{
            "resource": {"attributes": [text("service.name", "kubephase"), version]},
            "scopeSpans": [{
                "scope": {"name": "kubephase.run", "version": self.header.version},
                "spans": spans,
            }],
        }]})
    }
}

fn run_span(trace: &Trace, tally: &Tally) -> Value {
    let mut span = trace.span("run", &tally.workflow, 0, tally.micros);
    let mut attributes = vec![text("kubephase.workflow", &tally.workflow)];
    if !tally.kubernetes.is_empty() {
        attributes.push(text("kubephase.kubernetes.version", &tally.kubernetes));
    }
    span["attributes"] = Value::Array(attributes);
    span["status"] = match &tally.result {
        Some(RunResult::Done) => json!({"code": OK}),
        Some(RunResult::PreflightFailed) => failed("a preflight check failed"),
        Some(RunResult::Failed { phase, message }) => failed(&format!("{phase}: {message}")),
        Some(RunResult::Cancelled) => failed("interrupted"),
        None if tally.at_work => json!({}),
        None => failed("cut off"),
    };
    span
}

/// Returns the codes of the findings of each phase.
fn codes_by_phase(tally: &Tally) -> HashMap<&str, Vec<&str>> {
    let mut codes: HashMap<&str, Vec<&str>> = HashMap::new();
    for found in &tally.findings {
        let of_phase = codes.entry(&found.phase).or_default();
        of_phase.push(&found.finding.code);
    }
    codes
}

fn phase_span(trace: &Trace, phase: &Span, is_critical: bool, codes: &[&str]) -> Value {
    let (from, to) = (phase.began.unwrap_or(0), phase.end().unwrap_or(0));
    let mut span = trace.span(&phase.phase, &phase.phase, from, to);
    span["parentSpanId"] = json!(trace.span_id("run"));
    let mut attributes = vec![json!({
        "key": "kubephase.critical_path",
        "value": {"boolValue": is_critical},
    })];
    attributes.extend(
        phase
            .plugin
            .iter()
            .map(|plugin| text("kubephase.plugin", plugin)),
    );
    if let Some(PhaseResult::Skipped(why)) = &phase.result {
        attributes.push(text("kubephase.skipped", why));
    }
    span["attributes"] = Value::Array(attributes);
    let needs = phase.needs.iter().flatten();
    let links = needs.map(|need| json!({"traceId": trace.id, "spanId": trace.span_id(need)}));
    span["links"] = links.collect();
    let codes: Vec<Value> = codes
        .iter()
        .map(|code| json!({"stringValue": code}))
        .collect();
    if let (Some(attributes), false) = (span["attributes"].as_array_mut(), codes.is_empty()) {
        attributes.push(json!({
            "key": "kubephase.findings",
            "value": {"arrayValue": {"values": codes}},
        }));
    }
    span["status"] = match &phase.result {
        Some(PhaseResult::Settled | PhaseResult::Skipped(_)) => json!({"code": OK}),
        Some(PhaseResult::Failed(message)) => failed(message),
        Some(PhaseResult::NotReached(why)) => failed(why),
        None => failed("it did not end"),
    };
    span
}

fn effect_span(trace: &Trace, phase: &Span, place: usize, record: &EffectRecord) -> Value {
    let effect = &record.effect;
    let id = format!("{} {place}", phase.phase);
    let name = format!("{} {}", effect.kind, effect.target);
    let from = record.at.saturating_sub(record.micros);
    let mut span = trace.span(&id, &name, from, record.at);
    span["parentSpanId"] = json!(trace.span_id(&phase.phase));
    let (result, status) = match &record.result {
        EffectResult::Applied(Applied::Changed) => ("changed", json!({"code": OK})),
        EffectResult::Applied(Applied::Unchanged) => ("unchanged", json!({"code": OK})),
        EffectResult::Applied(Applied::Skipped(_)) => ("left", json!({"code": OK})),
        EffectResult::Failed(why) => ("failed", failed(why)),
        EffectResult::Refused(why) => ("refused", failed(why)),
    };
    span["attributes"] = json!([
        text("kubephase.effect.kind", &effect.kind),
        text("kubephase.effect.target", &effect.target),
        text("kubephase.effect.digest", &effect.digest),
        text("kubephase.effect.result", result),
    ]);
    span["status"] = status;
    span
}

fn failed(message: &str) -> Value {
    json!({"code": ERROR, "message": message})
}

/// Returns an attribute that is a text.
fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

#[cfg(test)]
mod tests;
