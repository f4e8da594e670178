//! A capsule, as `plugin test --replay` reads it, and the answers that a replay takes from it.
#![no_main]
use kubephase::run::capsule::{Capsule, ObservationSource};
use kubephase_wit::{FileMeta, HttpReply};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Replays every answer as one type.
fn replay<T: Serialize + DeserializeOwned>(capsule: &Capsule) {
    let source = ObservationSource::for_replay(&capsule.observations);
    for observation in &capsule.observations {
        let _ = source.observe::<T>(&observation.call, observation.args.clone(), || {
            panic!(
                "the capsule \
                has every answer that it is asked for"
            )
        });
    }
}

fuzz_target!(|text: &str| {
    let Ok(capsule) = Capsule::read(text) else {
        return;
    };
    replay::<Value>(&capsule);
    replay::<Vec<u8>>(&capsule);
    replay::<Option<FileMeta>>(&capsule);
    replay::<HttpReply>(&capsule);
    let mut written = Vec::new();
    capsule
        .write(&mut written)
        .expect("a capsule can be written");
    let written = String::from_utf8(written).expect("a capsule is text");
    Capsule::read(&written).expect("a capsule that was written can be read");
});
