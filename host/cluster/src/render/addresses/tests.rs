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
    assert_eq!(
        service_address("010.96.0.9/012", 1).unwrap().to_string(),
        "10.96.0.1"
    );
    assert!(service_address("10.96.0.0/30", 10).is_err());
    assert!(service_address("x", 1).is_err());
}

#[test]
fn a_certificate_has_the_address_that_a_text_stands_for() {
    let mut config = Config::default();
    config.cluster.networking.service_subnet = "::ffff:10.96.0.0/112".into();
    config.init.local_api_endpoint.advertise_address = "192.000.002.002".into();
    config.cluster.control_plane_endpoint = "192.0.2.09:6443".into();
    config.cluster.api_server.cert_sans = ["::ffff:192.0.2.7", "2001:db8::0000a", "7.8.9"]
        .map(str::to_owned)
        .into();
    let (names, addresses) = apiserver_names(&config).unwrap();
    assert_eq!(
        addresses,
        [
            "10.96.0.1",
            "192.0.2.2",
            "192.0.2.9",
            "192.0.2.7",
            "2001:db8::a"
        ]
    );
    assert_eq!(names.last().unwrap(), "7.8.9");
    config.cluster.control_plane_endpoint = "lb:+6443".into();
    assert!(apiserver_names(&config).is_err());
}
