//! The schema of the documents refuses whatever the program refuses because of its structure.
use super::case::Case;
use crate::workbench::Workbench;
use serde_json::Value;

/// Messages about the structure of a document: a field that does not exist, or a value of a wrong
/// type.
const STRUCTURE: [&str; 4] = ["unknown field", "cannot unmarshal", "time: ", "this is a "];

#[test]
fn the_schema_refuses_wrong_structure() {
    let bench = Workbench::new();
    let schema: Value = serde_json::from_str(&bench.succeed("config schema")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let tables = [
        include_str!("configurations.yaml"),
        include_str!("joins_and_resets.yaml"),
        include_str!("plans.yaml"),
    ];
    let mut refused = Vec::new();
    for case in tables.iter().flat_map(|table| Case::parse_table(table)) {
        let config = case.config();
        if config.is_empty() {
            continue;
        }
        let mut bench = Workbench::new();
        case.prepare(&mut bench);
        let printed = bench.describe(&bench.run(&case.arguments()));
        if !STRUCTURE.iter().any(|words| printed.contains(words)) {
            continue;
        }
        let documents: Vec<Value> = serde_yaml::from_multiple(&config).expect("YAML");
        assert!(
            documents
                .iter()
                .any(|document| !validator.is_valid(document)),
            "the schema accepts {}: {config}\n{printed}",
            case.name
        );
        refused.push(case.name.clone());
    }
    assert!(refused.len() > 10, "only {refused:?}");
}
