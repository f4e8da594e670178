use super::*;
use serde_json::json;
use std::collections::BTreeSet;

/// Functions of the package, as the WIT parser has them.
fn functions() -> BTreeSet<String> {
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    let mut found = BTreeSet::new();
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(wit).unwrap();
    for (name, id) in &resolve.packages[package].interfaces {
        if name != "phase" {
            found.extend(
                resolve.interfaces[*id]
                    .functions
                    .keys()
                    .map(|function| format!("{name}.{function}")),
            );
        }
    }
    found
}

#[test]
fn every_host_function_has_one_row() {
    let listed: Vec<String> = rows().map(|row| row.capability()).collect();
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), set.len(), "a function has two rows");
    assert_eq!(set, functions());
    assert_eq!(row("effects-core.static-pod").unwrap().permit, Permit::Core);
    assert!(row("effects-core.nothing").is_none() && needs_grant("effects-core.nothing"));
}

#[test]
fn every_row_says_all_that_a_call_is_decided_by() {
    for row in rows() {
        let Allowance {
            bytes_in,
            time,
            calls,
            ..
        } = row.allowance;
        assert!(
            !row.words.is_empty() && bytes_in > 0 && !time.is_zero() && calls > 0,
            "{}",
            row.capability()
        );
    }
}

/// Texts with which a plugin would try to say more than one thing.
fn hostile() -> Vec<String> {
    let long = "a".repeat(1 << 20);
    let texts = [
        "",
        "-x",
        "--host=x",
        "//",
        "?",
        "#",
        "%2f",
        "..",
        "../..",
        "/../x",
        "a\0b",
        "\u{1b}[2J",
        "\u{202e}x",
        &long,
    ];
    texts.iter().map(ToString::to_string).collect()
}

/// Whether a function of the table takes a text as it is.
fn admits<A: Arguments>(function: &HostFunction<A>, raw: A::Raw) -> bool {
    function.admit(raw, Origin::Plugin).is_ok()
}

/// Hands a text to every function that takes a name, and returns whether it admits the text.
fn admit_everywhere(text: &str) -> Vec<(&'static str, bool)> {
    let t = || text.to_owned();
    let mut admitted = vec![
        ("fact", admits(&FACT, (t(), "x".into()))),
        ("set-fact", admits(&SET_FACT, (t(), "1".into()))),
        ("node-fact", admits(&NODE_FACT, t())),
        ("sysctl", admits(&SYSCTL, t())),
        ("kernel-option", admits(&KERNEL_OPTION, t())),
        ("service", admits(&SERVICE, t())),
        ("resolve", admits(&RESOLVE, t())),
        ("proxy-for", admits(&PROXY_FOR, t())),
        ("http-get", admits(&HTTP_GET, t())),
        (
            "http-get-as",
            admits(
                &HTTP_GET_AS,
                (t(), String::new(), String::new(), String::new()),
            ),
        ),
        ("image-present", admits(&IMAGE_PRESENT, t())),
        ("run-command", admits(&RUN_COMMAND, (t(), Vec::new()))),
        (
            "ensure-service",
            admits(&ENSURE_SERVICE, (t(), "running".into())),
        ),
        ("set-sysctl", admits(&SET_SYSCTL, (t(), "1".into()))),
        ("load-module", admits(&LOAD_MODULE, t())),
        ("pull-image", admits(&PULL_IMAGE, t())),
        ("execute", admits(&EXECUTE, (t(), Vec::new()))),
        ("patched", admits(&PATCHED, (t(), "{}".into()))),
    ];
    admitted.extend(admit_in_specs(text));
    admitted
}

/// Hands a text to the functions that take a specification, as one of its names.
fn admit_in_specs(text: &str) -> [(&'static str, bool); 3] {
    let files = json!({"directory": "/d", "name": text}).to_string();
    let kubeconfig = json!({
        "path": "/p",
        "directory": "/d",
        "authority": "ca",
        "server": text,
    });
    [
        (
            "ensure-certificate",
            admits(&ENSURE_CERTIFICATE, files.clone()),
        ),
        ("ensure-key-pair", admits(&ENSURE_KEY_PAIR, files)),
        (
            "ensure-kubeconfig",
            admits(&ENSURE_KUBECONFIG, kubeconfig.to_string()),
        ),
    ]
}

/// Returns the beginning of a text, for messages.
fn beginning(text: &str) -> String {
    text.chars().take(20).collect()
}

#[test]
fn no_hostile_text_is_admitted_as_a_name() {
    for text in hostile() {
        for (function, is_admitted) in admit_everywhere(&text) {
            // These are plain file names, and certificates may be called so.
            let is_file_name = ["-x", "--host=x", "?", "#", "%2f"].contains(&text.as_str());
            let is_base_name = is_file_name
                && matches!(
                    function,
                    "patched" | "ensure-certificate" | "ensure-key-pair"
                );
            assert!(
                !is_admitted || is_base_name,
                "{function} takes {:?}",
                beginning(&text)
            );
        }
    }
}

#[test]
fn no_hostile_text_is_admitted_as_a_path() {
    for text in hostile() {
        for function in [
            &STAT,
            &READ_FILE,
            &LIST_DIR,
            &CERTIFICATE,
            &PRIVATE_KEY,
            &KUBECONFIG,
            &MAKE_DIR,
            &REMOVE_FILE,
        ] {
            let path = function.admit(text.clone(), Origin::Plugin);
            assert!(
                path.as_ref().is_err() || path.as_ref().is_ok_and(|path| path.as_str() == "/"),
                "{:?} gave {path:?}",
                beginning(&text)
            );
        }
    }
}

#[test]
fn no_hostile_text_is_admitted_as_a_part_of_an_object_name() {
    for text in hostile() {
        for place in 0..4 {
            let mut parts = ["v1", "ConfigMap", "default", "x"].map(str::to_owned);
            parts[place] = text.clone();
            let [api_version, kind, namespace, name] = parts;
            let of = kubephase_wit::ObjectRef {
                api_version,
                kind,
                namespace: Some(namespace),
                name,
            };
            assert!(
                !admits(&GET_OBJECT, of.clone()) && !admits(&DELETE_OBJECT, of),
                "{place}: {:?}",
                beginning(&text)
            );
        }
    }
}

#[test]
fn what_is_longer_than_a_row_takes_is_refused_before_it_is_parsed() {
    let refused = STAT
        .admit(format!("/{}", "a".repeat(1 << 20)), Origin::Plugin)
        .unwrap_err();
    assert_eq!(
        refused,
        "observe-files.stat takes at most 16384 bytes of arguments, not 1048577"
    );
}

#[test]
fn the_page_has_the_capabilities() {
    let page = include_str!("../../../../plugins/SANDBOX.md");
    assert!(
        page.contains(&documentation()),
        "the table of capabilities in plugins/SANDBOX.md has to be:\n{}",
        documentation()
    );
}
