//! A capsule, as `plugin test --replay` reads it, up to the observations that a replay answers with.
#![no_main]
use kubephase::run::capsule::{Capsule, Sight};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(capsule) = serde_json::from_slice::<Capsule>(bytes) {
        let _ = capsule.to_json();
        let sight = Sight::replaying(&capsule.observations);
        for observation in &capsule.observations {
            let _ = sight.look::<serde_json::Value>(&observation.call, observation.args.clone(), || Ok(serde_json::Value::Null));
        }
    }
});
