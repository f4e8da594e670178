use super::*;

#[test]
fn all_patterns_compile() {
    assert!(SET.is_some());
}
