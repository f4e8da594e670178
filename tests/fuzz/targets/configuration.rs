//! A configuration file, read and checked as `init --config` does.
#![no_main]
use kubephase::{
    config::{ConfigFile, InitFlags, load_init, phase_configuration_of},
    world::node::facts::NodeFacts,
};
use kubephase_fuzz::Scratch;
use libfuzzer_sys::fuzz_target;

thread_local!(static STATE: (Scratch, InitFlags, NodeFacts) =
    (Scratch::new(), InitFlags::default(), NodeFacts::default()));

fuzz_target!(|bytes: &[u8]| {
    STATE.with(|(scratch, flags, node)| {
        let file = ConfigFile::at(&scratch.write("cluster.yaml", bytes));
        // Most inputs are refused.
        let _ = file.documents().and_then(phase_configuration_of);
        let _ = load_init(Some(&file), flags, node);
    });
});
