//! The configuration of `join`.
use super::*;

#[test]
fn a_port_that_does_not_exist_is_refused_before_the_cluster_is_sought() {
    let flags = JoinFlags {
        endpoint: Some("192.0.2.2:99999".into()),
        token: Some("abcdef.0123456789abcdef".into()),
        discovery_token_unsafe_skip_ca_verification: true,
        ..JoinFlags::default()
    };
    let message = load_join(None, &flags, &NodeFacts::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("port 99999 must be a valid number"),
        "{message}"
    );
}

#[test]
fn the_kubeconfig_of_a_discovery_is_a_file_unless_a_server_has_it() {
    for (given, path) in [
        ("/root/discovery.conf", Some("/root/discovery.conf")),
        ("file:///root/discovery.conf", Some("/root/discovery.conf")),
        ("discovery.conf", Some("discovery.conf")),
        ("https://10.0.0.1/discovery.conf", None),
        ("", None),
    ] {
        let discovery = FileDiscovery {
            kube_config_path: given.into(),
        };
        assert_eq!(discovery.path(), path.map(Path::new), "{given}");
    }
}
