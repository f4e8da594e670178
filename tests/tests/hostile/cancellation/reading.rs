//! An interrupt while the host judges the files that plugins read.
use super::interrupt;
use crate::support::{Trial, call, checks, process::Running};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn an_interrupt_ends_the_judging_of_what_plugins_read() {
    let read = call("observe-files.read-file", json!(["/srv/file"]));
    let trial = Trial::with_phases(&checks(8))
        .phases("parallelism: 8\n")
        .grants(&["capability: observe-files.read-file, paths: [/srv/**]"])
        .rounds(&[json!({
            "calls": [
                {"function": "report.message", "arguments": ["info", "the reading begins"]},
                read,
            ],
        })]);
    // Base64 that decodes to base64 again, many times in a row.
    trial.put("/srv/file", "QUFB".repeat(1 << 20), 0o644);
    trial.prepare();
    let running = trial.start_in_place(&["init", "phase", "preflight"]);
    running.wait_for_output("the reading begins");
    interrupt(running, &[Signal::INT], Running::signal);
}
