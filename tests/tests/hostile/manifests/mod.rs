//! Manifests: the operator sees what a plugin asks for, one line for each grant, and two different
//! grants never look alike.

mod grants;
mod lengths;
mod lines;
mod needs;
mod terminal;

use crate::support::Trial;
use std::fs;

#[test]
fn a_second_manifest_and_malformed_manifests_are_refused() {
    let trial = Trial::check();
    let manifest = trial.manifest();
    let odd: Vec<Vec<u8>> = vec![
        b"\xff\xfe".to_vec(),
        b"a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, \
            *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, \
            *d]\n".to_vec(),
        vec![b'['; 100_000],
        b"name: a\nname: b\n".to_vec(),
        format!("{manifest}{}", "#".repeat(30 << 20)).into_bytes(),
    ];
    for text in odd {
        let mut component = crate::support::guest::component("");
        harness::append_manifest(&mut component, &text);
        fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
        assert_ne!(trial.run(&["plugin", "inspect", "hostile.wasm"]).status, 0);
    }
}
