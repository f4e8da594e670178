//! Facts of described nodes.
use super::{NodeFacts, Output, without_user_info};
use crate::facts::{FACTS, FactSource, INPUTS, MachineIds, PROXIES, Shape};
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

#[test]
fn every_fact_of_the_table_is_answered_and_nothing_else() {
    let node = NodeFacts {
        interfaces: Some(Vec::new()),
        routes: Some(Vec::new()),
        machine: Some(MachineIds::default()),
        outputs: [("true".to_owned(), Output::default())].into(),
        files: [("/etc/os-release".to_owned(), String::new())].into(),
        ..NodeFacts::default()
    };
    let fields = serde_json::to_value(&node).unwrap();
    for fact in FACTS {
        assert!(
            node.fact(fact.name).is_some(),
            "{} has no answer",
            fact.name
        );
        assert_eq!(
            fields.get(fact.name).is_some(),
            fact.name != PROXIES,
            "{}",
            fact.name
        );
    }
    for name in INPUTS.iter().chain(&["", "nothing"]) {
        assert_eq!(node.fact(name), None, "{name}");
    }
    assert_eq!(node.fact("cpus"), Some(json!(4)));
}

#[test]
fn a_machine_has_no_facts_that_only_descriptions_have() {
    let facts = NodeFacts::default().facts_of_machine();
    for name in ["runtime", "internet", "hosts"] {
        assert!(!facts.contains_key(name), "{name}");
    }
    assert_eq!(facts["memoryMib"], json!(8192));
}

#[test]
fn what_a_description_sets_to_null_is_not_known() {
    let facts: NodeFacts =
        serde_yaml::from_str("{timeSync: null, disks: [{name: sda, sizeMib: 10}]}").unwrap();
    assert_eq!(facts.fact("timeSync"), None);
    let disk = json!({"name": "sda", "sizeMib": 10, "rotational": false, "removable": false,
        "readOnly": false, "used": false});
    assert_eq!(facts.fact("disks"), Some(json!([disk])));
    // Nothing is said about these.
    assert_eq!(facts.fact("interfaces"), None);
    for wrong in [
        "{disks: [{nam: sda}]}",
        "{filesystems: {/: {availableMib: much}}}",
    ] {
        assert!(serde_yaml::from_str::<NodeFacts>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn facts_have_types_units_and_sources() {
    let fact = |name: &str| FACTS.iter().find(|fact| fact.name == name).unwrap();
    assert_eq!(fact("memoryMib").unit, "MiB");
    assert_eq!(fact("memoryMib").source, FactSource::Machine("sysinfo(2)"));
    assert_eq!(fact("hosts").source, FactSource::Description);
    let Shape::Map(Shape::Object(fields)) = fact("filesystems").shape else {
        panic!("{:?}", fact("filesystems").shape);
    };
    let space = fields
        .iter()
        .find(|field| field.name == "availableMib")
        .unwrap();
    assert_eq!((space.shape, space.unit), (Shape::Number, "MiB"));
}

#[test]
fn the_page_of_facts_is_that_of_the_list() {
    let document = crate::facts::document();
    if std::env::var_os("KUBEPHASE_BLESS").is_some() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/facts.md");
        #[allow(
            clippy::disallowed_methods,
            reason = "the page is a file of the sources"
        )]
        std::fs::write(page, &document).unwrap();
        return;
    }
    let page = include_str!("../../../../wit/facts.md");
    assert_eq!(
        page, document,
        "KUBEPHASE_BLESS=1 writes wit/facts.md:\n{document}"
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
