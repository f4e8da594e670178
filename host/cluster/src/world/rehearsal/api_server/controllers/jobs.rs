//! The controller of Jobs. Nothing runs their Pods, so each counts as done when it is created.
use crate::world::{
    api::resources::{Resource, find_by_kind},
    rehearsal::api_server::store::{Store, now},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Sets the status of new Jobs, and deletes those that are no longer kept.
pub(super) fn complete(store: &mut Store) {
    let Some(resource) = find_by_kind("batch/v1", "Job") else {
        return;
    };
    let jobs: Vec<Value> = store.list(resource, "").cloned().collect();
    for job in jobs {
        if job["status"]["conditions"].is_null() {
            finish(store, resource, job);
        } else if is_over(&job) {
            let name = |field: &str| job["metadata"][field].as_str().unwrap_or_default();
            let _ = store.delete(resource, name("namespace"), name("name"));
        }
    }
}

fn finish(store: &mut Store, resource: &'static Resource, mut job: Value) {
    let time = now();
    job["status"] = json!({
        "conditions": [{
            "type": "Complete", "status": "True", "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
            "lastProbeTime": time, "lastTransitionTime": time,
        }],
        "startTime": time,
        "completionTime": time,
        "succeeded": 1,
    });
    // The object was read from the store, so it can be updated.
    let _ = store.update(resource, job);
}

/// Whether a finished Job has been kept for as long as it has to be.
fn is_over(job: &Value) -> bool {
    let seconds = job["spec"]["ttlSecondsAfterFinished"].as_i64();
    let parse = |text: &str| text.parse::<Timestamp>().ok();
    let finished = job["status"]["completionTime"].as_str().and_then(parse);
    let now = Timestamp::now().as_second();
    let times = seconds.zip(finished);
    times.is_some_and(|(seconds, finished)| now - finished.as_second() > seconds)
}
