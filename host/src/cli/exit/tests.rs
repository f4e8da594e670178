use super::*;

#[test]
fn the_table_has_every_code_once_in_order() {
    let codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, _)| exit.code()).collect();
    assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130]);
    assert!(Exit::table().contains("  4    preflight checks"));
    assert_eq!(
        Exit::from(&RunResult::Failed {
            phase: String::new(),
            message: String::new()
        }),
        Exit::Phase
    );
}
