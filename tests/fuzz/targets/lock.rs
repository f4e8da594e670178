//! `kubephase.lock`.
#![no_main]
use kubephase::plugin::lock::{FILE, Lock};
use kubephase_fuzz::Scratch;
use libfuzzer_sys::fuzz_target;

thread_local!(static SCRATCH: Scratch = Scratch::new());

fuzz_target!(|bytes: &[u8]| {
    SCRATCH.with(|scratch| {
        scratch.write(FILE, bytes);
        let _ = Lock::read_beside(&scratch.path().join("cluster.yaml"));
    });
});
