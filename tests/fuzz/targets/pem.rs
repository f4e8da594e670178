//! Certificates, keys and kubeconfigs of a node.
#![no_main]
use kubephase::{
    effect::pki::{AuthorityFile, certificate_facts, kubeconfig_facts, private_key_facts},
    pki::Kubeconfig,
    secret::Secret,
    world::files::RootedFiles,
};
use kubephase_fuzz::Scratch;
use libfuzzer_sys::fuzz_target;

thread_local!(static SCRATCH: (Scratch, RootedFiles) = {
    let scratch = Scratch::new();
    let files = RootedFiles::open(scratch.path()).expect("the scratch folder can be opened");
    (scratch, files)
});

fuzz_target!(|bytes: &[u8]| {
    SCRATCH.with(|(scratch, files)| {
        scratch.write("file", bytes);
        let _ = kubeconfig_facts(files, "/file", AuthorityFile::Any);
        let _ = kubeconfig_facts(files, "/file", AuthorityFile::Below("/pki"));
        if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = certificate_facts("/file", text);
            let _ = private_key_facts(&Secret::new(text.to_owned()));
            let _ = Kubeconfig::parse(text, "file");
        }
    });
});
