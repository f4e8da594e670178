//! A journal, as `report` reads it and as a later run and `reset` take from it what was made.
#![no_main]
use kubephase::{journal, world::files::RootedFiles};
use kubephase_fuzz::Scratch;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

thread_local!(static SCRATCH: (Scratch, RootedFiles) = {
    let scratch = Scratch::new();
    let files = RootedFiles::open(scratch.path()).expect("the scratch folder can be opened");
    (scratch, files)
});

fuzz_target!(|bytes: &[u8]| {
    SCRATCH.with(|(scratch, files)| {
        let _ = journal::parse(Path::new("journal-000001.jsonl"), bytes);
        scratch.write("journal-000001.jsonl", bytes);
        let _ = journal::made(files, "/");
        let _ = journal::left(files, "/");
    });
});
