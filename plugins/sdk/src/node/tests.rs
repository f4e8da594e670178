//! Facts of described nodes.
use super::{NodeFacts, Output, without_user_info};
use crate::facts::{FACTS, PROXIES};
use serde_json::json;

#[test]
fn fields_of_a_description_have_defaults_and_unknown_fields_are_errors() {
    let facts: NodeFacts = serde_yaml::from_str(
        "{hostname: a, cpus: 1, usedSystemIDs: {uids: [1], sysUIDRange: [100, 200]}}",
    )
    .unwrap();
    assert_eq!(
        (
            facts.cpus,
            facts.memory_mib,
            facts.used_system_ids.uid_range
        ),
        (1, 8192, (100, 200))
    );
    let error = serde_yaml::from_str::<NodeFacts>("hostnam: a")
        .unwrap_err()
        .to_string();
    assert!(error.contains("hostnam"), "{error}");
}

/// Fields that are not facts: phases ask for the environment as `proxies`, and read files; the note
/// is for readers.
const NO_FACTS: &[&str] = &["environment", "files", "note"];

#[test]
fn every_field_is_a_documented_fact_or_listed_as_none() {
    let output = Output::default();
    let node = NodeFacts {
        outputs: [("true".to_owned(), output)].into(),
        files: [("/etc/os-release".to_owned(), String::new())].into(),
        ..NodeFacts::default()
    };
    let fields = serde_json::to_value(&node).unwrap();
    let fields: Vec<&str> = fields
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for field in &fields {
        let listed = FACTS.iter().any(|fact| fact.name == *field);
        assert_ne!(
            listed,
            NO_FACTS.contains(field),
            "{field} belongs in `FACTS` or in `NO_FACTS`"
        );
    }
    for fact in FACTS {
        assert!(
            fact.name == PROXIES || fields.contains(&fact.name),
            "{} is not a field of a node",
            fact.name
        );
    }
    for name in NO_FACTS.iter().chain(&["", "nothing"]) {
        assert_eq!(node.fact(name), None, "{name}");
    }
    assert_eq!(node.fact("cpus"), Some(json!(4)));
}

#[test]
fn the_page_of_facts_is_that_of_the_list() {
    let page = include_str!("../../../../wit/facts.md");
    assert_eq!(
        page,
        crate::facts::document(),
        "write this to wit/facts.md:\n{}",
        crate::facts::document()
    );
}

#[test]
fn proxies_are_shown_without_user_names_and_passwords() {
    for (proxy, shown) in [
        (
            "http://user:pass@proxy.example:3128",
            "http://proxy.example:3128",
        ),
        ("user:pass@proxy.example:3128", "proxy.example:3128"),
        (
            "http://user:p/a,s@s@proxy.example:3128/",
            "http://proxy.example:3128/",
        ),
        (
            "socks5://proxy.example?key=secret#secret",
            "socks5://proxy.example",
        ),
        ("proxy.example", "proxy.example"),
        (
            "localhost,.example.com,10.0.0.0/8,[2001:db8::1]",
            "localhost,.example.com,10.0.0.0/8,[2001:db8::1]",
        ),
        ("", ""),
    ] {
        assert_eq!(without_user_info(proxy), shown);
    }
    let environment = [
        ("HTTPS_PROXY", "http://u:secret@p"),
        ("no_proxy", "a"),
        ("OTHER_PROXY", "secret"),
        ("AWS_KEY", "secret"),
    ];
    let environment = environment
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let node = NodeFacts {
        environment,
        ..NodeFacts::default()
    };
    assert_eq!(
        node.fact(PROXIES),
        Some(json!({"HTTPS_PROXY": "http://p", "no_proxy": "a"}))
    );
    assert!(!format!("{:?}", node.facts()).contains("secret"));
}
