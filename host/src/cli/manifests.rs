//! `init phase addon … --print-manifest`: shows the objects of an addon without applying them.
use super::{Exit, print};
use crate::{
    event::RunResult,
    run::{prepare::Prepared, site::Site, workflow::Trees},
    world::node::facts::NodeFacts,
};
use anyhow::{Result, anyhow};
use kubephase_sdk::yaml;
use serde_json::Value;

/// Verbs of requests whose body is a whole object.
const WHOLE_OBJECTS: [&str; 3] = ["CREATE", "UPDATE", "APPLY"];

/// Runs the phases without a cluster, and prints the objects that they propose, as YAML documents
/// and nothing else.
///
/// # Errors
/// The run cannot begin.
pub(super) fn print_objects(prepared: Prepared, facts: NodeFacts) -> Result<Exit> {
    let prepared = Prepared {
        shows_objects: true,
        ..prepared
    };
    let trees = Trees {
        scratch: None,
        below: None,
    };
    for warning in &prepared.warnings {
        print::warning(warning);
    }
    let site = Site::open_scratch_tree(&prepared, facts, &trees, 0)?;
    let finished = site.execute(prepared, &|_| {}, |_| Vec::new())?.finished;
    if let RunResult::Failed { phase, message } = &finished.result {
        print::error(&anyhow!("error execution phase {phase}: {message}"));
    }
    if finished.result != RunResult::Done {
        return Ok(Exit::from(&finished.result));
    }
    let mut text = String::new();
    for write in finished.writes {
        if WHOLE_OBJECTS.contains(&write.verb) {
            let object: Value = serde_json::from_str(&write.body)?;
            text += "---\n";
            text += &yaml::to_string(&object);
        }
    }
    Ok(print::out(&text))
}
