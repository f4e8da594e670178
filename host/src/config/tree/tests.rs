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

fn key(number: u64) -> Key {
    Key {
        name: format!("key-{number}"),
        line: number,
        column: 1,
    }
}

fn null_node() -> Node {
    Node {
        yaml: Yaml::Scalar(Value::Null),
        line: 1,
        column: 1,
    }
}

/// Comparing every key with every other key would take minutes.
#[test]
fn a_map_of_many_keys_is_searched_in_linear_time() {
    let mut entries: Vec<(Key, Node)> = (1..=200_000)
        .map(|number| (key(number), null_node()))
        .collect();
    entries.push((
        Key {
            line: 200_001,
            ..key(77)
        },
        null_node(),
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
fn a_text_that_is_not_yaml_is_refused_with_its_place() {
    let (reason, place) = parse("a: [1,\n").unwrap_err();
    assert!(reason.contains("bracket") && place.is_some(), "{reason}");
}
