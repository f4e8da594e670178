use super::*;

#[test]
fn counts_addresses_in_both_families() {
    assert_eq!(
        service_address("10.96.0.0/12", 10).unwrap().to_string(),
        "10.96.0.10"
    );
    assert_eq!(
        service_address("fd00:1::/112,10.96.0.0/12", 1)
            .unwrap()
            .to_string(),
        "fd00:1::1"
    );
    assert!(service_address("10.96.0.0/30", 10).is_err());
    assert!(service_address("x", 1).is_err());
}
