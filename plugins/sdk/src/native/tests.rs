//! The list of functions, compared with the interface.
use super::imports::FUNCTIONS;
use std::collections::BTreeSet;

#[test]
fn every_function_of_the_interface_exists_for_native_phases() {
    let mut resolve = wit_parser::Resolve::default();
    resolve
        .push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"))
        .unwrap();
    let mut imports = BTreeSet::new();
    for (_, interface) in resolve
        .interfaces
        .iter()
        .filter(|(_, interface)| interface.name.as_deref() != Some("phase"))
    {
        let name = interface.name.as_deref().unwrap_or_default();
        imports.extend(
            interface
                .functions
                .keys()
                .map(|function| format!("{name}.{function}").replace('-', "_")),
        );
    }
    assert_eq!(
        FUNCTIONS
            .iter()
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>(),
        imports
    );
}
