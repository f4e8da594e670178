//! Consent holds only for the component that was shown.
use super::{Operator, ROOT, ROOT_LINE, expect_refusal, registry, suggested_command};
use crate::support::{Trial, guest, server::Server};
use kubephase::plugin::digest::ComponentDigest;

/// Returns a registry that gives a harmless plugin first, and then one that asks for root.
fn deceiving_registry() -> (Server, String) {
    let harmless = guest::component(&Trial::check().manifest());
    let hostile = guest::component(&Trial::addon_phase().grants(&[ROOT]).manifest());
    let server = registry::switching(harmless, hostile);
    let source = format!("oci://127.0.0.1:{}/hostile:1", server.port);
    (server, source)
}

/// Returns the digest that a report of `plugin inspect` shows.
fn digest_in(output: &str) -> String {
    let digest = output
        .split_whitespace()
        .find(|word| word.starts_with("sha256:"));
    digest.expect("inspect shows the digest").to_owned()
}

#[test]
fn the_operator_allows_only_the_component_that_a_registry_showed_before() {
    let (operator, (_server, source)) = (Operator::new(), deceiving_registry());
    let config = operator.config();
    let inspected = operator
        .0
        .run(&["plugin", "inspect", &source])
        .expect_status(0);
    assert!(!inspected.stdout.contains(ROOT_LINE));
    let shown = digest_in(&inspected.stdout);
    let given = ComponentDigest::compute(&guest::component(
        &Trial::addon_phase().grants(&[ROOT]).manifest(),
    ))
    .to_string();
    expect_refusal(
        operator.plugin(&format!(
            "add {source} --allow --allow-root --digest {shown}"
        )),
        &[&shown, &given],
    );
    let message = expect_refusal(
        operator.plugin(&format!("add {source} --allow --allow-root")),
        &[
            ROOT_LINE,
            "addon/hostile is a phase",
            &format!("--allow --digest {given} --allow-root"),
        ],
    );
    assert_eq!(
        (operator.config(), operator.lock()),
        (config, String::new())
    );
    operator.paste(&message).expect_status(0);
    assert_eq!(operator.granted(), [ROOT_LINE]);
}

#[test]
fn allowing_a_plugin_of_a_registry_needs_its_digest_too() {
    let (operator, (_server, source)) = (Operator::new(), deceiving_registry());
    let added = operator.plugin(&format!("add {source}")).expect_status(0);
    let lock = operator.lock();
    assert!(
        added.stdout.contains("asks for nothing"),
        "{}",
        added.stdout
    );
    let message = expect_refusal(
        operator.plugin("allow hostile --allow-root"),
        &[ROOT_LINE, "--digest sha256:"],
    );
    // The earlier consent does not hold for another component of the registry either.
    assert_eq!(operator.lock(), lock);
    operator.paste(&message).expect_status(0);
    expect_refusal(
        operator.plugin(&format!("add {source}")),
        &["--digest sha256:"],
    );
}

#[test]
fn every_suggested_command_names_the_component() {
    let (operator, plugin) = (Operator::new(), Trial::addon_phase().grants(&[ROOT]));
    operator.put("hostile.wasm", &plugin, "one");
    let check = |output: &str| {
        let command = suggested_command(output).join(" ");
        let component = std::fs::read(operator.0.folder().join("hostile.wasm")).unwrap();
        let digest = format!("--digest {}", ComponentDigest::compute(&component));
        assert!(command.contains(&digest), "{command}\n{output}");
    };
    check(&operator.plugin("add hostile.wasm --allow").output());
    let added = operator.plugin("add hostile.wasm").output();
    check(&added);
    check(&operator.plan().output());
    check(&operator.plugin("allow hostile").output());
    let other = operator.plugin(&format!(
        "allow hostile --allow-root --digest sha256:{}",
        "0".repeat(64)
    ));
    let lock = operator.lock();
    expect_refusal(other, &["sha256:0000"]);
    assert_eq!(operator.lock(), lock);
    operator.paste(&added).expect_status(0);
    operator.plan().expect_status(0);
    // Another version, no lock, another source.
    operator.put("hostile.wasm", &plugin, "two");
    check(&operator.plan().output());
    std::fs::remove_file(operator.0.folder().join("kubephase.lock")).unwrap();
    check(&operator.plan().output());
}
