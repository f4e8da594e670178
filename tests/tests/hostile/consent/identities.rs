//! Consent belongs to a source and a signer, not to the name that a plugin chooses for itself.
use super::{Operator, ROOT, ROOT_LINE, expect_refusal};
use crate::support::Trial;

/// Makes an operator who allowed `good/hostile.wasm` root. Then `evil/hostile.wasm` is offered,
/// with the same name and the same grant.
fn operator_with_other_offer() -> Operator {
    let (operator, plugin) = (Operator::new(), Trial::addon_phase().grants(&[ROOT]));
    operator.put("good/hostile.wasm", &plugin, "good");
    operator.put("evil/hostile.wasm", &plugin, "evil");
    operator
        .plugin("add good/hostile.wasm --allow --allow-root")
        .expect_status(0);
    assert_eq!(operator.granted(), [ROOT_LINE]);
    operator
}

#[test]
fn a_plugin_does_not_take_the_place_of_another_by_its_name() {
    let operator = operator_with_other_offer();
    let (config, lock) = (operator.config(), operator.lock());
    for flags in ["", " --allow --allow-root"] {
        expect_refusal(
            operator.plugin(&format!("add evil/hostile.wasm{flags}")),
            &["./good/hostile.wasm", "kubephase plugin remove hostile"],
        );
    }
    assert_eq!((operator.config(), operator.lock()), (config, lock));
}

#[test]
fn a_lock_without_an_entry_counts_for_nothing() {
    let operator = operator_with_other_offer();
    operator.0.write_config();
    expect_refusal(
        operator.plugin("add evil/hostile.wasm --allow"),
        &["amount to root", ROOT_LINE],
    );
    operator.plugin("add evil/hostile.wasm").expect_status(0);
    assert!(operator.granted().is_empty());
    expect_refusal(operator.plan(), &[ROOT_LINE, "--allow-root"]);
}

#[test]
fn a_source_that_the_configuration_changed_is_asked_for_all_flags() {
    let operator = operator_with_other_offer();
    operator.edit_config(|text| text.replace("./good/", "./evil/"));
    let lock = operator.lock();
    let message = expect_refusal(
        operator.plugin("allow hostile"),
        &["in place of hostile from good/hostile.wasm", ROOT_LINE],
    );
    assert_eq!(operator.lock(), lock);
    let allowed = operator.paste(&message).expect_status(0).output();
    assert!(
        allowed.contains("in place of hostile from good/hostile.wasm")
            && allowed.contains(&format!("+ {ROOT_LINE}")),
        "{allowed}"
    );
    operator.plan().expect_status(0);
}

#[test]
fn another_signer_is_asked_for_all_flags() {
    let (operator, plugin) = (Operator::new(), Trial::addon_phase().grants(&[ROOT]));
    operator.put("hostile.wasm", &plugin, "");
    let run = |words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        operator.0.run(&words).expect_status(0);
    };
    for key in ["ours", "theirs"] {
        run(&format!("plugin keygen {key}"));
    }
    run("plugin sign hostile.wasm --key ours.key");
    operator
        .plugin("add hostile.wasm --allow --allow-root --signer ours.pub")
        .expect_status(0);
    run("plugin sign hostile.wasm --key theirs.key");
    let message = expect_refusal(
        operator.plugin("allow hostile --signer theirs.pub"),
        &[
            "in place of hostile from hostile.wasm, signed by",
            ROOT_LINE,
            "--signer ",
        ],
    );
    operator.paste(&message).expect_status(0);
}

#[test]
fn what_the_lock_has_of_another_source_grants_nothing_to_a_pinned_entry() {
    let operator = operator_with_other_offer();
    let inspected = operator.0.run(&["plugin", "inspect", "evil/hostile.wasm"]);
    let digest = inspected.stdout.split("sha256:").nth(1).unwrap();
    let digest = digest.lines().next().unwrap();
    operator.edit_config(|text| {
        let evil = format!("source: ./evil/hostile.wasm\n  digest: {digest}");
        text.replace("source: ./good/hostile.wasm", &evil)
    });
    let lock = operator.lock();
    let good = lock
        .split("  digest: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    // The lock unchanged, and the lock changed by an attacker so that it fits.
    for lock in [lock.clone(), lock.replace(good, digest)] {
        std::fs::write(operator.0.folder().join("kubephase.lock"), lock).unwrap();
        expect_refusal(operator.plan(), &[]);
    }
}

/// Returns the line of the lock that distinguishes a file from files at the same place of other
/// configurations.
fn origin(operator: &Operator) -> String {
    let lock = operator.lock();
    let line = lock.lines().find(|line| line.contains("origin:"));
    line.unwrap_or_else(|| panic!("no origin is locked:\n{lock}"))
        .to_owned()
}

#[test]
fn a_file_keeps_its_origin_and_a_file_of_another_configuration_has_another() {
    let plugin = Trial::addon_phase().grants(&[ROOT]);
    let added = |comment| {
        let operator = Operator::new();
        operator.put("hostile.wasm", &plugin, comment);
        operator
            .plugin("add hostile.wasm --allow --allow-root")
            .expect_status(0);
        operator
    };
    let (one, other) = (added("one"), added("other"));
    let first = origin(&one);
    assert_ne!(first, origin(&other));
    one.put("hostile.wasm", &plugin, "next");
    one.plugin("add hostile.wasm").expect_status(0);
    assert_eq!(origin(&one), first);
    one.plugin("allow hostile --allow-root").expect_status(0);
    assert_eq!(origin(&one), first);
}
