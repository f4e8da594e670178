use super::*;
use serde_json::json;

#[test]
fn every_node_has_its_place() {
    let tree = parse("a: 1\nb:\n  - x\n  - y: 'no'\n    y: 2\n").unwrap();
    assert_eq!(tree.value(), json!({"a": 1, "b": ["x", {"y": 2}]}));
    assert_eq!(tree.find("b[1].y"), (5, 5, 3));
    assert_eq!(tree.find("b[1].z.q"), (4, 5, 2));
    let repeated: Vec<_> = tree
        .repeated()
        .into_iter()
        .map(|(path, key)| (path, key.line))
        .collect();
    assert_eq!(repeated, [("b[1].y".to_owned(), 5)]);
}

/// A comparison of every key with every other takes minutes for as many.
#[test]
fn a_map_of_many_keys_is_looked_through_once() {
    let key = |number: u64| Key {
        name: format!("key-{number}"),
        line: number,
        column: 1,
    };
    let node = || Node {
        yaml: Yaml::Scalar(Value::Null),
        line: 1,
        column: 1,
    };
    let mut entries: Vec<(Key, Node)> = (1..=200_000).map(|number| (key(number), node())).collect();
    entries.push((
        Key {
            line: 200_001,
            ..key(77)
        },
        node(),
    ));
    let tree = Node {
        yaml: Yaml::Map(Entries::new(entries)),
        line: 1,
        column: 1,
    };
    assert!((1..=200_000).all(|number| tree.find(&format!("key-{number}")).2 == 1));
    assert_eq!((tree.find("key-77").0, tree.find("key-0").2), (200_001, 0));
    let repeated: Vec<_> = tree
        .repeated()
        .into_iter()
        .map(|(path, key)| (path, key.line))
        .collect();
    assert_eq!(repeated, [("key-77".to_owned(), 200_001)]);
}

#[test]
fn merged_keys_are_not_repeated_ones() {
    let tree = parse("base: &b {x: 1}\nd:\n  <<: *b\n  x: 2\n").unwrap();
    assert!(tree.repeated().is_empty());
    assert_eq!(tree.value()["d"]["x"], 2);
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    let (what, place) = parse("a: [1,\n").unwrap_err();
    assert!(what.contains("bracket") && place.is_some(), "{what}");
}
