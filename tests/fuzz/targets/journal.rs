//! A journal, as `report`, later runs and `reset` read it.
#![no_main]
use kubephase::{
    cancel::Cancel,
    journal::{History, parse},
    world::files::RootedFiles,
};
use kubephase_fuzz::Scratch;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const NAME: &str = "journal-000001.jsonl";

thread_local!(static SCRATCH: (Scratch, RootedFiles) = {
    let scratch = Scratch::new();
    let files = RootedFiles::open(scratch.path()).expect("the scratch folder can be opened");
    (scratch, files)
});

fuzz_target!(|bytes: &[u8]| {
    SCRATCH.with(|(scratch, files)| {
        let _ = parse(Path::new(NAME), bytes, &mut |_| {});
        scratch.write(NAME, bytes);
        let _ = History::read(files, "/", &Cancel::never());
    });
});
