//! Addresses, networks, ports and URLs are taken and refused as kubeadm does, and kept as they were
//! written where kubeadm keeps them.
use super::*;

/// A field in the documents of `init`, with `VALUE` as its value.
const FIELDS: &[(&str, &str)] = &[
    (
        "advertiseAddress",
        "localAPIEndpoint: {advertiseAddress: VALUE}",
    ),
    ("criSocket", "nodeRegistration: {criSocket: VALUE}"),
    ("name", "nodeRegistration: {name: VALUE}"),
    ("token", "bootstrapTokens: [{token: VALUE}]"),
    ("controlPlaneEndpoint", "controlPlaneEndpoint: VALUE"),
    ("serviceSubnet", "networking: {serviceSubnet: VALUE}"),
    ("podSubnet", "networking: {podSubnet: VALUE}"),
    ("dnsDomain", "networking: {dnsDomain: VALUE}"),
    ("certSANs", "apiServer: {certSANs: [VALUE]}"),
    ("endpoints", "etcd: {external: {endpoints: [VALUE]}}"),
    (
        "tls endpoints",
        "etcd: {external: {endpoints: [VALUE], caFile: /ca.crt}}",
    ),
];

/// Returns documents in which a field has a value.
fn with_value(name: &str, value: &str) -> String {
    let (at, (_, field)) = FIELDS
        .iter()
        .enumerate()
        .find(|(_, (field, _))| *field == name)
        .unwrap();
    let field = field.replace("VALUE", &serde_json::to_string(value).unwrap());
    let init = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n";
    if at < 4 {
        format!("{init}{field}\n---\n{CLUSTER}")
    } else {
        format!("{init}---\n{CLUSTER}{field}\n")
    }
}

/// Fields, and values of them that kubeadm takes.
const TAKEN: &[(&str, &[&str])] = &[
    (
        "advertiseAddress",
        &[
            "203.0.113.5",
            "203.000.0113.05",
            "::ffff:203.0.113.5",
            "2001:db8::00005",
        ],
    ),
    (
        "criSocket",
        &[
            "unix:///run/own.sock",
            "UNIX:///run/own.sock",
            "unix:run/own.sock",
            "unix://run/own.sock",
            "unix:///run/a%20b c",
            "/run/own.sock",
            "own.sock",
        ],
    ),
    ("name", &["worker-7", " Worker-7 ", "7.8"]),
    ("token", &["abcdef.0123456789abcdef"]),
    (
        "controlPlaneEndpoint",
        &[
            "api.example",
            "api.example:07443",
            "api.example:",
            "203.0.113.05:7443",
            "7.8.9",
            "2001:db8::5",
            "2001:db8::5:7443",
            "[2001:db8::5]:7443",
            "[203.0.113.5]:7443",
        ],
    ),
    (
        "serviceSubnet",
        &[
            "172.30.0.0/16",
            "172.030.0.1/016",
            "::ffff:172.30.0.0/112",
            "fd77::/0112",
            "172.30.0.0/16,fd77::/112",
            "::ffff:172.30.0.0/112,fd77::/112",
        ],
    ),
    (
        "podSubnet",
        &["172.16.0.0/16", "172.016.0.0/016", "fd78::/56"],
    ),
    ("dnsDomain", &["own.example", "7"]),
    (
        "certSANs",
        &[
            "Own.Example",
            "*.own.example",
            "203.0.113.05",
            "::ffff:203.000.113.5",
            "7.8.9",
        ],
    ),
    (
        "endpoints",
        &[
            "https://[fe80::5%25eth1]:2379",
            "http://203.0.113.05:2379",
            "https://7.8.9:99999",
            "store:2379",
            "https://a<b",
        ],
    ),
    ("tls endpoints", &["HTTPS://store:2379", "https:store"]),
];

#[test]
fn kubeadm_takes_these_values() {
    for (field, values) in TAKEN {
        for value in *values {
            let text = with_value(field, value);
            if let Err(problems) = check(&text) {
                panic!("{field} {value:?}: {problems}");
            }
        }
    }
}

/// Fields, and values of them that kubeadm refuses.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "advertiseAddress",
        &[
            "203.0.113",
            "203.0.113.5 ",
            "fe80::5%eth1",
            "[2001:db8::5]",
            "2001:db8::fffff",
        ],
    ),
    (
        "criSocket",
        &[
            "unix:///run/%zz",
            "/run/%zz",
            "unix",
            "unixes:///run",
            "unix:///a\nb",
            "unix://a:b/c",
        ],
    ),
    ("name", &["a_b", "-a", "a..b"]),
    ("token", &["", "abcdef", "ABCDEF.0123456789abcdef"]),
    (
        "controlPlaneEndpoint",
        &[
            "api.example:+7443",
            "api.example:0",
            "[2001:db8::5]",
            "Api.Example",
            "https://api",
            ":1",
        ],
    ),
    (
        "serviceSubnet",
        &[
            "172.30.0.0/+16",
            "172.30.0.0",
            "172.30.0.0/29",
            "172.30.0.0/11",
            "::ffff:172.30.0.0/107",
            "172.30.0.0/16,::ffff:172.31.0.0/112",
            "172.30.0.0/16, fd77::/112",
        ],
    ),
    (
        "podSubnet",
        &[
            "172.16.0.0/30",
            "172.16.0.0/25",
            "172.16.0.0/7",
            "::ffff:172.16.0.0/112",
        ],
    ),
    ("dnsDomain", &["Own.example", "own.example.", "own example"]),
    (
        "certSANs",
        &["*.*.example", "own_1", "203.0.113.5/32", "[2001:db8::5]"],
    ),
    (
        "endpoints",
        &[
            " https://store:2379",
            "https://store:2379 ",
            "https://store/%zz",
            "https://store:+1",
            "https://[203.0.113.5]:2379",
            "store",
            "//store:2379",
            "",
        ],
    ),
    ("tls endpoints", &["http://store:2379", "store:2379"]),
];

#[test]
fn kubeadm_refuses_these_values() {
    for (field, values) in REFUSED {
        for value in *values {
            let text = with_value(field, value);
            assert!(check(&text).is_err(), "{field} {value:?}");
            assert!(load(&text).is_err(), "{field} {value:?}");
        }
    }
}

#[test]
fn texts_stay_as_they_were_written_and_addresses_get_their_usual_form() {
    let text = with_value("serviceSubnet", "172.030.0.0/016");
    let config = load(&text).unwrap().config;
    assert_eq!(config.cluster.networking.service_subnet, "172.030.0.0/016");
    assert_eq!(config.run.dns_service_address, "172.30.0.10");
    let config = load(&with_value("advertiseAddress", "203.000.113.05"))
        .unwrap()
        .config;
    assert_eq!(
        config.init.local_api_endpoint.advertise_address,
        "203.0.113.5"
    );
    let config = load(&with_value("advertiseAddress", "::ffff:203.0.113.5"))
        .unwrap()
        .config;
    assert_eq!(
        config.init.local_api_endpoint.advertise_address,
        "203.0.113.5"
    );
    for (endpoint, url) in [
        ("203.0.113.05:07443", "https://203.0.113.05:07443"),
        ("7.8.9", "https://7.8.9:6443"),
        ("::ffff:203.0.113.5", "https://[::ffff:203.0.113.5]:6443"),
    ] {
        let config = load(&with_value("controlPlaneEndpoint", endpoint))
            .unwrap()
            .config;
        assert_eq!(config.run.control_plane_url, url);
    }
}

#[test]
fn a_password_in_a_url_is_not_shown() {
    let problems = check(&with_value("endpoints", "https://me:hunter2@store/%zz")).unwrap_err();
    let text = problems.to_string();
    assert!(
        text.contains("invalid URL escape") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn a_node_without_a_route_has_a_valid_configuration_and_cannot_be_initialised() {
    let node = NodeFacts {
        addresses: Vec::new(),
        default_route_interface_address: None,
        ..NodeFacts::default()
    };
    let (_folder, path) = file(CLUSTER);
    validate(
        Some(&ConfigFile::at(&path)),
        ValidateOptions::default(),
        &node,
    )
    .unwrap();
    let problems = load_init(Some(&ConfigFile::at(&path)), &InitFlags::default(), &node);
    let text = problems.unwrap_err().to_string();
    assert!(
        text.contains("cannot use \"0.0.0.0\" as the bind address"),
        "{text}"
    );
}
