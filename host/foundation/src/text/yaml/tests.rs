mod documents;
mod large;

use super::{
    node::{Entries, EntryKey, Place, Yaml, YamlNode},
    *,
};
use serde_json::{Value, json};

#[test]
fn every_node_has_its_place() {
    let tree = parse("a: 1\nb:\n  - x\n  - k: 'no'\n    k: 2\n").unwrap();
    assert_eq!(tree.value(), json!({"a": 1, "b": ["x", {"k": 2}]}));
    assert_eq!(tree.find("b[1].k"), (&Place::new(5, 5), 3));
    assert_eq!(tree.find("b[1].z.q"), (&Place::new(4, 5), 2));
    assert_eq!(repeated(&tree), [("b[1].k".to_owned(), 5)]);
}

fn repeated(tree: &YamlNode) -> Vec<(String, u64)> {
    let repeated = tree.repeated().into_iter();
    repeated
        .map(|(path, key)| (path, key.place.line()))
        .collect()
}

fn key(number: u64) -> EntryKey {
    EntryKey {
        name: format!("key-{number}"),
        place: Place::new(number, 1),
    }
}

fn null_node() -> YamlNode {
    YamlNode {
        yaml: Yaml::Scalar(Value::Null),
        place: Place::new(1, 1),
    }
}

/// Comparing every key with every other key would take minutes.
#[test]
fn a_map_of_many_keys_is_searched_in_linear_time() {
    let mut entries: Vec<(EntryKey, YamlNode)> = (1..=200_000)
        .map(|number| (key(number), null_node()))
        .collect();
    entries.push((
        EntryKey {
            place: Place::new(200_001, 1),
            ..key(77)
        },
        null_node(),
    ));
    let tree = YamlNode {
        yaml: Yaml::Map(Entries::new(entries).into()),
        place: Place::new(1, 1),
    };
    assert!((1..=200_000).all(|number| tree.find(&format!("key-{number}")).1 == 1));
    assert_eq!(
        (tree.find("key-77").0.line(), tree.find("key-0").1),
        (200_001, 0)
    );
    assert_eq!(repeated(&tree), [("key-77".to_owned(), 200_001)]);
}

#[test]
fn plain_scalars_have_the_values_of_yaml_1_1() {
    let cases = [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!(true)),
        ("tRue", json!("tRue")),
        ("~", Value::Null),
        ("nUll", json!("nUll")),
        ("010", json!(8)),
        ("09", json!(9)),
        ("0o17", json!(15)),
        ("0x1F", json!(31)),
        ("-0b11", json!(-3)),
        ("1_000", json!(1000)),
        ("+7", json!(7)),
        ("18446744073709551615", json!(u64::MAX)),
        ("1.0", json!(1)),
        ("1e3", json!(1000)),
        (".5", json!(0.5)),
        ("1.2.3", json!("1.2.3")),
        ("1:30", json!("1:30")),
        ("2026-01-02", json!("2026-01-02")),
        ("1e999", json!("1e999")),
        ("<<", json!("<<")),
        ("'yes'", json!("yes")),
        ("\"a\\x41\"", json!("aA")),
        ("|\n  yes\n", json!("yes\n")),
    ];
    for (text, expected) in cases {
        assert_eq!(
            value(&format!("a: {text}\n")),
            Ok(json!({"a": expected})),
            "{text}"
        );
    }
}

#[test]
fn tags_say_what_a_scalar_must_be() {
    let read = [
        ("!!str 7", json!("7")),
        ("!!int '7'", json!(7)),
        ("!!float 7", json!(7)),
        ("!!bool 'yes'", json!(true)),
        ("!!binary aGVsbG8=", json!("hello")),
        ("!!timestamp 2026-01-02", json!("2026-01-02")),
        ("!mine 7", json!("7")),
        ("! 7", json!("7")),
        ("!!set {x}", json!({"x": null})),
        ("!!str {}", json!({})),
        ("!!map []", json!([])),
    ];
    for (text, expected) in read {
        assert_eq!(
            value(&format!("a: {text}\n")),
            Ok(json!({"a": expected})),
            "{text}"
        );
    }
    for text in [
        "!!null x",
        "!!int x",
        "!!int 1.5",
        "!!bool 1",
        "!!binary '*'",
        "!!timestamp x",
    ] {
        assert!(value(&format!("a: {text}\n")).is_err(), "{text}");
    }
}

#[test]
fn keys_are_text_and_numbers_and_truth_values() {
    let text = "1: a\ny: b\n1.5: c\n? d\n: e\n'<<': f\n";
    let expected = json!({"1": "a", "true": "b", "1.5": "c", "d": "e", "<<": "f"});
    assert_eq!(value(text), Ok(expected));
    for text in [
        "null: a",
        ": a",
        "[a]: b",
        "{a: b}: c",
        "18446744073709551615: a",
    ] {
        assert!(value(text).is_err(), "{text}");
    }
}

/// kubeadm refuses in strict reading what a later key replaces in lenient reading.
#[test]
fn merged_keys_count_as_written_ones() {
    let cases = [
        ("<<: *b\n  x: 2", 2, 4),
        ("x: 2\n  <<: *b", 1, 4),
        ("<<: [*b, *b]", 1, 3),
        ("<<: *b\n  <<: *b", 1, 4),
    ];
    for (text, x, line) in cases {
        let tree = parse(&format!("base: &b {{x: 1}}\nd:\n  {text}\n")).unwrap();
        assert_eq!(tree.value()["d"], json!({"x": x}), "{text}");
        assert_eq!(repeated(&tree), [("d.x".to_owned(), line)], "{text}");
    }
    let once = parse("base: &b {x: 1}\nd:\n  <<: *b\n  z: 2\n").unwrap();
    assert_eq!(once.value()["d"], json!({"x": 1, "z": 2}));
    assert!(repeated(&once).is_empty());
    for text in ["a", "null", "[a]", "[[]]"] {
        assert!(value(&format!("d:\n  <<: {text}\n")).is_err(), "{text}");
    }
}

#[test]
fn aliases_may_be_many_but_not_make_a_small_text_huge() {
    let many = format!("a: &x 1\nb:\n{}", "- *x\n".repeat(3000));
    assert_eq!(value(&many).unwrap()["b"].as_array().unwrap().len(), 3000);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = format!("*a{},", level - 1).repeat(10);
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    for text in [
        bomb.as_str(),
        "a: &a [*a]\n",
        "a: &a\n  b: *a\n",
        "a: *nope\n",
    ] {
        let error = value(text).unwrap_err();
        assert!(error.reason.contains("alias"), "{error}");
    }
}

/// Words of the libraries behind this reader, which tell a person nothing.
#[test]
fn reasons_are_for_persons_and_quote_nothing() {
    let texts = [
        "secret: [",
        "secret: {a",
        "secret: 'a",
        "secret: \"a",
        "secret: a: b",
        "- secret\nb: 1",
        "secret: *x",
        "secret: !e!x y",
        "secret: @a",
        "secret: `a",
        "secret: %a",
        "secret: ]",
        "secret: \"\\q\"",
        "secret: \"\\x4\"",
        "secret: |2a",
        "secret: !!null x",
        "? [secret]\n",
        "secret: - a",
        "\tsecret: a",
        "secret:\n- a\n b",
        "%YAML 1.1\nsecret: a",
        "secret: &\n",
        "<<: secret",
        "secret: .inf",
    ];
    let nested = "[".repeat(300);
    for text in texts.into_iter().chain([nested.as_str()]) {
        let Err(error) = value(text) else {
            continue;
        };
        let reason = error.reason.to_lowercase();
        for word in [
            "secret",
            "expected struct",
            "budget",
            "from_str",
            "serde",
            "scan",
            "eof",
            "node",
            "scalar",
            "recursion",
            "misplaced",
            "invalid type",
            "internal",
        ] {
            assert!(!reason.contains(word), "{text}: {reason}");
        }
    }
}
